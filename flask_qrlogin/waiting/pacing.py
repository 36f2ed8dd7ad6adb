"""How long a browser leaves until its next poll."""

from __future__ import annotations

import collections.abc as c
import random
import time

#: Polls a second that one process is willing to answer at once; with more who ask, each asks less
#: often.
POLLS_PER_SECOND = 100.0
#: Seconds, however many ask: one client that does not obey counts as many, and slows the others.
LONGEST = 10.0
#: Seconds between two polls once somebody has scanned, since people watch then. It is also how long
#: the page shows who logs in before it goes on.
WATCHED = 1.0
#: Seconds over which it is counted how many ask.
_WINDOW = 15.0
#: How far an interval strays, so that those who began together do not stay together.
_JITTER = 0.15


class Pacing:
    """Tells polls that are not held when to come back, by how many of them there are.

    A poll that is sent away for 3 seconds stands for 3 seconds of one browser's waiting: the sum of
    what was given out in a time, over that time, is how many browsers wait on this process.
    """

    def __init__(
        self,
        interval: float,
        *,
        monotonic: c.Callable[[], float] = time.monotonic,
        uniform: c.Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._interval = interval
        self._monotonic = monotonic
        self._uniform = uniform
        self._window_began = monotonic()
        self._given = 0.0
        self._asking = 0.0

    def unheld(self) -> float:
        """Return the seconds for one that nobody has scanned."""
        # Without a lock: a count that is lost now and then does no harm.
        elapsed = self._monotonic() - self._window_began
        if elapsed >= _WINDOW:
            self._asking = self._given / elapsed
            self._given = 0.0
            self._window_began += elapsed
        asking = max(self._asking, self._given / _WINDOW)
        seconds = max(self._interval, asking / POLLS_PER_SECOND)
        seconds = min(seconds, max(LONGEST / (1 + _JITTER), self._interval))
        self._given += seconds
        return self._spread(seconds * (1 - _JITTER), seconds * (1 + _JITTER))

    def held(self) -> float:
        """Return the seconds for one that was held in vain.

        All who wait are answered at once when a server restarts, and must not come back at once.
        """
        return self._spread(0, self._interval)

    def hold(self, seconds: float, *, watched: bool) -> float:
        """Return for how long to hold a poll that may be held for ``seconds``.

        While somebody watches, half as long: a notice that was lost must not be missed for long.
        """
        if watched:
            seconds /= 2
        return self._spread(seconds * (1 - _JITTER), seconds)

    def _spread(self, least: float, most: float) -> float:
        return round(self._uniform(least, most), 2)
