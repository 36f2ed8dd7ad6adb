"""A login that came about by QR code, as long as it lasts."""

from __future__ import annotations

import dataclasses
from datetime import datetime
from datetime import timedelta

from .login_request import LoginRequest


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class LinkedDevice:
    """A browser that a person is logged in with by QR code. Times are aware datetimes in UTC."""

    #: The id of the login request it came from.
    id: str
    #: Whose login it is, as Flask-Login's ``get_id()`` says.
    user_id: str
    #: Browser and system, until the person gives it another name.
    name: str
    #: The browser's User-Agent header.
    user_agent: str = ""
    #: The newest network address.
    address: str = ""
    #: Where that address seems to be.
    place: str | None = None
    #: What this browser is recognised by when it asks for a code again.
    browser_id: str
    #: When the browser was logged in.
    created_at: datetime
    #: When it was last used, to a few minutes.
    last_seen_at: datetime
    #: When the login ends by itself, unless it is idle for too long before.
    expires_at: datetime
    #: Whether the browser keeps it when it is closed.
    remembered: bool = False
    #: The User-Agent header of the phone that approved it.
    approver_user_agent: str = ""
    #: The phone's network address.
    approver_address: str = ""
    #: The linked device that the phone was, if its own login came about by QR code.
    approver_device_id: str | None = None
    #: How strong the phone's login was, ``fresh``, ``remembered``, or a word of the app's own.
    approver_login: str | None = None
    #: Since when it was that.
    approver_login_at: datetime | None = None
    #: When the login ended, if it was ended.
    ended_at: datetime | None = None
    #: Why, as ``logout``, ``replaced``, ``ended``, ``not_me``, ``approver_ended`` or ``account``.
    end_reason: str | None = None

    def is_live(self, now: datetime, *, idle: timedelta | None = None) -> bool:
        """Tell whether the login still counts: neither ended nor expired, nor idle for so long."""
        if self.ended_at is not None or now >= self.expires_at:
            return False
        return idle is None or now - self.last_seen_at < idle


def link(
    request: LoginRequest,
    now: datetime,
    *,
    lifetime: timedelta,
    name: str = "",
    address: str = "",
    place: str | None = None,
    browser_id: str = "",
) -> LinkedDevice:
    """Make the device of the login that a request brings about."""
    return LinkedDevice(
        id=request.id,
        user_id=request.user_id or "",
        name=one_line(name, 100) or "A browser",
        user_agent=request.user_agent,
        address=address,
        place=one_line(place or "", 200) or None,
        browser_id=browser_id,
        created_at=now,
        last_seen_at=now,
        expires_at=now + lifetime,
        remembered=request.remember,
        approver_user_agent=request.approver_user_agent,
        approver_address=request.approver_address,
        approver_device_id=request.approver_device_id,
        approver_login=request.approver_login,
        approver_login_at=request.approver_login_at,
    )


def one_line(text: str, length: int) -> str:
    """Make a text fit into a column and one line, without what is not seen."""
    shown = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(shown.split())[:length].strip()
