"""What is known of the server that runs us, by parts that a test plays."""

from __future__ import annotations

import _thread
import collections.abc as c
import contextlib
import gc
import os
import resource
import select
import signal
import socket
import sys
import threading
import types
import typing as t
from unittest import mock

import flask
import pytest

from flask_qrlogin import QRLogin
from flask_qrlogin import release_waiting
from flask_qrlogin.stores.memory import MemoryStore
from flask_qrlogin.waiting import server
from flask_qrlogin.waiting.hang_up import HangUps

from .stand_ins import PATIENCE

THREADS = {"wsgi.multithread": True}
WERKZEUG = THREADS | {"werkzeug.socket": None}
GUNICORN = THREADS | {"gunicorn.socket": None, "SERVER_PROTOCOL": "HTTP/1.1"}
#: Of one connection, it answers one request after the other.
HTTP2 = GUNICORN | {"SERVER_PROTOCOL": "HTTP/2.0"}


@pytest.mark.parametrize(
    ("environ", "wanted", "places"),
    [
        (THREADS, None, 0),
        (THREADS, 7, 7),
        (WERKZEUG, None, 20),
        (WERKZEUG, 0, 0),
        (WERKZEUG | {"wsgi.multithread": False}, None, 0),
        ({"wsgi.multithread": False}, 7, 0),
        (GUNICORN, None, 0),
        (GUNICORN, 7, 7),
        (HTTP2, 7, 0),
    ],
)
def test_places_without_gevent(environ: dict[str, t.Any], wanted: int | None, places: int) -> None:
    assert server.places(environ, wanted) == places


