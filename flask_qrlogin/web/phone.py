"""The phone's web browser: shows who is asking, and lets the person decide."""

from __future__ import annotations

import contextlib
import typing as t

import flask
from werkzeug.exceptions import Unauthorized

from .. import errors
from ..app_state import current_state
from ..login_request import LoginRequest
from ..login_request import State
from . import cookies
from . import guard
from . import host_session
from . import people
from . import wire


def make_blueprint() -> flask.Blueprint:
    """Make the part for a phone's web browser."""
    blueprint = guard.make_blueprint(
        "qrlogin_phone", _refusal_page, authorize=guard.require_same_origin
    )
    blueprint.after_request(_discard_session)
    blueprint.get("/s/<token>")(open_code)
    blueprint.post("/s/<token>/scan")(scan)
    blueprint.post("/s/<token>/approve")(approve)
    blueprint.post("/s/<token>/deny")(deny)
    # Whoever opens the address of a form again gets the page that fits.
    blueprint.get("/s/<token>/<any(scan,approve,deny):action>")(back)
    return blueprint


def open_code(token: str) -> flask.typing.ResponseReturnValue:
    """Answer ``GET /s/TOKEN``: the page that fits the state. It writes nothing.

    Anybody's link, sticker or prefetch can bring a phone here, so opening is not scanning.
    """
    person = people.at_browser()
    flow = current_state().flow
    proof = cookies.opened_proof()
    if person is None:
        request = flow.of_phone(token, proof=proof)
        _require_open(request)
        response = _ask_to_log_in()
    else:
        request = flow.of_phone(token, user_id=person.id, proof=proof)
        _require_own_login(person)
        response = _page(token, request, person)
    cookies.keep_opened_proof(response, token)
    return response


def scan(token: str) -> flask.typing.ResponseReturnValue:
    """Answer ``POST /s/TOKEN/scan``: the person taps *Continue*."""
    _scan(token, _require_person())
    return _back(token)


def approve(token: str) -> flask.typing.ResponseReturnValue:
    """Answer ``POST /s/TOKEN/approve``; a request that nobody has scanned is scanned first."""
    person = _require_person()
    flow = current_state().flow
    confirm_token = guard.Body(forms=True).optional_text("confirm_token")
    if confirm_token is None:
        request = flow.of_phone(token, user_id=person.id, proof=cookies.opened_proof())
        if request.state is State.PENDING:
            confirm_token = flow.confirm_token(_scan(token, person))
    flow.approve(
        token,
        user_id=person.id,
        confirm_token=confirm_token or "",
        authorize=person.require_allowed,
    )
    return _back(token)


def deny(token: str) -> flask.typing.ResponseReturnValue:
    """Answer ``POST /s/TOKEN/deny``: the person refuses, or takes the approval back."""
    person = _require_person()
    confirm_token = guard.Body(forms=True).text("confirm_token")
    current_state().flow.deny(token, user_id=person.id, confirm_token=confirm_token)
    return _back(token)


def back(token: str, action: str) -> flask.typing.ResponseReturnValue:
    """Answer a GET of a form's address."""
    return _back(token)


def _scan(token: str, person: people.Person) -> LoginRequest:
    flow = current_state().flow
    proof = cookies.opened_proof()
    person.require_allowed(flow.of_phone(token, user_id=person.id, proof=proof))
    return flow.scan(token, user_id=person.id, profile=person.profile, proof=proof)


def _require_person() -> people.Person:
    person = people.at_browser()
    if person is None:
        raise errors.LoginRequired
    _require_own_login(person)
    return person


def _require_own_login(person: people.Person) -> None:
    """Let no login by QR approve another: one phished login must not breed."""
    if host_session.is_by_qr(person.id) and not current_state().settings.approve_from_linked:
        raise errors.NotAllowed(
            "You were logged in here by a QR code yourself. Scan the code with the device on "
            "which you logged in with your password."
        )


def _require_open(request: LoginRequest) -> None:
    """Say at once what a login would not help with."""
    state = request.state_at(current_state().flow.now())
    if state is State.EXPIRED:
        raise errors.RequestExpired
    if state.is_end:
        raise errors.RequestEnded(state=state.value)


def _ask_to_log_in() -> flask.Response:
    """Send the person to the app's own login, which leads back here."""
    login_manager = flask.current_app.login_manager  # type: ignore[attr-defined]
    # Another code would not help on the phone itself.
    if login_manager.login_view != "qrlogin.login":
        # Without a login_view.
        with contextlib.suppress(Unauthorized):
            return flask.make_response(login_manager.unauthorized())
    raise errors.LoginRequired("Log in to this site on this phone, then scan the code again.")


def _page(token: str, request: LoginRequest, person: people.Person) -> flask.Response:
    if request.user_id is None:
        _require_open(request)
    elif request.user_id != person.id:
        raise errors.AlreadyScanned
    progress = wire.progress(request)
    name = {State.PENDING: "scan", State.SCANNED: "confirm"}.get(progress["state"], "result")
    context: dict[str, t.Any] = {
        "asking": wire.asking(request),
        "profile": request.profile or person.profile,
        "confirm_token": current_state().flow.confirm_token(request),
        "reason": request.reason,
        "links": {
            action: flask.url_for(f"qrlogin_phone.{action}", token=token)
            for action in ("scan", "approve", "deny")
        },
    }
    return wire.page(name, **progress, **context)


def _back(token: str) -> flask.Response:
    """Show the new state with a GET, so that the page can be reloaded."""
    url = flask.url_for("qrlogin_phone.open_code", token=token)
    return flask.make_response(flask.redirect(url, 303))


def _discard_session(response: flask.Response) -> flask.Response:
    """Save the session only with a page: it may hold what the app's own login has to find."""
    if flask.request.method == "POST":
        host_session.discard()
    return response


def _refusal_page(refusal: errors.Refusal) -> flask.Response:
    """Lead back to the code where the form was merely old; else there is nothing to follow."""
    again = (
        errors.ConfirmInvalid,
        errors.ConfirmSuperseded,
        errors.LoginRequired,
        errors.NotScanned,
        errors.StoreUnavailable,
    )
    if flask.request.method != "POST" or not isinstance(refusal, again):
        return guard.error_page(refusal, None)
    url = flask.url_for("qrlogin_phone.open_code", **(flask.request.view_args or {}))
    return guard.error_page(refusal, wire.Action(url, "Show the request"))
