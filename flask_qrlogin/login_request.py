"""What one QR code stands for, and the only place that says what may happen to it.

Every change is a pure function: it takes a frozen :class:`LoginRequest` and the time, and returns
the next one or raises. :data:`TRANSITIONS` is the whole table.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import enum
import types
import typing as t
from datetime import datetime
from datetime import timedelta

from . import errors

#: The version of a request that nobody has scanned. Every later one that has not ended carries
#: the scanner.
FIRST_VERSION = 1


class State(enum.StrEnum):
    """How far a login request has come."""

    #: Shown, not scanned.
    PENDING = "pending"
    #: One person has scanned it and has not yet decided; only that person may go on.
    SCANNED = "scanned"
    #: That person agreed; the browser has not yet picked the login up.
    APPROVED = "approved"
    #: The browser was logged in, once.
    REDEEMED = "redeemed"
    #: The person refused on the phone.
    DENIED = "denied"
    #: The browser withdrew it.
    CANCELLED = "cancelled"
    #: Its time ran out: computed from the clock, never written.
    EXPIRED = "expired"

    @property
    def is_end(self) -> bool:
        """Whether nothing can follow."""
        return self not in (State.PENDING, State.SCANNED, State.APPROVED)


class Event(enum.StrEnum):
    """What can be done to a login request."""

    SCAN = "scan"
    APPROVE = "approve"
    DENY = "deny"
    CANCEL = "cancel"
    REDEEM = "redeem"


#: Where each event leads. What is not here is refused.
TRANSITIONS: c.Mapping[tuple[State, Event], State] = types.MappingProxyType(
    {
        (State.PENDING, Event.SCAN): State.SCANNED,
        (State.PENDING, Event.CANCEL): State.CANCELLED,
        # The same person scans again, for a new confirm token.
        (State.SCANNED, Event.SCAN): State.SCANNED,
        (State.SCANNED, Event.APPROVE): State.APPROVED,
        (State.SCANNED, Event.DENY): State.DENIED,
        (State.SCANNED, Event.CANCEL): State.CANCELLED,
        (State.APPROVED, Event.SCAN): State.APPROVED,
        # A second tap on Approve.
        (State.APPROVED, Event.APPROVE): State.APPROVED,
        # The person takes the approval back.
        (State.APPROVED, Event.DENY): State.DENIED,
        (State.APPROVED, Event.CANCEL): State.CANCELLED,
        (State.APPROVED, Event.REDEEM): State.REDEEMED,
    }
)


@dataclasses.dataclass(frozen=True, slots=True)
class Profile:
    """What a browser may show of a person before the login: nothing that identifies an account."""

    name: str
    avatar_url: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long each part may take."""

    #: A request, from its start to its end: nothing outlives it.
    request: timedelta = timedelta(seconds=300)
    #: One picture of the code; a fresh one is shown at half of it.
    token: timedelta = timedelta(seconds=60)
    #: From the first scan to the decision.
    decision: timedelta = timedelta(seconds=120)
    #: From the approval until the browser picks the login up.
    pickup: timedelta = timedelta(seconds=120)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LoginRequest:
    """A browser's request to be logged in. Times are aware datetimes in UTC."""

    id: str
    #: Made of the browser secret; it does not lead back to it.
    secret_hash: str = dataclasses.field(repr=False)
    #: As stored: use :meth:`state_at` to know whether the time ran out.
    state: State = State.PENDING
    #: Grows by one with each change.
    version: int = FIRST_VERSION
    created_at: datetime
    #: When the whole request ends.
    expires_at: datetime
    #: When the present state ends; never after ``expires_at``.
    deadline: datetime
    #: The browser's User-Agent header and network address.
    user_agent: str = ""
    address: str = ""
    #: The path of this site to go to after the login.
    next: str | None = None
    #: The scanner: the string of Flask-Login's ``get_id()``.
    user_id: str | None = None
    scanner_name: str | None = None
    scanner_avatar_url: str | None = None
    #: The version that the newest scan led to; the confirm token is bound to it.
    confirm_version: int | None = None
    #: Made by the one poll that redeems, so that it knows its own write.
    nonce: str | None = dataclasses.field(default=None, repr=False)
    #: Why it was denied.
    reason: str | None = None

    def state_at(self, now: datetime) -> State:
        """Return the state at a time, ``expired`` included."""
        if not self.state.is_end and now >= self.deadline:
            return State.EXPIRED
        return self.state

    @property
    def profile(self) -> Profile | None:
        """The scanner's public profile, once scanned."""
        if self.scanner_name is None:
            return None
        return Profile(self.scanner_name, self.scanner_avatar_url)

    def redeemable(self, now: datetime, *, since: int) -> bool:
        """Tell whether a poll that has seen version ``since`` may log in.

        Only if that version carried the scanner, so that the person at the browser has seen who
        logs in. Else a bystander who scans and approves at once would quietly log the browser into
        the bystander's account, and get to know what is done there.
        """
        return self.state_at(now) is State.APPROVED and since > FIRST_VERSION


