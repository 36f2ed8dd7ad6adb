"""A clock that tests set."""

from __future__ import annotations

import collections.abc as c
import contextlib
from datetime import datetime
from datetime import timedelta
from datetime import UTC

import flask

from ..app_state import AppState
from ..app_state import current_state


class Clock:
    """Returns the same moment until it is moved on: ``QRLogin(app, clock=Clock())``."""

    def __init__(self) -> None:
        #: The moment, an aware datetime.
        self.now: datetime = datetime(2030, 1, 31, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)

    @contextlib.contextmanager
    def set_in(self, app: flask.Flask) -> c.Iterator[Clock]:
        """Let the QR login of an app that has a clock already go by this one, within a ``with``."""
        with app.app_context():
            state = current_state()
        before = state.now
        _give(state, self)
        try:
            yield self
        finally:
            _give(state, before)


def _give(state: AppState, clock: c.Callable[[], datetime]) -> None:
    state.now = clock
    # They were made with the clock before; the next request makes them again.
    state._flow = state._devices = None
