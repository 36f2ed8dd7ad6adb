"""Waiting rooms in this process, and servers in processes of their own."""

from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
import socket
import threading
import typing as t

import pytest

from flask_qrlogin.waiting import room as waiting_room
from flask_qrlogin.waiting.room import WaitingRoom
from tests.servers import make_tables

from .programs import Browser
from .programs import WebServer
from .stand_ins import PATIENCE
from .stand_ins import Store
from .stand_ins import Time
from .stand_ins import Wire

Serve: t.TypeAlias = c.Callable[..., WebServer]
SendPoll: t.TypeAlias = c.Callable[[Browser], socket.socket]


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of an SQLite file with our tables."""
    url = f"sqlite:///{tmp_path_factory.mktemp('waiting')}/host.sqlite3"
    make_tables(url)
    return url


@pytest.fixture
def serve(database: str, tmp_path: pathlib.Path) -> c.Iterator[Serve]:
    """Start a server for one test."""
    servers = []

    def serve(name: str, **config: object) -> WebServer:
        server = WebServer(tmp_path, name, **{"SQLALCHEMY_DATABASE_URI": database} | config)
        servers.append(server)
        server.until_it_answers()
        return server

    yield serve
    for server in servers:
        server.process.kill()


@pytest.fixture(scope="session")
def serve_all(database: str, tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[Serve]:
    """Start a server for all tests that want one of this kind."""
    folder = tmp_path_factory.mktemp("servers")
    servers: dict[object, WebServer] = {}

    def serve(name: str, **config: object) -> WebServer:
        key = name, *config.items()
        if key not in servers:
            servers[key] = WebServer(folder, name, SQLALCHEMY_DATABASE_URI=database, **config)
            servers[key].until_it_answers()
        return servers[key]

    yield serve
    for server in servers.values():
        server.process.kill()


@pytest.fixture
def send_poll() -> c.Iterator[SendPoll]:
    """Send a poll of a browser, and return the connection that the answer is to come over."""
    with contextlib.ExitStack() as connections:
        yield lambda browser: connections.enter_context(browser.send_poll())


def started(server: WebServer) -> Browser:
    """Return a browser that shows a code."""
    browser = Browser(server.port)
    browser.start()
    return browser


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    time, hook = Time(), threading.excepthook
    monkeypatch.setattr(waiting_room, "time", time)

    def ended(args: threading.ExceptHookArgs) -> None:
        if args.exc_type is not SystemExit:
            hook(args)

    monkeypatch.setattr(threading, "excepthook", ended)
    return time


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def room(store: Store, wire: Wire, time: Time) -> c.Iterator[WaitingRoom]:
    time.room = room = WaitingRoom(store.versions, wire)
    threads = room._threads
    yield room
    room.enter("the last", since=1, seconds=1, places=10**6)  # For a look that waits for somebody.
    time.end()
    wire.hear(Wire.END)
    for thread in threads:
        thread.join(PATIENCE)
