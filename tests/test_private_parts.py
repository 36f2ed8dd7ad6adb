"""The parts of other packages that have no public name: they are there, and can be done without.

A test that fails in the first half says which part a new version has dropped; what stands in its
place then is slower, and is tested in the second half and in ``tests/web/test_other_keys.py``.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import importlib.metadata
import pathlib
import re
import signal
import sys
import threading
import tomllib
import types
import typing as t

import flask
import flask_limiter
import flask_login.config
import gunicorn.config
import gunicorn.workers.base
import pytest
import qrcode
import sqlalchemy as sa
import zxingcpp
from qrcode import base
from qrcode import LUT
from qrcode import util

import flask_qrlogin
from flask_qrlogin.qr import image as qr_image
from flask_qrlogin.qr import symbol as qr_symbol
from flask_qrlogin.stores.models import login_request_model
from flask_qrlogin.stores.row_by_key import RowByKey
from flask_qrlogin.stores.sql import SQLStore
from flask_qrlogin.testing.store_contract import pending
from flask_qrlogin.waiting import server

from .qr.test_image import login_url
from .qr.test_image import rastered


@dataclasses.dataclass(frozen=True)
class PrivatePart:
    """``needed_for`` says what becomes slower without it."""

    package: str
    name: str
    needed_for: str
    is_there: c.Callable[[], bool]

    def __str__(self) -> str:
        return f"{self.package}: {self.name}"


def _limiter() -> flask_limiter.Limiter:
    return flask_limiter.Limiter(lambda: "", app=flask.Flask("host"), storage_uri="memory://")


def _what_sigterm_reaches(monkeypatch: pytest.MonkeyPatch) -> t.Any:
    """Return the handler of a worker of gunicorn's, without setting it."""
    handlers: dict[int, t.Any] = {}
    monkeypatch.setattr(signal, "signal", handlers.__setitem__)
    monkeypatch.setattr(signal, "siginterrupt", lambda *rest: None)
    monkeypatch.setattr(signal, "set_wakeup_fd", lambda *rest: None)
    worker = object.__new__(gunicorn.workers.base.Worker)
    worker.PIPE = (0, 0)
    worker.cfg = gunicorn.config.Config()
    worker.init_signals()
    return handlers[signal.SIGTERM]


PARTS = [
    PrivatePart(
        "qrcode",
        "base.rs_blocks, base.glog, base.gexp, LUT.rsPoly_LUT",
        "the words of a QR code",
        lambda: bool(base.rs_blocks(5, 0) and base.gexp(base.glog(2)) == 2 and LUT.rsPoly_LUT[26]),
    ),
    PrivatePart(
        "qrcode",
        "util.BIT_LIMIT_TABLE, util.length_in_bits, util.PAD0, util.PAD1",
        "the size of a QR code",
        lambda: bool(
            util.BIT_LIMIT_TABLE[0][40] == 18672
            and util.length_in_bits(util.MODE_8BIT_BYTE, 40) == 16
            and (util.PAD0, util.PAD1) == (0xEC, 0x11)
        ),
    ),
    PrivatePart(
        "qrcode",
        "QRCode.data_cache, QRCode.makeImpl",
        "the places of a QR code's modules",
        lambda: hasattr(qrcode.QRCode(), "data_cache") and callable(qrcode.QRCode.makeImpl),
    ),
    PrivatePart(
        "flask-login",
        "_user_id, _fresh, _id and _remember in the session",
        "who is logged in, before a user is loaded",
        lambda: {"_user_id", "_fresh", "_id", "_remember"} <= flask_login.config.SESSION_KEYS,
    ),
    PrivatePart(
        "sqlalchemy",
        "Engine.dispatch",
        "reading one row past SQLAlchemy",
        lambda: len(sa.create_engine("sqlite://").dispatch.engine_connect) == 0,
    ),
    PrivatePart(
        "flask-limiter",
        "Limiter.limit_manager.exemption_scope",
        "what the host has exempted",
        lambda: not _limiter().limit_manager.exemption_scope(flask.Flask("host"), None, None),
    ),
]


@pytest.mark.parametrize("part", PARTS, ids=str)
def test_the_part_is_there(part: PrivatePart) -> None:
    version = importlib.metadata.version(part.package)
    lost = f"{part.package} {version} has not {part.name}: it was used for {part.needed_for}."
    try:
        assert part.is_there(), lost
    except (AttributeError, LookupError, TypeError) as error:
        pytest.fail(f"{lost} {error!r}")


def test_python_tells_threads_that_it_has_not_begun() -> None:
    assert hasattr(threading, "_DummyThread"), "It was used for holding polls under gevent."


