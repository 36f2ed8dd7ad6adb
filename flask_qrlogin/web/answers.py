"""What goes over the wire as JSON: records and refusals, as clients are told of them."""

from __future__ import annotations

import collections.abc as c
import math
import typing as t
from datetime import datetime
from datetime import UTC

import flask

from ..app_state import current_state
from ..core import errors
from ..core.linked_device import LinkedDevice
from ..core.login_request import LoginRequest
from ..hooks import default_describe_browser
from ..hooks import parse_browser
from ..hooks import Place
from . import i18n

T = t.TypeVar("T")


def told(refusal: errors.Refusal) -> dict[str, t.Any]:
    """Say in the person's language what was refused, and why."""
    return {
        "title": i18n.gettext(refusal.title),
        "status": refusal.status,
        "code": refusal.code,
        **({"detail": i18n.gettext(refusal.detail)} if refusal.detail else {}),
        **refusal.extra,
    }


def problem(refusal: errors.Refusal) -> flask.Response:
    """Write a refusal as ``application/problem+json`` (RFC 9457), with its stable code."""
    response = flask.jsonify(told(refusal))
    response.mimetype = "application/problem+json"
    response.status_code = refusal.status
    return response


def timestamp(moment: datetime) -> str:
    """Write a time as RFC 3339, to the second."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read_timestamp(text: str) -> datetime:
    """Read a time as RFC 3339.

    Raises:
        BadRequest
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise errors.BadRequest("A time has to be written like 2030-01-31T12:00:00Z.")
    return moment


def expires_in(request: LoginRequest) -> int:
    """Return the whole seconds that the present state still lasts."""
    now = current_state().flow.now()
    if request.state_at(now).is_end:
        return 0
    return math.ceil((request.deadline - now).total_seconds())


def progress(request: LoginRequest) -> dict[str, t.Any]:
    """Describe how far a request has come, as the app API answers it."""
    return {
        "state": current_state().flow.state_of(request),
        "version": request.version,
        "expires_in": expires_in(request),
    }


def asking(request: LoginRequest) -> dict[str, t.Any]:
    """Say who is asking, for the person who decides: browser and system, address, place, age."""
    state = current_state()
    place = place_of(request.address)
    age = state.flow.now() - request.created_at
    return {
        "browser": browser_of(request.user_agent),
        "ip": request.address or None,
        "place": None if place is None else str(place),
        "age": max(0, int(age.total_seconds())),
    }


def confirming(request: LoginRequest) -> dict[str, t.Any]:
    """Say what the scanner is asked for, and warned of: for the scanner's eyes only."""
    flow = current_state().flow
    return {
        "warnings": request.warnings.split(),
        "confirmation": request.confirmation,
        "choices": flow.choices(request),
        "confirm_token": flow.confirm_token(request),
    }


def device(device: LinkedDevice, *, current: str | None = None) -> dict[str, t.Any]:
    """Describe a linked device to its owner; ``current`` is the one that asks."""
    login_at = device.approver_login_at
    return {
        "id": device.id,
        "name": device.name,
        "browser": browser_of(device.user_agent),
        "place": device.place,
        "ip": device.address or None,
        "created_at": timestamp(device.created_at),
        "last_seen_at": timestamp(device.last_seen_at),
        "expires_at": timestamp(device.expires_at),
        "remembered": device.remembered,
        "current": device.id == current,
        "approved_by": {
            "browser": browser_of(device.approver_user_agent),
            "ip": device.approver_address or None,
            "login": device.approver_login,
            "login_at": login_at and timestamp(login_at),
        },
    }


def device_in_words(linked: LinkedDevice, *, current: str | None = None) -> dict[str, t.Any]:
    """Describe a linked device on a page, with its times in the person's words."""
    return device(linked, current=current) | {
        "logged_in": _in_words(linked.created_at),
        "last_seen": _in_words(linked.last_seen_at),
    }


def _in_words(when: datetime) -> dict[str, t.Any]:
    age = current_state().now() - when
    return {
        "datetime": timestamp(when),
        "text": i18n.moment(when),
        "age": max(0, age.total_seconds()),
    }


def browser_of(user_agent: str) -> str:
    """Name a browser and its system."""
    describe = current_state().hooks.describe_browser
    if describe is default_describe_browser:
        describe = _describe_browser
    return _told(describe, user_agent, i18n.gettext("An unknown browser"))


def _describe_browser(user_agent: str) -> str:
    """Do as the hook's default does, in the person's language."""
    browser, system = parse_browser(user_agent)
    browser = browser or i18n.gettext("An unknown browser")
    if system is None:
        return browser
    return i18n.gettext("%(browser)s on %(system)s", browser=browser, system=system)


def place_of(address: str) -> Place | None:
    """Return where a network address is, if that is known."""
    return _told(current_state().locate, address, None) if address else None


def _told(hook: c.Callable[[str], T], text: str, default: T) -> T:
    """Ask a hook that only describes: where it fails, the person must still be able to deny."""
    try:
        return hook(text)
    except Exception:
        flask.current_app.logger.exception("A hook of flask_qrlogin that describes failed.")
        return default
