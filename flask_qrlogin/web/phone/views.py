"""The phone's web browser: shows who is asking, and lets the person decide."""

from __future__ import annotations

import contextlib
import typing as t

import flask
from werkzeug.exceptions import Unauthorized

from ...app_state import current_state
from ...core import errors
from ...core.confirmation import Confirmation
from ...core.login_request import LoginRequest
from ...core.login_request import State
from .. import answers
from .. import cookies
from .. import guard
from .. import host_session
from .. import i18n
from .. import limits
from .. import pages
from .. import people
from .. import urls
from ..body import Body
from . import approver
from . import login as phone_login
from .approver import Approver


def make_blueprint() -> flask.Blueprint:
    """Make the part for a phone's web browser."""
    blueprint = guard.make_blueprint(
        "qrlogin_phone",
        _refusal_page,
        authorize=guard.require_same_origin,
        saves_session=guard.is_page,
    )
    blueprint.get("/s/<token>")(open_code)
    blueprint.get("/s/<token>/log-in-again")(log_in_again)
    blueprint.post("/s/<token>/scan")(scan)
    blueprint.post("/s/<token>/approve")(approve)
    blueprint.post("/s/<token>/deny")(deny)
    blueprint.post("/s/<token>/not-me")(not_me)
    # Whoever opens the address of a form again gets the page that fits.
    blueprint.get("/s/<token>/<any(scan, approve, deny, 'not-me'):action>")(back)
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
        limits.count_stranger()
        flow.require_open(request)  # A login would not help.
        response = people.ask_to_log_in(
            "Log in to this site on this phone, then scan the code again.", by_qr=False
        )
    else:
        request = flow.of_phone(token, user_id=person.id, proof=proof)
        _require_own_login(person)
        limits.count_lookup(person.id)
        response = _page(token, request, person)
    cookies.keep_opened_proof(response, token)
    return response


def scan(token: str) -> flask.typing.ResponseReturnValue:
    """Answer ``POST /s/TOKEN/scan``: the person taps *Continue*."""
    require_approver().scan(token, proof=cookies.opened_proof())
    return _back(token)


def approve(token: str) -> flask.typing.ResponseReturnValue:
    """Answer ``POST /s/TOKEN/approve``; a request that nobody has scanned is scanned first."""
    approver = require_approver()
    flow, proof = current_state().flow, cookies.opened_proof()
    body = Body(forms=True)
    confirm_token, number = body.optional_text("confirm_token"), body.optional_text("number")
    if confirm_token is None:
        request = flow.of_phone(token, user_id=approver.person.id, proof=proof)
        if request.state is State.PENDING:
            confirm_token = flow.confirm_token(approver.scan(token, proof=proof))
            # The browser shows it only from now on: what was sent is a guess.
            number = None
    # Where more is asked for, the page that this leads to asks for it.
    with contextlib.suppress(errors.StepUpRequired):
        approver.approve(
            token,
            confirm_token=confirm_token or "",
            number=number,
            remember=body.flag("remember"),
        )
    return _back(token)


def deny(token: str) -> flask.typing.ResponseReturnValue:
    """Answer ``POST /s/TOKEN/deny``: the person refuses, or takes the approval back."""
    approver = require_approver()
    confirm_token = Body(forms=True).text("confirm_token")
    # Where the browser is logged in already, the page that this leads to can log it out.
    with contextlib.suppress(errors.RequestEnded):
        approver.deny(token, confirm_token=confirm_token)
    return _back(token)


def not_me(token: str) -> flask.typing.ResponseReturnValue:
    """Answer ``POST /s/TOKEN/not-me``: end the login, and what else may be an attacker's."""
    person = require_person()
    request = current_state().flow.of_phone(token, user_id=person.id)
    if request.user_id != person.id:
        raise errors.AlreadyScanned
    current_state().devices.not_me(request.id, user_id=person.id)
    return _back(token)