def scan(
    request: LoginRequest, now: datetime, *, user_id: str, profile: Profile, decision: timedelta
) -> LoginRequest:
    """The person scans; the first one owns the request.

    Scanning again makes a new confirm token, and gives no more time.

    Raises:
        AlreadyScanned: another person was first.
        RequestEnded, RequestExpired: it is too late.
    """
    first = request.user_id is None
    if not first:
        _require_owner(request, user_id)
    return _next(
        request,
        Event.SCAN,
        now,
        deadline=min(now + decision, request.expires_at) if first else request.deadline,
        user_id=user_id,
        scanner_name=profile.name,
        scanner_avatar_url=profile.avatar_url,
        confirm_version=request.version + 1,
    )


def approve(
    request: LoginRequest, now: datetime, *, user_id: str, pickup: timedelta
) -> LoginRequest:
    """The scanner agrees to the login; a second time changes nothing.

    Raises:
        NotScanned, AlreadyScanned: this person does not own the request.
        RequestEnded, RequestExpired: it is too late.
    """
    _require_owner(request, user_id)
    if request.state_at(now) is State.APPROVED:
        return request
    return _next(request, Event.APPROVE, now, deadline=min(now + pickup, request.expires_at))


def deny(
    request: LoginRequest, now: datetime, *, user_id: str, reason: str | None = None
) -> LoginRequest:
    """The scanner refuses, or takes an approval back that was not yet picked up.

    Raises:
        NotScanned, AlreadyScanned: this person does not own the request.
        RequestEnded, RequestExpired: it is too late.
    """
    _require_owner(request, user_id)
    return _next(request, Event.DENY, now, reason=reason)


def cancel(request: LoginRequest, now: datetime) -> LoginRequest:
    """The browser withdraws the request.

    Raises:
        RequestEnded, RequestExpired: it is too late.
    """
    return _next(request, Event.CANCEL, now)


def redeem(request: LoginRequest, now: datetime, *, nonce: str) -> LoginRequest:
    """The browser picks the login up; whoever writes this, and nobody else, logs in.

    Raises:
        NotApproved: nobody has agreed yet.
        RequestEnded, RequestExpired: it is too late.
    """
    return _next(request, Event.REDEEM, now, nonce=nonce)


def _require_owner(request: LoginRequest, user_id: str) -> None:
    if request.user_id is not None and request.user_id != user_id:
        raise errors.AlreadyScanned


def _next(request: LoginRequest, event: Event, now: datetime, **changes: t.Any) -> LoginRequest:
    state = request.state_at(now)
    if state is State.EXPIRED:
        raise errors.RequestExpired
    if state.is_end:
        raise errors.RequestEnded(state=state.value)
    target = TRANSITIONS.get((state, event))
    if target is None:
        raise errors.NotApproved if event is Event.REDEEM else errors.NotScanned
    return dataclasses.replace(request, state=target, version=request.version + 1, **changes)
