"""The JSON API of a native app, which is logged in with a bearer token."""

from __future__ import annotations

import typing as t

import flask

from .. import errors
from ..app_state import current_state
from ..login_request import LoginRequest
from . import guard
from . import host_session
from . import people
from . import wire


def make_blueprint() -> flask.Blueprint:
    """Make the native app's part."""
    blueprint = guard.make_blueprint("qrlogin_api", _refusal_page, authorize=guard.require_bearer)
    blueprint.after_request(_finish)
    blueprint.post("/api/scan")(scan)
    blueprint.post("/api/approve")(approve)
    blueprint.post("/api/deny")(deny)
    return blueprint


def scan() -> flask.typing.ResponseReturnValue:
    """Answer ``POST /api/scan``: who is asking, and the token to decide with."""
    body, person = _read()
    token = body.text("token")
    flow = current_state().flow
    person.require_allowed(flow.of_phone(token, user_id=person.id))
    request = flow.scan(token, user_id=person.id, profile=person.profile)
    answer: dict[str, t.Any] = wire.progress(request) | {
        "site": wire.site()["site_host"],
        "asking": wire.asking(request),
        "warnings": [],
        "confirmation": "tap",
        "confirm_token": flow.confirm_token(request),
    }
    return flask.jsonify(answer)


def approve() -> flask.typing.ResponseReturnValue:
    """Answer ``POST /api/approve``: the person agrees."""
    body, person = _read()
    request = current_state().flow.approve(
        body.text("token"),
        user_id=person.id,
        confirm_token=body.text("confirm_token"),
        authorize=person.require_allowed,
    )
    return _progress(request)


def deny() -> flask.typing.ResponseReturnValue:
    """Answer ``POST /api/deny``: the person refuses, or takes the approval back."""
    body, person = _read()
    request = current_state().flow.deny(
        body.text("token"), user_id=person.id, confirm_token=body.text("confirm_token")
    )
    return _progress(request)


def _read() -> tuple[guard.Body, people.Person]:
    body = guard.Body(forms=False)
    return body, people.in_app()


def _progress(request: LoginRequest) -> flask.Response:
    return flask.jsonify(wire.progress(request))


def _finish(response: flask.Response) -> flask.Response:
    """Set no session cookie: a native app has none."""
    host_session.discard()
    if response.status_code == errors.LoginRequired.status:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _refusal_page(refusal: errors.Refusal) -> None:
    return None
