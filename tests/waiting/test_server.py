"""What is known of the server that runs us, by parts that a test plays."""

from __future__ import annotations

import collections.abc as c
import os
import resource
import select
import signal
import socket
import sys
import threading
import types
import typing as t

import flask
import pytest

from flask_qrlogin import QRLogin
from flask_qrlogin import release_waiting
from flask_qrlogin.stores.memory import MemoryStore
from flask_qrlogin.web import server
from flask_qrlogin.web.hang_up import HangUps

from .stand_ins import PATIENCE

THREADS = {"wsgi.multithread": True}
WERKZEUG = THREADS | {"werkzeug.socket": None}


@pytest.mark.parametrize(
    ("environ", "wanted", "places"),
    [
        (THREADS, None, 0),
        (THREADS, 7, 7),
        (WERKZEUG, None, 20),
        (WERKZEUG, 0, 0),
        (WERKZEUG | {"wsgi.multithread": False}, None, 0),
        ({"wsgi.multithread": False}, 7, 0),
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


@pytest.mark.parametrize("environ", [{}, {"gunicorn.socket": "not one"}])
def test_a_server_that_shows_no_socket_is_not_watched(environ: dict[str, t.Any]) -> None:
    threads = threading.active_count()
    with HangUps().watch(environ, lambda: None):
        assert threading.active_count() == threads


def test_a_system_without_epoll_or_fork_is_fine(
    monkeypatch: pytest.MonkeyPatch, ends: tuple[socket.socket, socket.socket]
) -> None:
    monkeypatch.setattr("flask_qrlogin.web.hang_up._EVENTS", 0)
    monkeypatch.delattr(os, "register_at_fork")
    monkeypatch.delattr(select, "epoll")
    with HangUps().watch({"werkzeug.socket": ends[0]}, lambda: None):
        ends[1].close()
