"""A clock that tests set."""

from __future__ import annotations

from datetime import datetime
from datetime import timedelta
from datetime import UTC


class Clock:
    """Returns the same moment until it is moved on."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 31, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
