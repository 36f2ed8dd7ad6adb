"""Stores that are restarted, or crash, while browsers wait and phones approve."""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import threading

import pytest

from tests.processes import until
from tests.servers import PostgreSQL
from tests.servers import Redis
from tests.servers import running
from tests.servers import Server

from .clients import Browser
from .clients import Phone
from .conftest import Scene
from .history import Event

#: A Redis that has written what it has answered.
KEPT = ("--appendonly", "yes", "--appendfsync", "always")

#: How many browsers wait.
CROWD = 60


@pytest.mark.parametrize("place", ["postgresql"], indirect=True)
@pytest.mark.parametrize("crash", [True, False])
def test_postgresql_is_restarted(scene: Scene, postgresql: PostgreSQL, crash: bool) -> None:
    scene.host_apart(worker="gevent")
    go_on_while(scene, postgresql, postgresql.kill if crash else postgresql.stop)


@pytest.mark.parametrize("crash", [True, False])
@pytest.mark.usefixtures("redis_server")  # Skips where Redis is not installed.
def test_a_redis_that_keeps_all_it_has_answered_is_restarted(scene: Scene, crash: bool) -> None:
    with running(Redis, *KEPT) as server:
        scene.host(worker="gevent", store=server.url)
        go_on_while(scene, server, server.kill if crash else server.stop)


def go_on_while(scene: Scene, server: Server, end: c.Callable[[], None]) -> None:
    """Have many browsers wait, and their phones approve, while a server ends and starts anew."""
    approved = threading.Semaphore(0)
    with concurrent.futures.ThreadPoolExecutor(2 * CROWD) as threads:
        pairs = list(threads.map(lambda number: scene.scanned(number + 1), range(CROWD)))
        waiting = [threads.submit(wait, browser) for browser, _ in pairs]
        phones = [threads.submit(approve, phone, approved) for _, phone in pairs]
        for _ in range(CROWD // 4):
            approved.acquire()
        end()
        server.start()
        for phone in phones:
            phone.result()
        assert {state.result() for state in waiting} == {"redeemed"}
    scene.history.check()
    # The checker has seen that the others' answers were lost.
    assert scene.history.logins > CROWD * 0.9


def wait(browser: Browser) -> str | None:
    """Poll until the request ends or is gone; return the end."""

    def poll() -> Event | None:
        event = browser.poll(wait=20)
        waits = event.unknown or event.state in ("pending", "scanned", "approved")
        return None if waits else event

    event = until(poll, "the request has ended", every=0.5)
    assert event is not None
    return event.state


def approve(phone: Phone, approved: threading.Semaphore) -> None:
    """Approve until it is answered."""

    def decide() -> Event | None:
        event = phone.approve()
        return None if event.unknown else event

    event = until(decide, "the approval is answered", every=0.5)
    assert event is not None
    assert event.done or event.state == "redeemed"
    approved.release()


@pytest.mark.usefixtures("redis_server")  # Skips where Redis is not installed.
def test_a_redis_that_keeps_nothing_is_restarted(scene: Scene) -> None:
    with running(Redis) as server:
        scene.host(worker="gevent", store=server.url)
        fresh, (scanned, phone), (approved, _) = scene.browser(), scene.scanned(), scene.approved()
        held = scene.browser()
        with concurrent.futures.ThreadPoolExecutor() as threads:
            end = threads.submit(wait, held)
            server.kill()
            server.start()
            end.result()
            gone = [
                held.poll(),
                fresh.poll(),
                scanned.poll(),
                scanned.cancel(),
                approved.poll(),
                phone.approve(),
                phone.deny(),
                scene.phone(8).scan(fresh),
            ]
        # Every request is gone, with its scan and its approval. The page shows a new code.
        assert {(event.status, event.code) for event in gone} == {(404, "request_not_found")}
        found = {anomaly.kind for anomaly in scene.history.anomalies()}
        assert found == {"vanished", "lost approval"}
        scene.history.events.clear()
        browser, _ = scene.approved()
        assert browser.poll().login == "7"
