"""What the documentation says by hand is what the code does; the rest is written by the code."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import pathlib
import re
import typing as t
from datetime import timedelta

import flask
import flask_login
import pytest

from flask_qrlogin import QRLogin
from flask_qrlogin import RiskSignals
from flask_qrlogin.config import budgets
from flask_qrlogin.config.settings import Settings
from flask_qrlogin.hooks import Hooks
from flask_qrlogin.testing import FakeApp
from flask_qrlogin.testing import FakeBrowser

from . import pages

PACKAGE = pages.ROOT / "flask_qrlogin"
NATIVE = sorted(path for path in (pages.DOCS / "guides/native").iterdir() if path.suffix != ".pyc")
SAMPLES = [path for path in NATIVE if path.is_file() and path.name != "tokens.py"]


def read(page: str) -> str:
    return (pages.DOCS / page).read_text()


class Ann(flask_login.UserMixin):  # type: ignore[misc]
    id = "7"
    name = "Ann"


@pytest.fixture
def host(tmp_path: pathlib.Path) -> flask.Flask:
    host = flask.Flask("host", instance_path=str(tmp_path), root_path=str(tmp_path))
    host.config.update(TESTING=True, SECRET_KEY="key")
    login_manager = flask_login.LoginManager(host)
    login_manager.user_loader(lambda id: Ann())
    login_manager.request_loader(lambda request: Ann())
    QRLogin(host)
    return host


def test_every_budget_stands_in_the_limits_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", read("reference/limits.md"), re.MULTILINE)
    assert rows == list(budgets.DEFAULTS.items())


def test_every_warning_stands_in_the_guide() -> None:
    everything = RiskSignals(
        same_network=False,
        same_country=False,
        known_address=False,
        age=timedelta(hours=1),
        waiting_in_network=1000,
        contested=True,
        user_code=True,
    )
    guide = read("guides/confirmation.md")
    table = guide.partition("| warning |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(everything.warnings)
    for field in dataclasses.fields(RiskSignals):
        assert f"`{field.name}`" in guide


def test_every_dom_event_stands_in_the_reference() -> None:
    panel = (PACKAGE / "templates/qrlogin/_panel.html").read_text()
    shown = {
        state for states in re.findall(r'data-state="([^"]+)"', panel) for state in states.split()
    }
    section = read("reference/element.md").partition("## Events")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `([a-z]+)` \|", section, re.MULTILINE)) == shown


def test_every_attribute_that_the_script_knows_stands_in_the_reference() -> None:
    script = (PACKAGE / "static/qrlogin/element.js").read_text()
    page = read("reference/element.md")
    for name in re.findall(r"\[(data-[a-z-]+)", script):
        assert f"`{name}" in page, name


def test_every_css_property_stands_in_the_reference_with_its_default() -> None:
    sheets = [PACKAGE / "static/qrlogin" / f"{name}.css" for name in ("qrlogin", "pages")]
    style = re.sub(r"/\*.*?\*/", "", "".join(map(pathlib.Path.read_text, sheets)), flags=re.DOTALL)
    page = read("reference/templates.md")
    rows = dict(re.findall(r"^\| `(--qrlogin-[\w-]+)` \|.*\| (.+) \|$", page, re.MULTILINE))
    assert set(re.findall(r"--qrlogin-[\w-]+", style)) == rows.keys()
    for name, value in re.findall(r"(--qrlogin-[\w-]+): ([^;]+);", style):
        for each in re.findall(r"#\w+", value) or [value]:
            assert f"`{each}`" in rows[name], name


def test_it_is_said_of_every_block_what_it_holds() -> None:
    page = read("reference/templates.md")
    table = page.partition("| block | stands in |")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    templates = (PACKAGE / "templates/qrlogin").glob("*.html")
    blocks = re.findall(r"{%-? block (\w+)", "".join(map(pathlib.Path.read_text, templates)))
    assert sorted(re.findall(r"`(\w+)`", " ".join(cells))) == sorted(set(blocks))


def test_every_path_stands_in_the_reference(host: flask.Flask) -> None:
    page = read("reference/http.md")
    for rule in host.url_map.iter_rules():
        blueprint, _, view = rule.endpoint.partition(".")
        if not blueprint.startswith("qrlogin") or view in ("static", "back"):
            continue
        path = re.sub(r"<(\w+)>", lambda name: name[1].upper(), rule.rule.removeprefix("/qrlogin"))
        # A row may go on with the last part of another path: `/s/TOKEN/scan`, `/approve`.
        last = path[path.rindex("/") :]
        assert re.search(rf" {re.escape(path)}`|`{re.escape(path)}`|`{re.escape(last)}`", page), (
            path
        )


def test_every_field_of_the_openapi_document_stands_in_the_reference(host: flask.Flask) -> None:
    page = read("reference/http.md")
    for name in fields_in(host.test_client().get("/qrlogin/openapi.json").json):
        assert re.search(rf"\b{name}\b", page), name


def fields_in(schema: t.Any) -> c.Iterator[str]:
    """Yield the names of all properties in a document."""
    if isinstance(schema, dict):
        yield from schema.get("properties", ())
        schema = list(schema.values())
    for part in schema if isinstance(schema, list) else ():
        yield from fields_in(part)


def test_every_key_and_hook_that_a_page_names_is_there() -> None:
    keys = {f"QRLOGIN_{field.name.upper()}" for field in dataclasses.fields(Settings)}
    hooks = {field.name for field in dataclasses.fields(Hooks)}
    for page in pages.PAGES:
        text = page.read_text().partition("### Names")[0]  # Which are none any more.
        assert set(re.findall(r"`(QRLOGIN_[A-Z]+(?:_[A-Z]+)*)", text)) <= keys, page
        assert set(re.findall(r"^@qrlogin\.(\w+)$", text, re.MULTILINE)) <= hooks, page


def test_every_language_stands_in_the_guide() -> None:
    shipped = {path.stem for path in (PACKAGE / "translations").glob("*.po")}
    section = read("guides/wording.md").partition("## Another language")[2].partition("```")[0]
    assert set(re.findall(r"\(`(\w+)`\)", section)) == shipped


def test_every_part_that_is_named_is_there() -> None:
    page = read("contributing/architecture.md")
    named = re.findall(r"`([\w/]+(?:\.py|/))(?:::(\w+))?`", page)
    assert len(named) > 40
    for name, part in named:
        file = (PACKAGE.parent if name.startswith("tests/") else PACKAGE) / name
        assert file.exists(), name
        assert f"def {part}(" in file.read_text() if part else True, part
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir()} - {"__pycache__"}
    assert rooms <= set(re.findall(r"`(\w+)/", page)) | {"static"}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: path.name)
def test_a_native_sample_speaks_the_contract(sample: pathlib.Path, host: flask.Flask) -> None:
    text = sample.read_text()
    paths = {rule.rule for rule in host.url_map.iter_rules()}
    named = set(re.findall(r"/qrlogin/api/\w+", text))
    assert named == {f"/qrlogin/api/{each}" for each in ("code", "scan", "approve", "deny")}
    assert named <= paths
    browser, app = FakeBrowser(host), FakeApp(host, authorization="Bearer Ann")
    answer = app.scan(browser.show_code())
    for field in ("site", "asking", "warnings", "confirmation", "choices", "confirm_token"):
        assert field in answer
        assert field in text, field
    # What it takes out of an answer is there.
    taken = re.findall(r"(?:getString|getJSONArray|getJSONObject)\(\"(\w+)\"\)", text)
    taken += re.findall(r"answer\['(\w+)'\]", text) + re.findall(
        r"scanned\[[\"'](\w+)[\"']\]", text
    )
    interface = text.partition("interface Scanned {")[2].partition("}\n")[0]
    taken += re.findall(r"^  (\w+):", interface, re.MULTILINE)
    assert set(taken) <= {*answer, "token", "code", "title", "detail"}
    asked = re.findall(r"asking\[[\"'](\w+)[\"']\]", text)
    assert set(asked) <= answer["asking"].keys()
