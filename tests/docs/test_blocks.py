"""Every block of Python in the README and the documentation runs, in an app as a reader has it."""

from __future__ import annotations

import json
import os
import pathlib
import re
import sys
import types
import typing as t

import flask
import pytest
from flask_login import LoginManager
from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy

from flask_qrlogin import QRLogin
from flask_qrlogin.cli import group

from . import pages

#: The programs that the pages may call, besides those of Flask and make, which are looked up.
PROGRAMS = {"cd", "mkdir", "python", "python3", "pip", ".", "docker", "granian", "curl", "git"}


@pytest.fixture
def reader(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, t.Any]:
    """What the blocks of a page find: an app with Flask-Login, Flask-SQLAlchemy and QR login."""
    monkeypatch.chdir(tmp_path)
    # A hidden block may set more of it.
    monkeypatch.setattr(os, "environ", os.environ.copy())
    app = flask.Flask("reader", instance_path=str(tmp_path / "instance"), root_path=str(tmp_path))
    app.config.update(
        TESTING=True, SECRET_KEY="key", SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path}/app.sqlite3"
    )
    db = SQLAlchemy(app)

    class User(UserMixin, db.Model):  # type: ignore[misc, name-defined]
        id = db.Column(db.Integer, primary_key=True)
        name = db.Column(db.String(80))

    login_manager = LoginManager(app)
    login_manager.user_loader(lambda id: db.session.get(User, int(id)))
    # SQLAlchemy looks into the module of a class for what its annotations mean.
    module = types.ModuleType("reader")
    monkeypatch.setitem(sys.modules, "reader", module)
    vars(module).update(app=app, db=db, login_manager=login_manager, User=User)
    vars(module).update(qrlogin=QRLogin(app))
    return vars(module)


@pytest.mark.parametrize(
    "page",
    [page for page in pages.PAGES if any(pages.blocks(page, "python", "setup"))],
    ids=pages.name,
)
def test_the_python_runs(page: pathlib.Path, reader: dict[str, t.Any]) -> None:
    for block in pages.blocks(page, "python", "setup"):
        exec(compile(block, str(page), "exec"), reader)


def test_the_json_can_be_read() -> None:
    for page in pages.PAGES:
        for block in pages.blocks(page, "json"):
            json.loads(block)


def test_the_commands_exist() -> None:
    makefile = (pages.ROOT / "Makefile").read_text()
    programs = PROGRAMS | {"flask"}
    programs |= {f"make {target}" for target in re.findall(r"^([\w-]+):", makefile, re.MULTILINE)}
    unknown = [
        (pages.name(page), line)
        for page in pages.PAGES
        for block in pages.blocks(page, "sh")
        for line in block.split("\n")
        if (words := [word for word in line.split() if not re.match(r"#|[A-Z_]+=", word)])
        and " ".join(words[: 2 if words[0] == "make" else 1]) not in programs
    ]
    assert unknown == []
    for page in pages.PAGES:
        text = page.read_text().partition("### Names")[0]  # Which are none any more.
        assert {*re.findall(r"`flask qrlogin ([a-z][\w-]*)", text)} <= {*group.commands}


def test_no_block_is_left_out() -> None:
    for page in pages.PAGES:
        fences = re.findall(r"^ *```(.*)$", page.read_text(), re.MULTILINE)
        assert len(fences) % 2 == 0, page
        assert all(fences[::2]), f"A block of {page} names no language: nothing would run it."
        assert {"py", "bash", "console", "shell", "pycon"}.isdisjoint(fences), page


def test_every_link_within_the_repository_leads_somewhere() -> None:
    broken = []
    for page in pages.PAGES:
        text = re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
        targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", text)
        broken += [(page, target) for target in targets if not (page.parent / target).exists()]
    assert broken == []
