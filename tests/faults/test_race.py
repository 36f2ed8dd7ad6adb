"""Many phones and browsers on four processes: no request logs in twice, or anybody else."""

from __future__ import annotations

import collections.abc as c
import time

import pytest

from .conftest import Scene
from .conftest import STORES
from .history import History
from .race import Race


@pytest.mark.parametrize("place", STORES, indirect=True)
def test_a_short_race(scene: Scene) -> None:
    race(scene, browsers=20, phones=80, is_enough=lambda history: min(figures(history)) >= 3)


@pytest.mark.full
@pytest.mark.parametrize("place", STORES, indirect=True)
def test_a_race_of_a_thousand_for_a_minute(scene: Scene) -> None:
    end = time.monotonic() + 60
    history = race(scene, browsers=200, phones=800, is_enough=lambda _: time.monotonic() > end)
    assert min(figures(history)) >= 20, figures(history)


def race(
    scene: Scene, *, browsers: int, phones: int, is_enough: c.Callable[[History], bool]
) -> History:
    host = scene.host(worker=scene.place.worker, workers=4, QRLOGIN_MAX_WAITING=4)
    history = Race([host.port], browsers=browsers, phones=phones).run(is_enough)
    history.check()
    # The store was there all the time.
    assert history.count(status=503) < len(history.events) / 100
    return history


def figures(history: History) -> tuple[int, ...]:
    """Return how many logins, denials, withdrawals, conflicts and lost answers there were."""
    return (
        history.logins,
        history.count(action="deny", status=200),
        history.count(action="cancel", status=200),
        history.count(status=409),
        history.count(status=None),
    )
