"""Turns records and refusals into what goes over the wire: JSON and pages."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import math
import typing as t
from datetime import datetime
from datetime import UTC

import flask

from .. import errors
from .. import i18n
from .. import qr_image
from ..app_state import current_state
from ..hooks import Place
from ..linked_device import LinkedDevice
from ..login_request import LoginRequest
from ..login_request import State

T = t.TypeVar("T")


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """A link that leads a person on."""

    url: str
    label: str


def problem(refusal: errors.Refusal) -> flask.Response:
    """Write a refusal as ``application/problem+json`` (RFC 9457), with its stable code."""
    body = {
        "title": refusal.title,
        "status": refusal.status,
        "code": refusal.code,
        **({"detail": refusal.detail} if refusal.detail else {}),
        **refusal.extra,
    }
    response = flask.jsonify(body)
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
        "state": request.state_at(current_state().flow.now()),
        "version": request.version,
        "expires_in": expires_in(request),
    }


def qr_text(request: LoginRequest) -> tuple[str, datetime]:
    """Return the text of a fresh QR code for a request, and its time of issue."""
    state = current_state()
    token, issued_at = state.flow.qr_token(request)
    url = state.base_url() + flask.url_for("qrlogin_phone.open_code", token=token)
    expires_at = min(issued_at + state.settings.token_lifetime, request.deadline)
    return state.hooks.qr_payload(url, token, issued_at, expires_at), issued_at


def fresh_qr(request: LoginRequest) -> dict[str, t.Any]:
    """Describe a fresh QR code, with its picture."""
    text, issued_at = qr_text(request)
    svg = qr_image.svg(text, current_state().qr_style)
    return {"qr": {"url": text, "svg": svg}, "issued_at": timestamp(issued_at)}


def started(request: LoginRequest) -> dict[str, t.Any]:
    """Describe a new request to the browser that began it."""
    state = current_state()
    return {
        "id": request.id,
        **progress(request),
        **fresh_qr(request),
        "expires_at": timestamp(request.deadline),
        "interval": state.pacing.unheld(),
        "links": browser_links(request),
    }


def polled(request: LoginRequest, *, qr_due: bool, interval: float) -> dict[str, t.Any]:
    """Describe a request to its browser: about the person, it says only the public profile."""
    answer = progress(request) | {"interval": interval}
    if request.profile is not None:
        answer["profile"] = dataclasses.asdict(request.profile)
    number = current_state().flow.number(request)
    if number is not None:
        answer["number"] = number
    if request.reason is not None:
        answer["reason"] = request.reason
    if qr_due and answer["state"] is State.PENDING:
        answer |= fresh_qr(request)
    return answer


def browser_links(request: LoginRequest) -> dict[str, str]:
    """Return where the browser goes on with its request."""
    return {
        name: flask.url_for(f"qrlogin.{endpoint}", id=request.id)
        for name, endpoint in {
            "self": "show",
            "poll": "poll",
            "cancel": "cancel",
            "qr_svg": "qr_svg",
            "qr_png": "qr_png",
        }.items()
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
    approvals = current_state().approvals
    return {
        "warnings": request.warnings.split(),
        "confirmation": request.confirmation,
        "choices": approvals.choices(request),
        "confirm_token": approvals.confirm_token(request),
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


def browser_of(user_agent: str) -> str:
    """Name a browser and its system."""
    return _told(current_state().hooks.describe_browser, user_agent, "An unknown browser")


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


def site() -> dict[str, str]:
    """Say which site this is, so that people can tell it from another."""
    state = current_state()
    host = state.base_url().partition("://")[2]
    return {"site_name": state.settings.site_name or host, "site_host": host}


def static_url(filename: str) -> str:
    """Return the URL of one of our static files; it holds the version."""
    return flask.url_for("qrlogin.static", filename=filename)


def page(name: str, **context: t.Any) -> flask.Response:
    """Render one of our pages."""
    return flask.make_response(
        flask.render_template(
            f"qrlogin/{name}.html",
            language=i18n.language(),
            direction=i18n.direction(),
            static_url=static_url,
            login_url=flask.url_for("qrlogin.login"),
            **site(),
            **context,
        )
    )
