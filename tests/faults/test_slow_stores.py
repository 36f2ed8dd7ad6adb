"""Stores that are slow, silent or locked: everything else goes on meanwhile."""

from __future__ import annotations

import concurrent.futures
import contextlib
import sqlite3
import time

import pytest
import sqlalchemy as sa

from .conftest import Scene
from .hosts import Host
from .wire import Connection


@pytest.mark.parametrize("place", ["postgresql", "mariadb", "redis"], indirect=True)
def test_a_slow_store(scene: Scene) -> None:
    proxy = scene.proxy()
    host = scene.host_apart(proxy, workers=1, worker=scene.place.worker)
    scene.browser()
    proxy.delay = 0.1
    with concurrent.futures.ThreadPoolExecutor() as threads:
        approved = threads.submit(scene.approved)
        assert seconds_for_a_page(host) < 2
        assert not approved.done()
        browser, _ = approved.result()
    assert browser.poll().login == "7"


@pytest.mark.parametrize("place", ["redis"], indirect=True)
def test_a_store_that_does_not_answer(scene: Scene) -> None:
    proxy = scene.proxy()
    host = scene.host_apart(proxy, workers=1)
    browser, _ = scene.approved()
    proxy.open.clear()
    with concurrent.futures.ThreadPoolExecutor() as threads:
        polled = threads.submit(browser.poll)
        assert seconds_for_a_page(host) < 2
        assert polled.result().code == "store_unavailable"
    proxy.open.set()
    assert browser.poll().login == "7"


@pytest.mark.parametrize("place", ["postgresql", "mariadb"], indirect=True)
def test_a_row_that_somebody_has_locked(scene: Scene) -> None:
    host = scene.host_apart(workers=1)
    browser, _ = scene.approved()
    engine = sa.create_engine(scene.place.database, poolclass=sa.NullPool)
    with concurrent.futures.ThreadPoolExecutor() as threads, engine.connect() as connection:
        connection.execute(
            sa.text("SELECT id FROM qrlogin_login_request WHERE id = :id FOR UPDATE"),
            {"id": browser.id},
        )
        polled = threads.submit(browser.poll)
        assert seconds_for_a_page(host) < 2
        other, _ = scene.approved()
        assert other.poll().login == "7"
        assert not polled.done()
        connection.rollback()
        assert polled.result().login == "7"


@pytest.mark.parametrize("patience", [60, 0.5])
def test_an_sqlite_file_that_another_writer_has_locked(scene: Scene, patience: float) -> None:
    options = {"connect_args": {"timeout": patience}}
    host = scene.host(workers=1, SQLALCHEMY_ENGINE_OPTIONS=options)
    (browser, phone), (other, _) = scene.scanned(), scene.approved()
    file = scene.folder / "host.sqlite3"
    with (
        concurrent.futures.ThreadPoolExecutor() as threads,
        contextlib.closing(sqlite3.connect(file, isolation_level=None)) as writer,
    ):
        writer.execute("BEGIN IMMEDIATE")
        answers = [threads.submit(phone.approve), threads.submit(other.poll)]
        assert browser.poll().state == "scanned"
        assert seconds_for_a_page(host) < 2
        if patience < 1:
            # Longer than that: nothing is written.
            assert [answer.result().code for answer in answers] == ["store_unavailable"] * 2
            assert browser.poll().version == 2
        writer.execute("ROLLBACK")
        if patience > 1:
            assert [answer.result().status for answer in answers] == [200, 200]
    assert phone.approve().done
    browser.poll()
    other.poll()
    assert scene.history.logins == 2


def seconds_for_a_page(host: Host) -> float:
    """Return how long a page of the site takes."""
    connection, begun = Connection(host.port), time.monotonic()
    assert connection.exchange("GET", "/").body == b"welcome"
    connection.close()
    return time.monotonic() - begun
