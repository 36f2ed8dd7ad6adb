"""Connections of who waits: those that hang up, that are half closed, and that are used again."""

from __future__ import annotations

import contextlib
import socket
import time

import pytest

from .conftest import SendPoll
from .conftest import Serve
from .conftest import started
from .programs import Phone

SERVERS = [
    "gunicorn gthread --threads 8",
    "gunicorn gevent",
    pytest.param("gunicorn gevent_pywsgi", marks=pytest.mark.full),
    pytest.param("werkzeug", marks=pytest.mark.full),
]
each_server = pytest.mark.parametrize("name", SERVERS)


@each_server
def test_a_client_that_hangs_up_frees_its_place_at_once(
    serve_all: Serve, send_poll: SendPoll, name: str
) -> None:
    server = serve_all(name, QRLOGIN_HELD_POLLS=2)
    browsers = [started(server) for _ in range(3)]
    connections = [send_poll(browser) for browser in browsers[:2]]
    server.until_waiting(2)
    assert browsers[2].wait()["interval"] > 1
    connections[0].close()
    began = time.monotonic()
    server.until_waiting(1)
    assert time.monotonic() - began < 10  # It would be held for twenty.
    held = browsers[2].hold()
    server.until_waiting(2)
    # The one that stays is not disturbed.
    phone = Phone(server.port)
    phone.scan(browsers[1].token)
    assert b'"state":"scanned"' in read(connections[1])
    phone.scan(browsers[2].token)
    assert held.result()["state"] == "scanned"
    server.until_waiting(0)


@each_server
def test_many_that_hang_up_leave_nothing_behind(
    serve_all: Serve, send_poll: SendPoll, name: str
) -> None:
    server = serve_all(name, QRLOGIN_HELD_POLLS=2)
    for _ in range(20):
        connection = send_poll(started(server))
        server.until_waiting(1)
        connection.close()
        server.until_waiting(0)


@each_server
def test_a_client_that_has_closed_its_half_is_answered(
    serve_all: Serve, send_poll: SendPoll, name: str
) -> None:
    """Few clients do so. That they get an answer too early does no harm."""
    server = serve_all(name, QRLOGIN_HELD_POLLS=2)
    connection = send_poll(started(server))
    server.until_waiting(1)
    connection.shutdown(socket.SHUT_WR)
    assert b'"state":"pending"' in read(connection)
    server.until_waiting(0)


@each_server
def test_a_connection_can_be_used_again_after_a_hold(serve_all: Serve, name: str) -> None:
    server = serve_all(name, QRLOGIN_HELD_POLLS=2)
    browser, phone = started(server), Phone(server.port)
    with contextlib.closing(browser.wire.connect()) as browser.wire.connection:
        assert browser.wait(1)["state"] == "pending"
        assert browser.who() is None
        held = server.hold(browser)
        phone.scan(browser.token)
        assert held.result()["state"] == "scanned"
        held = server.hold(browser)
        phone.approve()
        assert held.result()["state"] == "approved"
        assert browser.wait()["state"] == "redeemed"
        assert browser.who() == "anna"


def read(connection: socket.socket) -> bytes:
    """Return what comes until the answer's end."""
    text = b""
    while not text.endswith(b"}\n") and (more := connection.recv(4096)):
        text += more
    return text
