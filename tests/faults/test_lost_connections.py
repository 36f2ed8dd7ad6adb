"""A connection that is lost in the middle of a change: it happens once, or not at all."""

from __future__ import annotations

import pytest

from tests.proxy import Proxy

from .conftest import Scene
from .conftest import STORES
from .race import Race

#: The change of a state is seen by the name of the new one; in a database it lasts with the COMMIT.
CHANGES = [
    ("postgresql", ()),
    ("postgresql", (b"COMMIT",)),
    ("mariadb", ()),
    ("mariadb", (b"COMMIT",)),
    ("redis", ()),
]


@pytest.fixture
def proxy(scene: Scene) -> Proxy:
    """The way to the store of a host that is running."""
    proxy = scene.proxy()
    scene.host_apart(proxy, workers=1)
    # From now on the store knows all statements and scripts, and the server has connections.
    browser, _ = scene.approved()
    assert browser.poll().login == "7"
    return proxy


@pytest.mark.parametrize(("place", "commit"), CHANGES, indirect=["place"])
@pytest.mark.parametrize("answered", [False, True])
def test_a_change_happens_once_or_not_at_all(
    scene: Scene, proxy: Proxy, commit: tuple[bytes, ...], answered: bool
) -> None:
    def lose(state: str) -> None:
        proxy.cut(state.encode(), *commit, answered=answered)

    browser, phone = scene.browser(), scene.phone()
    lose("scanned")
    assert phone.scan(browser).done
    assert browser.poll().version == 2
    lose("approved")
    assert phone.approve().done
    lose("redeemed")
    assert browser.poll().login == "7"

    browser, phone = scene.scanned()
    lose("denied")
    assert phone.deny().done
    assert browser.poll().state == "denied"

    browser = scene.browser()
    lose("cancelled")
    assert browser.cancel().done
    assert browser.poll().state == "cancelled"

    # Of several polls at once, one of which does not know what happened, only one logs in.
    for _ in range(5):
        browser, _phone = scene.approved()
        lose("redeemed")
        assert browser.poll(copies=3).login == "7"

    # Where nothing can be read afterwards, it is said to be unknown.
    browser, phone = scene.scanned()
    proxy.cut(b"approved", *commit, answered=answered, lasting=True)
    assert phone.approve().code == "store_unavailable"
    proxy.mend()
    assert phone.approve().done
    proxy.cut(b"redeemed", *commit, answered=answered, lasting=True)
    assert browser.poll().code == "store_unavailable"
    proxy.mend()
    # A login whose answer was lost is never given again: it costs a new code. A database takes back
    # what was not committed.
    written = answered and (commit or scene.place.name == "redis")
    assert browser.poll().login == (None if written else "7")
    other, _ = scene.approved()
    assert other.poll().login == "7"


@pytest.mark.parametrize("place", STORES[1:], indirect=True)
def test_a_race_over_connections_that_break(scene: Scene) -> None:
    proxy = scene.proxy()
    host = scene.host_apart(proxy, workers=4, worker=scene.place.worker)
    proxy.flaw = 0.02
    race = Race([host.port], browsers=40, phones=160)
    history = race.run(lambda history: proxy.cuts > 50 and history.logins > 15)
    history.check()
