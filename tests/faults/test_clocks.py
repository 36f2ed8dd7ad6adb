"""Two hosts whose clocks differ by as much as is allowed."""

from __future__ import annotations

import itertools

import pytest
import redis

from .conftest import Scene
from .race import Race


@pytest.mark.parametrize("place", ["sqlite", "redis"], indirect=True)
@pytest.mark.parametrize("ahead", [30, -30])
def test_the_clock_of_one_host_is_wrong(scene: Scene, ahead: float) -> None:
    ports = start_two(scene, ahead)
    for started, scanned, approved, polled in itertools.product(ports, repeat=4):
        browser, phone = scene.browser(started), scene.phone()
        phone.turn_to(scanned)
        assert phone.scan(browser).done, phone.answer
        browser.turn_to(polled)
        assert browser.poll().profile == "Person 7"
        phone.turn_to(approved)
        assert phone.approve().done, phone.answer
        if scene.place.store:
            with redis.Redis.from_url(scene.place.store) as client:
                # As long as any of the hosts may ask for it, which is 300 s by its own clock.
                (key,) = client.keys(f"qrlogin:*:{browser.id}")
                assert client.pttl(key) > 325_000
        assert browser.poll(copies=3).login == "7"


@pytest.mark.parametrize("place", ["sqlite", "redis"], indirect=True)
@pytest.mark.parametrize("ahead", [30, -30])
def test_a_race_over_hosts_whose_clocks_differ(scene: Scene, ahead: float) -> None:
    ports = start_two(scene, ahead)
    race = Race(ports, browsers=40, phones=160)
    race.run(lambda history: history.logins >= 20).check()


def start_two(scene: Scene, ahead: float) -> list[int]:
    """Start a host whose clock is right, and one whose is not."""
    return [
        scene.host(worker=scene.place.worker, workers=1, clock_ahead=seconds).port
        for seconds in (0, ahead)
    ]
