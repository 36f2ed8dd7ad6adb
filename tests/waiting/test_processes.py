"""A phone approves on one process, the browser waits on another."""

from __future__ import annotations

import time

import pytest

from tests.servers import make_tables
from tests.servers import PostgreSQL
from tests.servers import Redis

from .conftest import Serve
from .conftest import started
from .programs import Phone


def check_that_they_reach_each_other(serve: Serve, **config: object) -> None:
    here, there = (
        serve("gunicorn gevent", **config),
        serve("gunicorn gthread --threads 8", QRLOGIN_HELD_POLLS=4, **config),
    )
    for waits, approves in ((here, there), (there, here)):
        browser, phone = started(waits), Phone(approves.port)
        for state in ("scanned", "approved"):
            held = waits.hold(browser)
            began = time.monotonic()
            phone.scan(browser.token) if state == "scanned" else phone.approve()
            assert held.result()["state"] == state
            # The store is looked at each second, or each ten while notices are heard.
            assert time.monotonic() - began < 5
        assert browser.wait()["state"] == "redeemed"
        assert browser.who() == "anna"
        for server in (here, there):
            assert "Traceback" not in server.process.log()


@pytest.mark.full
def test_over_one_sqlite_file(serve: Serve) -> None:
    check_that_they_reach_each_other(serve)


def test_over_postgresql_at_once(serve: Serve, postgresql: PostgreSQL) -> None:
    url = postgresql.new_database("waiting")
    make_tables(url)
    check_that_they_reach_each_other(serve, SQLALCHEMY_DATABASE_URI=url)


def test_over_redis_at_once(serve: Serve, redis_server: Redis) -> None:
    check_that_they_reach_each_other(serve, QRLOGIN_STORE=redis_server.url)