@pytest.fixture
def gevent(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have gevent patched the threads."""
    monkey = types.SimpleNamespace(is_module_patched=lambda name: name == "threading")
    monkeypatch.setitem(sys.modules, "gevent.monkey", t.cast(types.ModuleType, monkey))


def in_greenlet(environ: dict[str, t.Any], wanted: int | None = None) -> int:
    """Ask as a greenlet of the server does: it is none that a Thread object has begun."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(threading, "_DummyThread", type(threading.current_thread()))
        return server.places(environ, wanted)


def test_places_under_gevent(gevent: None, monkeypatch: pytest.MonkeyPatch) -> None:
    environ = {"wsgi.multithread": False}
    monkeypatch.setattr(resource, "getrlimit", lambda which: (resource.RLIM_INFINITY,) * 2)
    assert in_greenlet(environ) == 5000
    assert in_greenlet(environ, 7) == 7
    monkeypatch.setattr(resource, "getrlimit", lambda which: (1024, 4096))
    assert in_greenlet(environ) == 512
    monkeypatch.setitem(sys.modules, "resource", None)
    assert in_greenlet(environ) == 5000
    # A thread of a pool, though gevent has made it a greenlet; and a server with few of them.
    assert server.places(environ, None) == 0
    assert in_greenlet(environ | {"uwsgi.version": "2"}) == 0
    # Its worker is not to be seen here: as many as it takes unless it is told otherwise.
    assert in_greenlet(GUNICORN) == 500
    assert in_greenlet(HTTP2) == in_greenlet(HTTP2, 7) == 0


class Worker:
    """A worker of gunicorn's, as far as it is seen."""

    cfg = types.SimpleNamespace(worker_connections=20)

    def __init__(self) -> None:
        self.told = 0

    def handle_exit(self, number: int, frame: types.FrameType | None) -> None:
        self.told += 1


@pytest.fixture
def worker() -> c.Iterator[Worker]:
    """A worker that has set its handler."""
    worker = Worker()
    before = signal.signal(signal.SIGTERM, worker.handle_exit)
    yield worker
    signal.signal(signal.SIGTERM, before)


def make_app() -> flask.Flask:
    app = flask.Flask("host")
    QRLogin(app, store=MemoryStore())
    return app


def test_a_worker_of_gunicorn_says_how_many_connections_it_takes(
    gevent: None, worker: Worker
) -> None:
    assert in_greenlet({"wsgi.multithread": True}) == 10
    apps = make_app(), make_app()
    assert in_greenlet({"wsgi.multithread": True}) == 10
    assert len(apps) == 2


def test_sigterm_releases_who_waits_in_each_app_and_reaches_the_server(worker: Worker) -> None:
    waiters = []
    apps = make_app(), make_app()
    for app in apps:
        with app.app_context():
            room = app.extensions["qrlogin"].waiting
        waiters.append(room.enter("a", since=1, seconds=PATIENCE, places=1))
    signal.raise_signal(signal.SIGTERM)
    assert worker.told == 1
    assert all(waiter._changed.wait(PATIENCE) for waiter in waiters)


def test_sigterm_reaches_the_server_of_an_app_that_is_gone(worker: Worker) -> None:
    release_waiting(make_app())
    signal.raise_signal(signal.SIGTERM)
    assert worker.told == 1


def test_sigterm_reaches_the_server_though_no_thread_can_start(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app()

    def refuse(*args: object) -> t.NoReturn:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(_thread, "start_new_thread", refuse)
    with pytest.raises(RuntimeError):
        signal.raise_signal(signal.SIGTERM)
    assert worker.told == 1
    del app


def test_apps_that_are_gone_leave_no_chain_of_handlers(worker: Worker) -> None:
    for _ in range(10):
        make_app()
    gc.collect()
    app = make_app()
    handler = signal.getsignal(signal.SIGTERM)
    assert isinstance(handler, server._Release)
    assert handler.server_handler == worker.handle_exit
    del app


def test_an_app_that_a_thread_loads_changes_no_handler(worker: Worker) -> None:
    thread = threading.Thread(target=make_app)
    thread.start()
    thread.join()
    assert signal.getsignal(signal.SIGTERM) == worker.handle_exit


@pytest.fixture
def ends() -> c.Iterator[tuple[socket.socket, socket.socket]]:
    server_end, client_end = socket.socketpair()
    with server_end, client_end:
        yield server_end, client_end


@pytest.mark.parametrize("name", ["gunicorn.socket", "gunicorn.sock", "werkzeug.socket"])
def test_a_connection_that_ends_is_noticed(
    ends: tuple[socket.socket, socket.socket], name: str
) -> None:
    hung_up = threading.Event()
    with HangUps().watch({name: ends[0]}, hung_up.set):
        ends[1].close()
        assert hung_up.wait(PATIENCE)


def test_of_two_requests_over_one_connection_the_first_is_watched(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    hang_ups = HangUps()
    environ = {"werkzeug.socket": ends[0]}
    first, second = threading.Event(), threading.Event()
    with hang_ups.watch(environ, first.set), hang_ups.watch(environ, second.set):
        ends[1].close()
        assert first.wait(PATIENCE)
        assert not second.is_set()


class Slow:
    """An epoll object that is told of an event before it has returned from ``register``."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._taken = threading.Event()
        self.fileno = self._epoll.fileno
        self.unregister = self._epoll.unregister

    def register(self, file: int, events: int) -> None:
        self._epoll.register(file, events)
        self._taken.wait(0.2)

    def poll(self, seconds: float) -> list[tuple[int, int]]:
        found = self._epoll.poll(seconds)
        self._taken.set()
        return found


def test_a_connection_that_has_ended_before_is_noticed_too(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_qrlogin.waiting.hang_up._epoll", Slow)
    ends[1].close()
    hung_up = threading.Event()
    with HangUps().watch({"werkzeug.socket": ends[0]}, hung_up.set):
        assert hung_up.wait(1)


@pytest.mark.parametrize("closes", [False, True])
def test_a_connection_that_cannot_be_watched_leaves_nothing(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch, closes: bool
) -> None:
    hang_ups = HangUps()
    environ = {"werkzeug.socket": ends[0]}
    with monkeypatch.context() as patch:
        if closes:
            ends[0].close()  # Its number is now -1.
        else:
            full = types.SimpleNamespace(register=mock.Mock(side_effect=OSError("no space")))
            patch.setattr(hang_ups, "_epoll", full)
        with hang_ups.watch(environ, lambda: None):
            assert hang_ups._callbacks == {}
    assert hang_ups._callbacks == {}
    if not closes:
        hung_up = threading.Event()
        with hang_ups.watch(environ, hung_up.set):
            ends[1].close()
            assert hung_up.wait(PATIENCE)


def test_where_no_thread_can_start_polls_are_not_watched_until_it_can(
    ends: tuple[socket.socket, socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    hang_ups = HangUps()
    hung_up = threading.Event()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", mock.Mock(side_effect=RuntimeError))
        with hang_ups.watch({"werkzeug.socket": ends[0]}, hung_up.set):
            assert hang_ups._callbacks == {}
    with hang_ups.watch({"werkzeug.socket": ends[0]}, hung_up.set):
        ends[1].close()
        assert hung_up.wait(PATIENCE)


def test_a_connection_that_the_server_closes_meanwhile_leaves_nothing(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    hang_ups = HangUps()
    with hang_ups.watch({"werkzeug.socket": ends[0]}, lambda: None):
        ends[0].close()
    assert hang_ups._callbacks == {}


def test_a_connection_that_has_the_number_of_a_closed_one_is_watched(
    ends: tuple[socket.socket, socket.socket],
) -> None:
    hang_ups, hung_up = HangUps(), threading.Event()
    number = ends[0].fileno()
    with contextlib.ExitStack() as later:
        with hang_ups.watch({"werkzeug.socket": ends[0]}, lambda: None):
            ends[0].close()
            second, client_end = map(later.enter_context, socket.socketpair())
            assert second.fileno() == number
            later.enter_context(hang_ups.watch({"werkzeug.socket": second}, hung_up.set))
        client_end.close()
        assert hung_up.wait(1)
    assert hang_ups._callbacks == {}


@pytest.mark.parametrize("environ", [{}, {"gunicorn.socket": "not one"}])
def test_a_server_that_shows_no_socket_is_not_watched(environ: dict[str, t.Any]) -> None:
    threads = threading.active_count()
    with HangUps().watch(environ, lambda: None):
        assert threading.active_count() == threads


def test_a_system_without_epoll_or_fork_is_fine(
    monkeypatch: pytest.MonkeyPatch, ends: tuple[socket.socket, socket.socket]
) -> None:
    monkeypatch.setattr("flask_qrlogin.waiting.hang_up._EVENTS", 0)
    monkeypatch.delattr(os, "register_at_fork")
    monkeypatch.delattr(select, "epoll")
    with HangUps().watch({"werkzeug.socket": ends[0]}, lambda: None):
        ends[1].close()
