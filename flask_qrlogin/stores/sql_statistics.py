"""What the rows of an SQL store tell together, for the commands ``stats`` and ``show``.

Each is one look at the whole table, for a person who waits for it; nothing else asks for this.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import math
import statistics
from datetime import datetime
from datetime import timedelta
from datetime import UTC

import sqlalchemy as sa

from ..login_request import LoginRequest
from ..login_request import State
from .sql import SQLStore
from .sql_devices import SQLDeviceStore
from .sql_statements import from_row
from .sql_statements import to_naive

_UNDER_WAY = [state.value for state in State if not state.is_end]
#: The ends that are written.
_ENDS = [state.value for state in (State.REDEEMED, State.DENIED, State.CANCELLED)]


@dataclasses.dataclass(frozen=True, slots=True)
class Seconds:
    """How long a step took, for half of the people at most, and for nine of ten."""

    median: float
    p90: float

    @classmethod
    def of(cls, times: c.Iterable[timedelta]) -> Seconds | None:
        """Sum them up; None if there are none."""
        seconds = sorted(time.total_seconds() for time in times)
        if not seconds:
            return None
        return cls(statistics.median(seconds), seconds[math.ceil(0.9 * len(seconds)) - 1])


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """How far the login requests have come whose rows are there."""

    #: When the oldest of them was started.
    oldest: datetime | None
    #: How many were started, scanned and so on, ``expired`` included.
    reached: dict[str, int]
    #: Why some were denied, where it was not simply refused.
    reasons: dict[str, int]
    #: How many are in each state that has not ended.
    waiting: dict[str, int]
    to_scan: Seconds | None
    to_approve: Seconds | None


def of_requests(store: SQLStore, now: datetime, *, since: datetime | None = None) -> Statistics:
    """Count the login requests that were started since a time."""
    row = store._table.c
    recent = sa.true() if since is None else row.created_at >= to_naive(since)
    table = (
        sa.select(
            row.state,
            row.reason,
            row.created_at,
            (row.deadline <= to_naive(now)).label("is_over"),
            row.scanned_at.is_not(None).label("is_scanned"),
            row.decided_at.is_not(None).label("is_decided"),
        )
        .where(recent)
        .subquery()
        .c
    )
    kinds = (table.state, table.reason, table.is_over, table.is_scanned, table.is_decided)
    groups = sa.select(
        *kinds, sa.func.count().label("number"), sa.func.min(table.created_at).label("first")
    ).group_by(*kinds)
    names = ("started", "scanned", "approved", *_ENDS, State.EXPIRED.value)
    reached, reasons = dict.fromkeys(names, 0), dict[str, int]()
    waiting, starts = dict.fromkeys(_UNDER_WAY, 0), list[datetime]()
    for group in store._read(groups, {}):
        state, number = group.state, group.number
        starts.append(group.first.replace(tzinfo=UTC))
        reached["started"] += number
        reached["scanned"] += number * bool(group.is_scanned)
        # Of one that was denied, nobody knows whether it had been approved before.
        reached["approved"] += number * (bool(group.is_decided) and state != State.DENIED)
        if state in _ENDS:
            reached[state] += number
            if group.reason is not None:
                reasons[group.reason] = reasons.get(group.reason, 0) + number
        elif group.is_over:
            reached[State.EXPIRED] += number
        else:
            waiting[state] += number
    times = store._read(
        sa.select(row.state, row.created_at, row.scanned_at, row.decided_at).where(
            recent, row.scanned_at.is_not(None)
        ),
        {},
    )
    return Statistics(
        oldest=min(starts, default=None),
        reached=reached,
        reasons=reasons,
        waiting=waiting,
        to_scan=Seconds.of(each.scanned_at - each.created_at for each in times),
        to_approve=Seconds.of(
            each.decided_at - each.scanned_at
            for each in times
            if each.decided_at is not None and each.state != State.DENIED
        ),
    )


def under_way(store: SQLStore, now: datetime, limit: int) -> list[LoginRequest]:
    """Return the requests that have neither ended nor expired, the newest first."""
    row = store._table.c
    rows = store._read(
        sa.select(*(row[field.name] for field in dataclasses.fields(LoginRequest)))
        .where(row.state.in_(_UNDER_WAY), row.deadline > to_naive(now))
        .order_by(row.created_at.desc())
        .limit(limit),
        {},
    )
    return [from_row(each) for each in rows]


def live_devices(store: SQLDeviceStore, now: datetime, *, idle: timedelta | None) -> int:
    """Count the logins by QR code that still count, as ``LinkedDevice.is_live`` says."""
    row = store._table.c
    live = sa.select(sa.func.count()).where(
        row.ended_at.is_(None),
        row.expires_at > to_naive(now),
        sa.true() if idle is None else row.last_seen_at > to_naive(now - idle),
    )
    counted: int = store._read(live, {})[0][0]
    return counted
