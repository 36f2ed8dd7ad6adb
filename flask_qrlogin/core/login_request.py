"""What one QR code stands for, as it is at one moment; ``transitions.py`` says what may follow."""

from __future__ import annotations

import dataclasses
import enum
import re
import typing as t
from datetime import datetime
from datetime import timedelta

from .confirmation import Confirmation

#: The version of a request that nobody has scanned. Every later one that has not ended carries
#: the scanner.
FIRST_VERSION = 1

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


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
    #: Its time ran out; this is computed from the clock, never written.
    EXPIRED = "expired"

    @property
    def is_end(self) -> bool:
        """Whether nothing can follow."""
        return self not in (State.PENDING, State.SCANNED, State.APPROVED)

    @property
    def is_answered(self) -> bool:
        """Whether a person with an account has ended it, so that it counts against no network.

        Not one that the browser withdrew: else one could begin and withdraw without an end.
        """
        return self in (State.REDEEMED, State.DENIED)


@dataclasses.dataclass(frozen=True, slots=True)
class Profile:
    """What a browser may show of a person before the login: nothing that identifies an account."""

    name: str
    avatar_url: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Phone:
    """The device that scans and approves, and how its owner is logged in there."""

    user_agent: str = ""
    address: str = ""
    #: The linked device that it is, if its own login came about by QR code.
    device_id: str | None = None
    #: How strong that login is: ``fresh``, ``remembered``, or a word of the application's own.
    login: str | None = None
    login_at: datetime | None = None

    def columns(self) -> dict[str, t.Any]:
        """Return it as fields of a :class:`LoginRequest`."""
        return {f"approver_{name}": getattr(self, name) for name in self.__slots__}


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

    #: What the browser's polls name it by.
    id: str
    #: Made of the browser secret; it does not lead back to it.
    secret_hash: str = dataclasses.field(repr=False)
    #: As it was stored; use :meth:`state_at` to know whether the time ran out.
    state: State = State.PENDING
    #: Grows by one with each change.
    version: int = FIRST_VERSION
    #: When the browser asked for it.
    created_at: datetime
    #: When the whole request ends.
    expires_at: datetime
    #: When the present state ends; never after ``expires_at``.
    deadline: datetime
    #: The browser's User-Agent header.
    user_agent: str = ""
    #: The browser's network address, if it is known.
    address: str = ""
    #: The first 24 bits of who sent the request itself, or 56 of IPv6, for counting.
    network: str = ""
    #: What this browser is recognised by, if somebody has logged in by QR code there before.
    browser_id: str | None = None
    #: What a person may type on a phone instead of scanning, if the site offers that.
    user_code: str | None = dataclasses.field(default=None, repr=False)
    #: The path of this site to go to after the login.
    next: str | None = None
    #: The user name that was typed on the browser; another person's scan is refused.
    login_hint: str | None = None
    #: Who is logged in at the browser already; only that person may scan.
    requested_by: str | None = None
    #: Who scanned it, as Flask-Login's ``get_id()`` says.
    user_id: str | None = None
    #: What the browser shows of that person.
    scanner_name: str | None = None
    #: The picture beside it.
    scanner_avatar_url: str | None = None
    #: The version that the newest scan led to; the confirm token is bound to it.
    confirm_version: int | None = None
    #: Made by the one poll that redeems, so that it knows its own write.
    nonce: str | None = dataclasses.field(default=None, repr=False)
    #: Why it was denied, a name such as ``number_mismatch``.
    reason: str | None = None
    #: What the scanner has to do to approve.
    confirmation: Confirmation = Confirmation.TAP
    #: The names of the warnings that were shown, with spaces between.
    warnings: str = ""
    #: Whether somebody else has tried to scan it too.
    contested: bool = False
    #: When it was first scanned.
    scanned_at: datetime | None = None
    #: When it was approved or denied.
    decided_at: datetime | None = None
    #: The User-Agent header of the phone, at the last of these steps, as all that is said of it.
    approver_user_agent: str = ""
    #: The phone's network address.
    approver_address: str = ""
    #: The linked device that the phone is, if its own login came about by QR code.
    approver_device_id: str | None = None
    #: How strong that login is, ``fresh``, ``remembered``, or a word of the application's own.
    approver_login: str | None = None
    #: Since when it is that.
    approver_login_at: datetime | None = None
    #: Whether the approver wants the browser to stay logged in.
    remember: bool = False

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


#: The fields that hold a time, or None.
TIMES = ("created_at", "expires_at", "deadline", "scanned_at", "decided_at", "approver_login_at")


def cleaned(text: str, length: int) -> str:
    """Make a text fit into a column: some databases refuse control characters or long ones."""
    return _CONTROL.sub(" ", text)[:length].strip()


def has_control(text: str) -> bool:
    """Tell whether a text has characters that some databases refuse."""
    return _CONTROL.search(text) is not None
