"""Where polls are held, and that the site goes on: what each server says of itself, and bears."""

from __future__ import annotations

import concurrent.futures
import threading
import time

import pytest

from tests.processes import until

from .conftest import SendPoll
from .conftest import Serve
from .conftest import started
from .programs import Browser
from .programs import Phone

#: Each server: whether it says ``wsgi.multithread``, and how many polls it holds by itself.
SERVERS = {
    "gunicorn sync": (False, 0),
    "gunicorn gthread --threads 1": (True, 0),
    "gunicorn gthread --threads 8": (True, 0),
    "gunicorn gevent --worker-connections 20": (True, 10),
    "gunicorn gevent_pywsgi --worker-connections 20": (True, 10),
    "gevent": (False, None),
    "gevent-unpatched": (False, 0),
    "waitress-1": (True, 0),
    "waitress-8": (True, 0),
    "werkzeug": (True, 20),
    "werkzeug-1": (False, 0),
}
#: Of those, the ones that answer in another way than all others.
_EACH_OF_ITS_KIND = {
    "gunicorn sync",
    "gunicorn gthread --threads 8",
    "gunicorn gevent --worker-connections 20",
    "waitress-8",
    "werkzeug",
}


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[] if name in _EACH_OF_ITS_KIND else pytest.mark.full)
        for name in SERVERS
    ],
)
def test_polls_are_held_where_the_server_bears_it(
    serve_all: Serve, send_poll: SendPoll, name: str
) -> None:
    multithread, places = SERVERS[name]
    server = serve_all(name)
    assert server.home()["multithread"] is multithread
    browser = started(server)
    if places == 0:
        began = time.monotonic()
        assert browser.wait()["interval"] > 1
        assert time.monotonic() - began < 5
        return
    phone = Phone(server.port)
    held = server.hold(browser)
    phone.scan(browser.token)
    assert held.result()["state"] == "scanned"
    held = server.hold(browser)
    phone.approve()
    assert held.result()["state"] == "approved"
    assert browser.who() is None
    assert browser.wait()["state"] == "redeemed"
    assert browser.who() == "anna"
    if places is None:
        return
    # No more than this, and the site answers beside.
    browsers = [started(server) for _ in range(places + 2)]
    for browser in browsers[:places]:
        send_poll(browser)
    server.until_waiting(places)
    assert browsers[-1].wait()["interval"] > 1
    assert browsers[-2].wait()["interval"] > 1
    assert server.home()["waiting"] == places


@pytest.mark.parametrize(
    ("name", "holds"),
    [
        ("gunicorn sync", False),
        ("gunicorn gthread --threads 8", True),
        pytest.param("gevent-unpatched", False, marks=pytest.mark.full),
        pytest.param("waitress-8", True, marks=pytest.mark.full),
        pytest.param("werkzeug-1", False, marks=pytest.mark.full),
    ],
)
def test_where_the_app_says_so_polls_are_held_if_there_are_threads_at_all(
    serve_all: Serve, name: str, holds: bool
) -> None:
    server = serve_all(name, QRLOGIN_HELD_POLLS=2)
    browsers = [started(server) for _ in range(3)]
    if holds:
        held = [browser.hold() for browser in browsers[:2]]
        server.until_waiting(2)
    assert browsers[2].wait()["interval"] > 1
    if holds:
        for browser in browsers[:2]:
            Phone(server.port).scan(browser.token)
        assert [one.result()["state"] for one in held] == ["scanned"] * 2


@pytest.mark.full
def test_with_more_waiting_than_threads_the_site_answers(serve: Serve) -> None:
    server = serve("gunicorn gthread --workers 2 --threads 8", QRLOGIN_HELD_POLLS=4)
    over, polls = threading.Event(), [0] * 40

    def wait_for_login(number: int) -> None:
        browser = started(server)
        while not over.wait(browser.wait(2)["interval"]):
            polls[number] += 1

    seconds, visits = [], set()
    with concurrent.futures.ThreadPoolExecutor(40) as threads:
        waiting = threads.map(wait_for_login, range(40))
        try:
            until(lambda: all(polls), "all of them have polled and waited")
            for _ in range(100):
                began = time.monotonic()
                visits.add(server.home()["pid"])
                seconds.append(time.monotonic() - began)
        finally:
            over.set()
        list(waiting)
    assert len(visits) == 2
    assert max(seconds) < 1
    assert sorted(seconds)[len(seconds) // 2] < 0.1


@pytest.mark.parametrize(
    "options", ["", pytest.param(" --preload", marks=pytest.mark.full)], ids=["plain", "preload"]
)
def test_many_polls_at_once_are_the_first(serve: Serve, send_poll: SendPoll, options: str) -> None:
    """With --preload, gevent patches only after the app was loaded."""
    server = serve(f"gunicorn gevent{options}")
    browsers = [started(server) for _ in range(12)]
    for browser in browsers:
        send_poll(browser)
    server.until_waiting(12)


def test_a_browser_that_waits_by_the_rules_of_the_interval_is_logged_in(serve_all: Serve) -> None:
    server = serve_all("gunicorn sync")
    browser = Browser(server.port)
    assert 1.7 <= browser.start().json["interval"] <= 2.3
    phone = Phone(server.port)
    phone.scan(browser.token)
    assert browser.wait()["interval"] == 1
    phone.approve()
    assert browser.wait()["state"] == "redeemed"
