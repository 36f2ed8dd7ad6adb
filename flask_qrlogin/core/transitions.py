"""What may happen to a login request, and the only place that says so.

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
from .confirmation import Assessment
from .confirmation import stricter
from .login_request import LoginRequest
from .login_request import Phone
from .login_request import Profile
from .login_request import State

_NO_PHONE = Phone()
_NO_RISK = Assessment()


class Event(enum.StrEnum):
    """What can be done to a login request."""

    SCAN = "scan"
    APPROVE = "approve"
    DENY = "deny"
    CANCEL = "cancel"
    REDEEM = "redeem"
    #: Somebody else tries to scan it.
    CONTEST = "contest"
    #: More is asked for than when it was scanned.
    ESCALATE = "escalate"


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
        (State.SCANNED, Event.CONTEST): State.SCANNED,
        (State.APPROVED, Event.CONTEST): State.APPROVED,
        (State.SCANNED, Event.ESCALATE): State.SCANNED,
    }
)


def scan(
    request: LoginRequest,
    now: datetime,
    *,
    user_id: str,
    profile: Profile,
    decision: timedelta,
    phone: Phone = _NO_PHONE,
    assessment: Assessment = _NO_RISK,
) -> LoginRequest:
    """The person scans; the first one owns the request.

    Scanning again makes a new confirm token, gives no more time, and asks for no less.

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
        scanned_at=now if first else request.scanned_at,
        confirm_version=request.version + 1,
        # Of one that is approved, the phone is what approved it: looking again is not approving.
        **({} if request.state is State.APPROVED else phone.columns()),
        **_raised(request, assessment),
    )


def contest(request: LoginRequest, now: datetime) -> LoginRequest:
    """Somebody else tries to scan; it is noted once, for the owner to be warned."""
    if request.contested or (request.state_at(now), Event.CONTEST) not in TRANSITIONS:
        return request
    return _next(request, Event.CONTEST, now, contested=True)


def escalate(
    request: LoginRequest, now: datetime, *, user_id: str, assessment: Assessment
) -> LoginRequest:
    """Ask the scanner for more than at the scan.

    Raises:
        NotScanned, AlreadyScanned: this person does not own the request.
        RequestEnded, RequestExpired: it is too late.
    """
    _require_owner(request, user_id)
    return _next(request, Event.ESCALATE, now, **_raised(request, assessment))


def _raised(request: LoginRequest, assessment: Assessment) -> dict[str, t.Any]:
    """Return what is asked and warned of from now on: never less than before."""
    names = dict.fromkeys([*request.warnings.split(), *assessment.warnings])
    return {
        "confirmation": stricter(request.confirmation, assessment.confirmation),
        "warnings": " ".join(names),
    }


def approve(
    request: LoginRequest,
    now: datetime,
    *,
    user_id: str,
    pickup: timedelta,
    phone: Phone = _NO_PHONE,
    remember: bool = False,
) -> LoginRequest:
    """The scanner agrees to the login; a second time changes nothing.

    Raises:
        NotScanned, AlreadyScanned: this person does not own the request.
        RequestEnded, RequestExpired: it is too late.
    """
    _require_owner(request, user_id)
    if request.state_at(now) is State.APPROVED:
        return request
    return _next(
        request,
        Event.APPROVE,
        now,
        deadline=min(now + pickup, request.expires_at),
        decided_at=now,
        remember=remember,
        **phone.columns(),
    )


def deny(
    request: LoginRequest, now: datetime, *, user_id: str, reason: str | None = None
) -> LoginRequest:
    """The scanner refuses, or takes an approval back that was not yet picked up.

    Raises:
        NotScanned, AlreadyScanned: this person does not own the request.
        RequestEnded, RequestExpired: it is too late.
    """
    _require_owner(request, user_id)
    return _next(request, Event.DENY, now, decided_at=now, reason=reason)


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


def require_open(request: LoginRequest, now: datetime) -> State:
    """Return the state of a request that something may still follow.

    Raises:
        RequestEnded, RequestExpired: it is too late.
    """
    state = request.state_at(now)
    if state is State.EXPIRED:
        raise errors.RequestExpired
    if state.is_end:
        raise errors.RequestEnded(state=state.value)
    return state


def _next(request: LoginRequest, event: Event, now: datetime, **changes: t.Any) -> LoginRequest:
    state = require_open(request, now)
    target = TRANSITIONS.get((state, event))
    if target is None:
        raise errors.NotApproved if event is Event.REDEEM else errors.NotScanned
    return dataclasses.replace(request, state=target, version=request.version + 1, **changes)
