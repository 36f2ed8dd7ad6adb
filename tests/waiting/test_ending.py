"""What happens to who waits when a server is told to end, or to load the app anew."""

from __future__ import annotations

import pathlib
import signal
import time

import psutil  # type: ignore[import-untyped]
import pytest

from tests.processes import until

from .conftest import Serve
from .conftest import started
from .programs import Phone
from .programs import WebServer

_BY_HAND = f"--preload --config {pathlib.Path(__file__).with_name('gunicorn.conf.py')}"

each_server = pytest.mark.parametrize("name", ["gunicorn gthread --threads 8", "gunicorn gevent"])


def has_no_error(server: WebServer) -> bool:
    log = server.process.log()
    assert "Traceback" not in log, log
    assert "[ERROR]" not in log, log
    assert "[CRITICAL]" not in log, log
    return True


@each_server
@pytest.mark.parametrize(
    "options",
    ["", pytest.param(_BY_HAND, marks=pytest.mark.full)],
    ids=["by itself", "by hand"],
)
def test_the_end_of_a_server_answers_who_waits(serve: Serve, name: str, options: str) -> None:
    server = serve(f"{name} {options}", QRLOGIN_HELD_POLLS=8)
    browsers = [started(server) for _ in range(5)]
    held = [browser.hold() for browser in browsers]
    server.until_waiting(5)
    began = time.monotonic()
    server.process.send(signal.SIGTERM)
    answers = [one.result() for one in held]
    assert time.monotonic() - began < 10  # They would be held for twenty.
    assert [answer["state"] for answer in answers] == ["pending"] * 5
    # They come back to the next process, not all at once.
    assert all(0 <= answer["interval"] <= 2 for answer in answers)
    assert len({answer["interval"] for answer in answers}) > 1
    assert server.process.wait() == 0
    assert time.monotonic() - began < 15
    assert has_no_error(server)


@pytest.mark.full
@each_server
def test_a_reload_answers_who_waits_and_later_ones_are_held_again(serve: Serve, name: str) -> None:
    server = serve(name, QRLOGIN_HELD_POLLS=8)
    old = server.home()["pid"]
    browser = started(server)
    held = server.hold(browser)
    server.process.send(signal.SIGHUP)
    assert held.result()["state"] == "pending"
    until(lambda: not psutil.pid_exists(old), "the old worker has ended")
    held = server.hold(browser)
    Phone(server.port).scan(browser.token)
    assert held.result()["state"] == "scanned"
    assert server.process.end() == 0
    assert has_no_error(server)


@pytest.mark.full
def test_a_worker_that_is_killed_loses_nothing_but_the_connection(serve: Serve) -> None:
    server = serve("gunicorn gevent")
    browser, phone = started(server), Phone(server.port)
    phone.scan(browser.token)
    browser.wait()
    held = server.hold(browser)
    phone.approve()
    psutil.Process(server.home()["pid"]).kill()
    assert held.exception() or held.result()["state"] == "approved"
    assert browser.wait()["state"] in ("approved", "redeemed")
