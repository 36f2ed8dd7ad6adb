"""Many at once, where a server or a database has little to share among them."""

from __future__ import annotations

import concurrent.futures

import pytest

from .conftest import Scene
from .wire import Connection


@pytest.mark.parametrize("place", ["postgresql", "mariadb"], indirect=True)
def test_phones_do_not_wait_for_each_others_connections(scene: Scene) -> None:
    """The host's session keeps one while it answers; ours must not be another of the same pool."""
    pool = {"pool_size": 2, "max_overflow": 0, "pool_timeout": 3}
    scene.host(workers=1, SQLALCHEMY_ENGINE_OPTIONS=pool)
    pairs = [scene.scanned(person) for person in range(1, 9)]
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        approved = list(threads.map(lambda pair: pair[1].approve(), pairs))
        assert [event.status for event in approved] == [200] * 8
        polled = list(threads.map(lambda pair: pair[0].poll(), pairs))
        assert [event.login for event in polled] == [str(person) for person in range(1, 9)]


@pytest.mark.parametrize("preload", [False, True])
def test_many_browsers_are_held_by_one_process_of_gevent(scene: Scene, preload: bool) -> None:
    host = scene.host(worker="gevent", workers=1, preload=preload)
    pairs = [scene.scanned(person) for person in range(1, 41)]
    with concurrent.futures.ThreadPoolExecutor(40) as threads:
        held = [threads.submit(browser.poll, wait=20) for browser, _ in pairs]
        site = Connection(host.port)
        assert site.exchange("GET", "/").body == b"welcome"
        site.close()
        for _, phone in pairs:
            assert phone.approve().done
        assert {poll.result().state for poll in held} <= {"approved", "redeemed"}
    for browser, _ in pairs:
        browser.poll()
    assert scene.history.logins == len(pairs)
