"""Many phones and browsers on four processes: no request logs in twice, or anybody else."""

from __future__ import annotations

import pytest

from .conftest import Scene
from .conftest import STORES
from .history import History
from .race import Race


@pytest.mark.parametrize("place", STORES, indirect=True)
def test_a_race(scene: Scene) -> None:
    host = scene.host(worker=scene.place.worker, workers=4, QRLOGIN_HELD_POLLS=4)
    race = Race([host.port], browsers=40, phones=160)
    history = race.run(lambda history: min(figures(history)) >= 20)
    history.check()
    # The store was there all the time.
    assert history.count(status=503) < len(history.events) / 100


def figures(history: History) -> tuple[int, ...]:
    """Return how many logins, denials, withdrawals, conflicts and lost answers there were."""
    return (
        history.logins,
        history.count(action="deny", status=200),
        history.count(action="cancel", status=200),
        history.count(status=409),
        history.count(status=None),
    )
