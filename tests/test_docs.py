"""The documentation says what the code does."""

from __future__ import annotations

import dataclasses
import pathlib
import re
import runpy
import types
from datetime import timedelta

import pytest

from flask_qrlogin import errors
from flask_qrlogin import QRLogin
from flask_qrlogin import signals
from flask_qrlogin.config import Settings
from flask_qrlogin.hooks import Hooks

ROOT = pathlib.Path(__file__).parents[1]
REFERENCE = (ROOT / "docs/reference.md").read_text()


def written(value: object) -> str:
    """Write a default as the table does."""
    if value is None:
        return "none"
    if isinstance(value, timedelta):
        return str(int(value.total_seconds()))
    return f"`{value}`" if isinstance(value, str) else str(value)


def test_the_state_diagram_is_the_table() -> None:
    diagram = runpy.run_path(str(ROOT / "docs/state_diagram.py"))["diagram"]()
    assert f"```mermaid\n{diagram}\n```" in (ROOT / "docs/how-it-works.md").read_text()


def test_every_key_stands_in_the_reference_with_its_default() -> None:
    rows = re.findall(r"^\| `(QRLOGIN_\w+)` \| (.+?) \|", REFERENCE, re.MULTILINE)
    assert rows == [
        (f"QRLOGIN_{field.name.upper()}", written(field.default))
        for field in dataclasses.fields(Settings)
    ]


def test_every_error_code_stands_in_the_reference_with_its_status() -> None:
    rows = re.findall(r"^\| `([a-z_]+)` \| (\d{3}) \|", REFERENCE, re.MULTILINE)
    assert rows == [(c.code, str(c.status)) for c in errors.Refusal.__subclasses__()]


def test_every_hook_and_signal_stands_in_the_reference() -> None:
    for field in dataclasses.fields(Hooks):
        assert f"| `{field.name}(" in REFERENCE
    for name in signals.BY_STATE.values():
        assert f"`{name.name.replace('-', '_')}`" in REFERENCE


def test_every_dom_event_stands_in_the_reference() -> None:
    panel = (ROOT / "flask_qrlogin/templates/qrlogin/_panel.html").read_text()
    shown = {
        state for states in re.findall(r'data-state="([^"]+)"', panel) for state in states.split()
    }
    section = REFERENCE.partition("## The element")[2].partition("## HTTP")[0]
    assert shown == set(re.findall(r"`([a-z]+)`", section))


@pytest.mark.parametrize(
    "page", sorted(ROOT.glob("*.md")) + sorted(ROOT.glob("docs/*.md")), ids=lambda p: p.name
)
def test_every_link_within_the_repository_leads_somewhere(page: pathlib.Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_every_block_and_css_property_stands_in_the_reference() -> None:
    package = ROOT / "flask_qrlogin"
    for path in sorted((package / "templates/qrlogin").glob("*.html")):
        for block in re.findall(r"{% block (\w+)", path.read_text()):
            assert f"`{block}`" in REFERENCE, (path.name, block)
    style = (package / "static/qrlogin/qrlogin.css").read_text()
    for name in re.findall(r"^\s+(--qrlogin-[\w-]+):", style, re.MULTILINE):
        assert f"`{name}`" in REFERENCE


def test_the_python_of_the_reference_runs() -> None:
    qrlogin = QRLogin()
    names = {"qrlogin": qrlogin, "request_redeemed": signals.request_redeemed}
    for block in re.findall(r"```python\n(.*?)```", REFERENCE, re.DOTALL):
        exec(block, names)
    user = types.SimpleNamespace(locked=True)
    assert qrlogin.hooks.may_approve(user, None) == "This account is locked."  # type: ignore[arg-type]
    assert list(signals.request_redeemed.receivers_for(None)) == [names["note_login"]]
