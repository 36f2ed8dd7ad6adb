"""Every public name is typed here, and says in an editor what it is for."""

from __future__ import annotations

import collections.abc as c
import inspect
import pathlib
import re
import types
import typing as t

import pytest

import flask_qrlogin
from flask_qrlogin import QRLogin
from flask_qrlogin import testing
from flask_qrlogin.hooks import Hooks

HERE = pathlib.Path(__file__).parent
TYPED = "".join((HERE / name).read_text() for name in ("hooks.py", "public_api.py"))


def public_of(module: types.ModuleType) -> c.Iterator[tuple[str, t.Any]]:
    for name, value in vars(module).items():
        if is_ours(value) and not name.startswith("_"):
            yield name, value


def is_ours(value: object) -> bool:
    return str(getattr(value, "__module__", None)).startswith("flask_qrlogin")


PUBLIC = dict([*public_of(flask_qrlogin), *public_of(testing)])


def test_there_are_as_many_as_the_reference_lists() -> None:
    assert {"QRLogin", "QRStyle", "end_qr_logins", "FakeBrowser", "Refused"} <= PUBLIC.keys()


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_typed(name: str) -> None:
    assert len(re.findall(rf"\b{name}\b", TYPED)) >= 2, "It is imported at most."


@pytest.mark.parametrize("name", Hooks.__slots__)
def test_a_hook_is_typed_rightly_and_wrongly(name: str) -> None:
    uses = re.findall(rf"^@qrlogin\.{name}(.*)$", TYPED, re.MULTILINE)
    assert uses == ["", "  # type: ignore[type-var]"]


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_has_help(name: str) -> None:
    value = PUBLIC[name]
    assert re.match(r"[A-Z].*?[.:]", str(inspect.getdoc(value)), re.DOTALL)
    if inspect.isclass(value):
        for method, function in inspect.getmembers(value):
            ours = is_ours(function) or isinstance(function, property)
            if ours and not method.startswith("_"):
                assert inspect.getdoc(function), f"{name}.{method}"


def test_each_argument_of_the_extension_has_help() -> None:
    text = str(inspect.getdoc(QRLogin))
    for name in list(inspect.signature(QRLogin).parameters):
        assert re.search(rf"^    {name}: [A-Z].*\.", text, re.MULTILINE), name
