"""Looks for what must never happen in what clients have sent and were answered.

Times are those of one monotonic clock that all clients share: an event takes effect somewhere
between ``invoked`` and ``returned``. What is known for sure follows from that alone: one event
came before another if it had returned before the other was invoked.
"""

from __future__ import annotations

import collections
import collections.abc as c
import dataclasses
import itertools

#: What ends a request for good, since it is written. No request has two of them.
_ENDS = {"redeem": "redeemed", "deny": "denied", "cancel": "cancelled"}
#: How many seconds a request and an approval last.
_LIFETIME, _PICKUP = 300.0, 120.0
_RANK = {"pending": 0, "scanned": 1, "approved": 2}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One request of a client, and its answer."""

    #: start, poll, cancel, scan, approve or deny.
    action: str
    #: Of the login request.
    id: str
    invoked: float
    returned: float
    #: Who uses the phone.
    person: str | None = None
    #: The version that a poll said its browser has seen.
    since: int = 0
    #: None if the answer was lost on its way.
    status: int | None = None
    code: str | None = None
    state: str | None = None
    version: int | None = None
    #: The name that a poll was told.
    profile: str | None = None
    #: Whether it was told where to go after the login.
    location: bool = False
    #: Whom the host knows by the session cookie of this answer.
    login: str | None = None

    @property
    def done(self) -> bool:
        """Whether the client knows that it was done."""
        return self.status in (200, 201)

    @property
    def unknown(self) -> bool:
        """Whether it may have been done, or not, for all that the client was told."""
        return self.status is None or self.status >= 500


@dataclasses.dataclass(frozen=True, slots=True)
class Anomaly:
    """Something that must not happen, with all that is known of that request."""

    kind: str
    id: str
    events: tuple[Event, ...] = dataclasses.field(repr=False)

    def __str__(self) -> str:
        return "\n  ".join([f"{self.kind} ({self.id})", *map(str, self.events)])


@dataclasses.dataclass(slots=True)
class History:
    """What all clients have seen, of requests that last as long as they do by default."""

    events: list[Event] = dataclasses.field(default_factory=list, repr=False)

    def add(self, event: Event) -> None:
        """Note an event; safe from many threads."""
        self.events.append(event)

    def count(self, **values: object) -> int:
        """Return how many events have these values."""
        return sum(
            all(getattr(event, name) == value for name, value in values.items())
            for event in self.events
        )

    @property
    def logins(self) -> int:
        """How many logins there were."""
        return sum(event.login is not None for event in self.events)

    def anomalies(self) -> list[Anomaly]:
        """Return what must not have happened."""
        by_id = collections.defaultdict(list)
        for event in sorted(self.events, key=lambda event: event.invoked):
            by_id[event.id].append(event)
        return [
            Anomaly(kind, id, tuple(events))
            for id, events in by_id.items()
            for kind in dict.fromkeys(_kinds(events))
        ]

    def check(self) -> None:
        """Fail if something has happened that must not."""
        anomalies = self.anomalies()
        assert not anomalies, f"{len(anomalies)} anomalies\n" + "\n".join(map(str, anomalies[:5]))


def _kinds(events: list[Event]) -> c.Iterator[str]:
    yield from _logins(events)
    yield from _lost(events)
    yield from _order(events)
    for event in events:
        if event.unknown and event.status is not None and event.code != "store_unavailable":
            yield f"unclear answer {event.status}"
        if event.code == "request_not_found":
            yield "vanished"


def _logins(events: list[Event]) -> c.Iterator[str]:
    logins = [event for event in events if event.login is not None]
    if len(logins) > 1:
        yield "several logins"
    for login in logins:
        agreed = [
            event.person
            for event in events
            if event.action == "approve"
            and (event.done or event.unknown or event.state == "redeemed")
            and event.invoked < login.returned
        ]
        if not agreed:
            yield "login without approval"
        elif login.login not in agreed:
            yield "login as another person"
        if login.since < 2:
            yield "login of a browser that has not seen who"
        for event in events:
            if event.done and event.action in ("deny", "cancel") and _is_before(event, login):
                yield "login after the end"
    if any(event.location != (event.login is not None) for event in events):
        yield "half a login"


def _lost(events: list[Event]) -> c.Iterator[str]:
    """Find approvals, and logins, that nobody got."""
    logins = [event for event in events if event.login is not None]
    redeeming = [event for event in events if event.action == "poll" and event.since >= 2]
    started = min(event.invoked for event in events)
    for seen in (event for event in events if event.state == "redeemed"):
        # The answer that brought the login, or would have.
        lost = (event.unknown and event.invoked < seen.returned for event in redeeming)
        if not logins and not any(lost):
            yield "login for nobody"
    for approved in events:
        if not (approved.done and approved.action == "approve"):
            continue
        for poll in redeeming:
            deadline = min(started + _LIFETIME, approved.invoked + _PICKUP)
            due = _is_before(approved, poll) and poll.returned < deadline
            if not due or poll.unknown or poll in logins:
                continue
            ended = any(
                (event.done or event.unknown)
                and event.invoked < poll.returned
                and _ENDS.get(event.action, "") == poll.state
                for event in events
            )
            # Who got that login, the other check finds.
            if not ended and poll.state != "redeemed":
                yield "lost approval"


def _order(events: list[Event]) -> c.Iterator[str]:
    told = [event for event in events if event.state is not None]
    for earlier, later in itertools.product(told, told):
        if not _is_before(earlier, later):
            continue
        if _has_ended(earlier):
            if later.state != earlier.state:
                yield "the end did not last"
        elif not _has_ended(later) and _RANK[str(later.state)] < _RANK[str(earlier.state)]:
            yield "state went back"
        if None not in (later.version, earlier.version) and later.version < earlier.version:  # type: ignore[operator]
            yield "version shrank"
    written = {event.state for event in told} & {*_ENDS.values()}
    if len(written) > 1:
        yield "several ends"
    states = collections.defaultdict(set)
    names = set()
    for event in told:
        if event.version is not None and event.state != "expired":
            states[event.version].add(event.state)
        if event.profile is not None:
            names.add(event.profile)
        if event.action == "scan" and event.done:
            names.add(f"Person {event.person}")
    if any(len(found) > 1 for found in states.values()):
        yield "two states of one version"
    if len(names) > 1:
        yield "several scanners"


def _is_before(earlier: Event, later: Event) -> bool:
    return earlier.returned < later.invoked


def _has_ended(event: Event) -> bool:
    return event.state not in _RANK
