"""Every public name is typed here, and says in an editor what it is for."""

from __future__ import annotations

import collections.abc as c
import inspect
import pathlib
import re
import types
import typing as t

import flask_qrlogin
from flask_qrlogin import QRLogin
from flask_qrlogin import testing
from flask_qrlogin.hooks import Hooks

HERE = pathlib.Path(__file__).parent
TYPED = "".join((HERE / name).read_text() for name in ("hooks.py", "public_api.py"))


def public_of(module: types.ModuleType) -> c.Iterator[tuple[str, t.Any]]:
    for name in dir(module):
        value = getattr(module, name)
        if is_ours(value) and not name.startswith("_"):
            yield name, value


def is_ours(value: object) -> bool:
    return str(getattr(value, "__module__", None)).startswith("flask_qrlogin")


PUBLIC = dict([*public_of(flask_qrlogin), *public_of(testing)])


def test_there_are_as_many_as_the_reference_lists() -> None:
    assert {"QRLogin", "QRStyle", "end_qr_logins", "FakeBrowser", "Refused"} <= PUBLIC.keys()


def test_every_public_name_is_typed() -> None:
    # Twice: once it is imported.
    assert [name for name in PUBLIC if len(re.findall(rf"\b{name}\b", TYPED)) < 2] == []


def test_every_hook_is_typed_rightly_and_wrongly() -> None:
    found = {name: ["", "  # type: ignore[type-var]"] for name in Hooks.__slots__}
    uses = {name: re.findall(rf"^@qrlogin\.{name}(.*)$", TYPED, re.MULTILINE) for name in found}
    assert uses == found


def test_every_public_name_has_help() -> None:
    named = dict(PUBLIC)
    for name, value in PUBLIC.items():
        for method, function in inspect.getmembers(value) if inspect.isclass(value) else ():
            ours = is_ours(function) or isinstance(function, property)
            if ours and not method.startswith("_"):
                named[f"{name}.{method}"] = function
    helped = {name: str(inspect.getdoc(value) or "") for name, value in named.items()}
    assert [name for name, text in helped.items() if not text] == []
    first = re.compile(r"[A-Z].*?[.:]", re.DOTALL)
    assert [name for name in PUBLIC if not first.match(helped[name])] == []


def test_each_argument_of_the_extension_has_help() -> None:
    text = str(inspect.getdoc(QRLogin))
    for name in list(inspect.signature(QRLogin).parameters):
        assert re.search(rf"^    {name}: [A-Z].*\.", text, re.MULTILINE), name