def log_in_again(token: str) -> flask.typing.ResponseReturnValue:
    """Answer ``GET /s/TOKEN/log-in-again``: to the app's own page for that, and back here."""
    person = require_person()
    request = current_state().flow.of_phone(token, user_id=person.id)
    if phone_login.is_fresh(person, request):
        return _back(token)
    login_manager = flask.current_app.login_manager  # type: ignore[attr-defined]
    with contextlib.suppress(Unauthorized):
        # Without a refresh_view.
        return flask.make_response(login_manager.needs_refresh())
    raise errors.StepUpRequired(
        "You have to log in again to approve this, but this site has no page for that."
    )


def back(token: str, action: str) -> flask.typing.ResponseReturnValue:
    """Answer a GET of a form's address."""
    return _back(token)


def require_approver() -> Approver:
    """Return the person on this phone, who may decide here.

    Raises:
        LoginRequired, NotAllowed
    """
    person = require_person()
    return Approver(
        person,
        phone_login.at_browser(person),
        is_fresh=lambda login_request: phone_login.is_fresh(person, login_request),
    )


def require_person() -> people.Person:
    """Return who is logged in on this phone, but not by a QR code itself.

    Raises:
        LoginRequired, NotAllowed
    """
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


def _page(token: str, request: LoginRequest, person: people.Person) -> flask.Response:
    if request.user_id is None:
        current_state().flow.require_open(request)
    elif request.user_id != person.id:
        raise errors.AlreadyScanned
    progress = answers.progress(request)
    name = {State.PENDING: "scan", State.SCANNED: "confirm"}.get(progress["state"], "result")
    context: dict[str, t.Any] = {
        "asking": answers.asking(request),
        "profile": request.profile or person.profile,
        "reason": request.reason,
        "links": {
            action: flask.url_for(f"qrlogin_phone.{action}", token=token)
            for action in ("scan", "approve", "deny", "not_me", "log_in_again")
        }
        | {"main": urls.main_page()},
        "another": _another_code(token),
        **answers.confirming(request),
    }
    if name == "scan":
        user_code = current_state().flow.is_typed(token)
        context["warnings"] = approver.observe(person, request, user_code=user_code).warnings
    if progress["state"] is State.REDEEMED:
        # In the moment of the login there is no device yet.
        with contextlib.suppress(errors.DeviceNotFound):
            context["login_ended"] = current_state().devices.get(request.id).end_reason
    needs_login = request.confirmation is Confirmation.REAUTH
    if needs_login and not phone_login.is_fresh(person, request):
        context["fresh_login_url"] = context["links"]["log_in_again"]
    return pages.render(name, **progress, **context)


def _back(token: str) -> flask.Response:
    """Show the new state with a GET, so that the page can be reloaded."""
    url = flask.url_for("qrlogin_phone.open_code", token=token)
    return flask.make_response(flask.redirect(url, 303))


def _another_code(token: str) -> pages.Action:
    """Lead to the next code, which is scanned or typed as this one was."""
    if current_state().flow.is_typed(token):
        url = flask.url_for("qrlogin_code.show")
        return pages.Action(url, i18n.gettext("Type another code"))
    url = flask.url_for("qrlogin_scanner.show")
    return pages.Action(url, i18n.gettext("Scan another code"))


def _refusal_page(refusal: errors.Refusal) -> flask.Response:
    """Lead back to the code where that helps, else to another, or where none helps to the site."""
    again = (
        errors.ConfirmInvalid,
        errors.ConfirmSuperseded,
        errors.LoginRequired,
        errors.NotScanned,
        errors.RateLimited,
        errors.StoreUnavailable,
    )
    token = (flask.request.view_args or {})["token"]
    if isinstance(refusal, again):
        url = flask.url_for("qrlogin_phone.open_code", token=token)
        return pages.error_page(refusal, pages.Action(url, i18n.gettext("Show the request")))
    if isinstance(refusal, (errors.NotAllowed, errors.OriginRefused, errors.StepUpRequired)):
        return pages.error_page(refusal, None)
    return pages.error_page(refusal, _another_code(token))
