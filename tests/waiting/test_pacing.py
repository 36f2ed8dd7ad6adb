"""How long browsers leave until their next poll, by a clock and dice of the test."""

from __future__ import annotations

import itertools
import random

import pytest

from flask_qrlogin.waiting.pacing import LONGEST
from flask_qrlogin.waiting.pacing import Pacing
from flask_qrlogin.waiting.pacing import POLLS_PER_SECOND


class Seconds:
    """A monotonic clock that a test moves on."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


def middle(least: float, most: float) -> float:
    return (least + most) / 2


def serve(pacing: Pacing, seconds: Seconds, browsers: int, *, during: float) -> list[float]:
    """Let so many browsers wait, each coming back when it was told to; return their intervals."""
    began = seconds.now
    due = [began] * browsers
    given = []
    while (now := min(due)) < began + during:
        seconds.now = now
        given.append(pacing.unheld())
        due[due.index(now)] += given[-1]
    return given


def test_few_browsers_come_back_after_the_interval(seconds: Seconds) -> None:
    pacing = Pacing(2, monotonic=seconds, uniform=middle)
    assert set(serve(pacing, seconds, 20, during=60)) == {2}


def test_many_browsers_come_back_less_often_so_that_polls_stay_bearable(seconds: Seconds) -> None:
    pacing = Pacing(2, monotonic=seconds, uniform=middle)
    serve(pacing, seconds, 800, during=30)
    given = serve(pacing, seconds, 800, during=30)
    assert given[-1] == pytest.approx(8, rel=0.3)
    assert len(given) / 30 == pytest.approx(POLLS_PER_SECOND, rel=0.3)


def test_a_burst_is_noticed_while_it_lasts(seconds: Seconds) -> None:
    pacing = Pacing(2, monotonic=seconds, uniform=middle)
    given = [pacing.unheld() for _ in range(5000)]
    assert given[0] == 2
    assert given[-1] > 5


def test_the_interval_falls_again_when_they_have_gone(seconds: Seconds) -> None:
    pacing = Pacing(2, monotonic=seconds, uniform=middle)
    serve(pacing, seconds, 800, during=30)
    assert serve(pacing, seconds, 1, during=60)[-1] == 2
    serve(pacing, seconds, 800, during=30)
    seconds.now += 3600
    pacing.unheld()
    seconds.now += 5
    assert pacing.unheld() == 2


def test_no_interval_is_longer_than_the_longest(seconds: Seconds) -> None:
    pacing = Pacing(2, monotonic=seconds)
    assert max(pacing.unheld() for _ in range(20_000)) <= LONGEST
    # What the app has chosen itself is kept.
    assert Pacing(45, monotonic=seconds, uniform=middle).unheld() == 45


def test_intervals_stray_by_a_little(seconds: Seconds) -> None:
    for bound, expected in ((0, 1.7), (1, 2.3)):
        pacing = Pacing(2, monotonic=seconds, uniform=lambda *bounds, bound=bound: bounds[bound])
        assert pacing.unheld() == pytest.approx(expected)


def test_those_who_were_held_in_vain_come_back_spread_over_an_interval(seconds: Seconds) -> None:
    assert Pacing(2, uniform=lambda least, most: least).held() == 0
    assert Pacing(2, uniform=lambda least, most: most).held() == 2


def test_a_hold_is_never_longer_than_it_may_be() -> None:
    most, least = (Pacing(2, uniform=lambda *bounds, at=at: bounds[at]) for at in (1, 0))
    assert most.hold(20, watched=False) == 20
    assert least.hold(20, watched=False) == pytest.approx(17)


def test_while_somebody_watches_a_hold_is_shorter() -> None:
    assert Pacing(2, uniform=lambda least, most: most).hold(20, watched=True) == 10


def test_browsers_that_began_together_do_not_stay_together(seconds: Seconds) -> None:
    dice = random.Random(1)
    pacing = Pacing(2, monotonic=seconds, uniform=dice.uniform)
    due = [seconds.now] * 50
    for _ in range(20):
        due = [at + pacing.unheld() for at in due]
        seconds.now = max(due)
    due.sort()
    assert due[-1] - due[0] > 2
    assert max(b - a for a, b in itertools.pairwise(due)) < 1
