"""Whether a poll is held until something happens, and when the browser comes back."""

from __future__ import annotations

import collections.abc as c
import contextlib
import typing as t

import flask

from ...app_state import current_state
from ...core import tokens
from ...core.login_flow import Polled
from ...core.login_request import FIRST_VERSION
from ...core.login_request import State
from ...waiting import pacing
from ...waiting import server
from ...waiting.hang_up import hang_ups
from ...waiting.room import Waiter
from .. import cookies


@contextlib.contextmanager
def place(id: str, *, since: int, wait: float) -> c.Iterator[Waiter | None]:
    """Hold a poll for at most ``wait`` seconds, or let it be answered at once: None.

    It is not held where the host's session has begun a transaction, before us in the same request:
    that keeps a connection of the pool, and a few who wait would use up all of them.
    """
    state, environ = current_state(), flask.request.environ
    waiter = None
    seconds = min(wait, state.settings.hold_seconds)
    # Nobody without a cookie for it gets as far as a place.
    asks = seconds and tokens.is_id(id) and cookies.secret_of(id) is not None
    places = server.places(environ, state.settings.held_polls) if asks else 0
    if places and not state.in_host_transaction():
        seconds = state.pacing.hold(seconds, watched=since > FIRST_VERSION)
        waiter = state.waiting.enter(id, since=since, seconds=seconds, places=places)
    if waiter is None:
        yield None
        return
    try:
        with hang_ups().watch(environ, waiter.wake):
            yield waiter
    finally:
        state.waiting.leave(waiter)


def interval(polled: Polled[t.Any], *, since: int) -> float:
    """Return how many seconds a browser leaves until its next poll."""
    state = current_state()
    now_state = state.flow.state_of(polled.request)
    if now_state.is_end:
        return 0
    if now_state is State.PENDING:
        return state.pacing.held() if polled.held else state.pacing.unheld()
    # One that was held may not log in. The next does, at once if the person has been seen.
    if polled.held and (now_state is State.SCANNED or since > FIRST_VERSION):
        return 0
    return pacing.WATCHED
