"""The JSON API of a native app, which is logged in with a bearer token."""

from __future__ import annotations

import typing as t

import flask

from ...app_state import current_state
from ...core import errors
from ...core.login_request import LoginRequest
from .. import answers
from .. import guard
from .. import pages
from .. import people
from ..body import Body
from ..devices import views as devices
from . import login as phone_login
from . import user_code
from .approver import Approver


def make_blueprint() -> flask.Blueprint:
    """Make the native app's part."""
    blueprint = guard.make_blueprint("qrlogin_api", _refusal_page, authorize=guard.require_bearer)
    blueprint.after_request(_finish)
    blueprint.post("/api/code")(enter_code)
    blueprint.post("/api/scan")(scan)
    blueprint.post("/api/approve")(approve)
    blueprint.post("/api/deny")(deny)
    devices.add_api(blueprint)
    return blueprint


def enter_code() -> flask.typing.ResponseReturnValue:
    """Answer ``POST /api/code``: a token to scan with, for the code that was typed."""
    body, approver = _read()
    code = body.text("code")
    user_code.require_on()
    return flask.jsonify(token=approver.enter(code))


def scan() -> flask.typing.ResponseReturnValue:
    """Answer ``POST /api/scan``: who is asking, and the token to decide with."""
    body, approver = _read()
    request = approver.scan(body.text("token"))
    answer: dict[str, t.Any] = answers.progress(request) | {
        "site": pages.site()["site_host"],
        "asking": answers.asking(request),
        **answers.confirming(request),
    }
    return flask.jsonify(answer)


def approve() -> flask.typing.ResponseReturnValue:
    """Answer ``POST /api/approve``: the person agrees."""
    body, approver = _read()
    request = approver.approve(
        body.text("token"),
        confirm_token=body.text("confirm_token"),
        number=body.optional_text("number"),
        remember=body.flag("remember"),
    )
    return _progress(request)


def deny() -> flask.typing.ResponseReturnValue:
    """Answer ``POST /api/deny``: the person refuses, or takes the approval back."""
    body, approver = _read()
    request = approver.deny(body.text("token"), confirm_token=body.text("confirm_token"))
    return _progress(request)


def _read() -> tuple[Body, Approver]:
    body = Body(forms=False)
    person = people.in_app()

    def is_fresh(login_request: LoginRequest) -> bool:
        # Only the app itself can have asked its owner again.
        hook = current_state().hooks.step_up
        return hook is not None and hook(person.user, flask.request, login_request)

    return body, Approver(person, phone_login.in_app(person), is_fresh)


def _progress(request: LoginRequest) -> flask.Response:
    return flask.jsonify(answers.progress(request))


def _finish(response: flask.Response) -> flask.Response:
    if response.status_code == errors.LoginRequired.status:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _refusal_page(refusal: errors.Refusal) -> None:
    return None