def test_the_worker_of_gunicorn_handles_its_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        handler = _what_sigterm_reaches(patch)
    lost = "It was used for how many connections a worker takes."
    assert handler.__self__.cfg.worker_connections == 1000, lost


def test_exactly_the_packages_with_such_parts_have_upper_bounds() -> None:
    project = tomllib.loads(
        pathlib.Path(__file__).parents[1].joinpath("pyproject.toml").read_text()
    )
    wanted = project["project"]["dependencies"]
    for extra in project["project"]["optional-dependencies"].values():
        wanted += extra
    bounded = {re.split(r"[\[<>=]", each)[0] for each in wanted if "<" in each}
    assert bounded == {part.package for part in PARTS}


# Without the part


@pytest.fixture
def forgotten() -> c.Iterator[None]:
    """Nothing is known of qrcode yet, nor kept for the next test."""
    kept = (qr_image._fast_way, qr_symbol._picker, qr_symbol._generator_multiples)
    for each in kept:
        each.cache_clear()
    yield
    for each in kept:
        each.cache_clear()


def other(module: types.ModuleType, **changed: t.Any) -> types.SimpleNamespace:
    return types.SimpleNamespace(**vars(module) | changed)


def missing(*rest: object) -> t.NoReturn:
    raise AttributeError("It is gone.")


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize(
    "changed",
    [
        {"base": other(base, rs_blocks=missing)},
        {"base": other(base, glog=missing)},
        {"LUT": types.SimpleNamespace()},
        {"util": types.SimpleNamespace()},
        {"util": other(util, length_in_bits=lambda mode, version: 16)},
        {"util": other(util, PAD0=0)},
        {"qrcode": types.SimpleNamespace(QRCode=missing)},
        None,
    ],
    ids=["blocks", "logarithms", "polynomials", "tables", "length", "padding", "places", "module"],
)
@pytest.mark.parametrize("gap", [False, True])
def test_a_code_is_drawn_by_what_qrcode_documents(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    changed: dict[str, t.Any] | None,
    gap: bool,
) -> None:
    url = login_url(1)
    expected = qr_image.modules(url, level="H", gap=gap)
    assert qr_image._fast_way() is not None
    for each in (qr_image._fast_way, qr_symbol._picker, qr_symbol._generator_multiples):
        each.cache_clear()
    if changed is None:
        monkeypatch.delattr(flask_qrlogin.qr, "symbol")
        monkeypatch.setitem(sys.modules, "flask_qrlogin.qr.symbol", None)
    for name, value in (changed or {}).items():
        monkeypatch.setattr(qr_symbol, name, value)
    assert qr_image.modules(url, level="H", gap=gap) == expected
    assert caplog.messages == [
        "This version of qrcode has other inner parts: QR codes are drawn slowly."
    ]


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize("text", ["x", "0123456789", "HTTPS://EXAMPLE.COM/", "Grüße", "é" * 600])
def test_any_text_is_read_back_from_such_a_code(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr(qr_symbol, "util", types.SimpleNamespace())
    (code,) = zxingcpp.read_barcodes(rastered(qr_image.svg(text)))
    assert bytes(code.bytes).decode() == text


class WithoutDispatch:
    """An engine of an SQLAlchemy that tells nobody which listeners there are."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def __getattr__(self, name: str) -> t.Any:
        if name == "dispatch":
            raise AttributeError(name)
        return getattr(self._engine, name)


def test_a_row_is_read_by_sqlalchemy(tmp_path: pathlib.Path) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/host.sqlite3")
    model, request = login_request_model(sa.MetaData()), pending()
    SQLStore(engine, model).create_table()
    statements: list[object] = []
    sa.event.listen(engine, "before_cursor_execute", lambda *rest: statements.append(rest))
    hidden = t.cast(sa.Engine, WithoutDispatch(engine))
    assert not RowByKey.serves(hidden)
    store = SQLStore(hidden, model)
    store.add(request)
    statements.clear()
    assert store.get(request.id) == request
    assert len(statements) == 1
    engine.dispose()


def test_no_poll_is_held_where_a_greenlet_of_the_server_cannot_be_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkey = types.SimpleNamespace(is_module_patched=lambda name: name == "threading")
    monkeypatch.setitem(sys.modules, "gevent.monkey", t.cast(types.ModuleType, monkey))
    monkeypatch.delattr(threading, "_DummyThread")
    environ = {"gunicorn.socket": None, "SERVER_PROTOCOL": "HTTP/1.1", "wsgi.multithread": True}
    assert server.places(environ, None) == 0
    assert server.places(environ, 7) == 7
    assert server.places(environ | {"wsgi.multithread": False}, 7) == 0
