"""The browser that waits: shows the code, polls, and is logged in."""

from __future__ import annotations

import contextlib
import importlib.metadata
import math

import flask

from ...app_state import current_state
from ...core import errors
from ...core.login_request import LoginRequest
from ...core.login_request import State
from ...qr import image as qr_image
from .. import answers
from .. import cookies
from .. import guard
from .. import host_session
from .. import i18n
from .. import limits
from .. import pages
from .. import people
from .. import urls
from .. import whereabouts
from ..body import Body
from ..devices import notices
from . import code
from . import holding
from . import panel

#: Set for the answer that logs in; not in ``flask.g``, which tests and jobs may share.
_LOGGED_IN = "flask_qrlogin.logged_in"
#: What to do where a code is a second step.
_LOGIN_FIRST = errors._("Log in here with your password first, then scan the code.")
#: What the column holds.
_LONGEST_HINT = 255


def make_blueprint() -> flask.Blueprint:
    """Make the browser's part, which also brings the templates and static files of all."""
    blueprint = guard.make_blueprint(
        "qrlogin",
        _refusal_page,
        authorize=guard.require_same_origin,
        saves_session=_saves_session,
        root_path=flask.helpers.get_root_path("flask_qrlogin"),
        template_folder="templates",
        static_folder="static/qrlogin",
        # With the version in the path, modules that import each other stay in step.
        static_url_path=f"/static/{importlib.metadata.version('flask-qrlogin')}",
    )
    blueprint.get("/")(login)
    blueprint.post("/requests")(start)
    blueprint.get("/requests/<id>")(show)
    blueprint.post("/requests/<id>/poll")(poll)
    blueprint.post("/requests/<id>/cancel")(cancel)
    # Whoever opens the address of a form again gets the page that fits.
    blueprint.get("/requests")(back)
    blueprint.get("/requests/<id>/<any(poll,cancel):action>")(back)
    blueprint.get("/requests/<id>/qr.svg")(qr_svg)
    blueprint.get("/requests/<id>/qr.png")(qr_png)
    return blueprint


def login() -> flask.typing.ResponseReturnValue:
    """Answer ``GET /``: the ready-made login page."""
    person = people.at_browser()
    if _wants_code(person):
        return pages.render("login")
    if person is None:
        return people.ask_to_log_in(_LOGIN_FIRST, by_qr=False)
    return flask.redirect(urls.wanted() or urls.main_page())


def start() -> flask.typing.ResponseReturnValue:
    """Answer ``POST /requests``: a new login request, and the cookie that binds it."""
    body = Body(forms=True)
    asked = body.optional_text("next")
    next = urls.own(asked)
    if asked is not None and next is None:
        raise errors.BadRequest("'next' has to be a path of this site, such as '/welcome'.")
    login_hint = body.optional_text("login_hint")
    if login_hint is not None and len(login_hint) > _LONGEST_HINT:
        raise errors.BadRequest(f"'login_hint' has to be at most {_LONGEST_HINT} characters.")
    state = current_state()
    requested_by = _require_may_start()
    browser_id = cookies.browser_id()
    limits.count_start(browser_id)
    login_request, secret = state.flow.draft(
        user_agent=flask.request.user_agent.string,
        address=whereabouts.address(),
        network=whereabouts.network(),
        browser_id=browser_id,
        next=next,
        login_hint=login_hint,
        requested_by=requested_by,
        user_code=state.settings.user_code,
    )
    if body.is_form:
        response = _see_other(code.links(login_request)["self"])
    else:
        response = flask.jsonify(code.started(login_request))
        response.status_code = 201
    # Last, so that a hook that raises leaves nothing behind.
    state.flow.start(login_request)
    for id in cookies.keep_secret(response, login_request, secret):
        # So that one browser has only a few; what has ended meanwhile needs nothing.
        with contextlib.suppress(errors.Refusal):
            state.flow.cancel(id, cookies.secret_of(id))
    return response


def show(id: str) -> flask.typing.ResponseReturnValue:
    """Answer ``GET /requests/ID``: the page for a browser without JavaScript."""
    request = current_state().flow.of_browser(id, cookies.secret_of(id))
    limits.count_poll(id)
    progress = answers.progress(request)
    return pages.render(
        "request",
        request_id=id,
        profile=request.profile,
        reason=request.reason,
        number=current_state().flow.number(request),
        app_link=code.app_link(request) if progress["state"] is State.PENDING else None,
        user_code=code.code_to_type(request),
        picture_seconds=int(current_state().settings.token_lifetime.total_seconds()),
        links=code.links(request),
        **panel.around_code(request.next),
        **progress,
    )


def poll(id: str) -> flask.typing.ResponseReturnValue:
    """Answer ``POST /requests/ID/poll``: the state, and the login once it is approved."""
    body = Body(forms=True)
    since = body.number("since", 0)
    # A person who clicked *Continue* on a page without JavaScript is not kept waiting.
    wait = 0 if body.is_form else body.number("wait", 0)
    issued_at = body.optional_text("issued_at")
    flow = current_state().flow
    shown_since = None if issued_at is None else answers.read_timestamp(issued_at)
    with holding.place(id, since=since, wait=wait) as waiter:
        polled = flow.poll(
            id,
            cookies.secret_of(id),
            since=since,
            authorize=people.to_log_in,
            waiter=waiter,
            seconds=math.inf if shown_since is None else max(0, flow.qr_due_in(shown_since)),
        )
    if polled.user is None:
        limits.count_poll(id)
    location = None if polled.user is None else _log_in(polled.user, polled.request)
    if body.is_form:
        response = _see_other(location or code.links(polled.request)["self"])
    else:
        answer = code.polled(
            polled.request,
            qr_due=flow.qr_due_in(shown_since or polled.request.created_at) <= 0,
            interval=holding.interval(polled, since=since),
        )
        response = flask.jsonify(answer | ({"location": location} if location else {}))
    if location is not None or (not body.is_form and flow.state_of(polled.request).is_end):
        cookies.drop_secret(response, id)
    return response


def cancel(id: str) -> flask.typing.ResponseReturnValue:
    """Answer ``POST /requests/ID/cancel``: the browser withdraws it."""
    body = Body(forms=True)
    request = current_state().flow.cancel(id, cookies.secret_of(id))
    if body.is_form:
        response = _see_other(flask.url_for("qrlogin.login"))
    else:
        response = flask.jsonify(answers.progress(request))
    cookies.drop_secret(response, id)
    return response


def back(id: str | None = None, action: str | None = None) -> flask.typing.ResponseReturnValue:
    """Answer a GET of a form's address."""
    if id is None:
        return _see_other(flask.url_for("qrlogin.login"))
    return _see_other(flask.url_for("qrlogin.show", id=id))


def qr_svg(id: str) -> flask.typing.ResponseReturnValue:
    """Answer ``GET /requests/ID/qr.svg``: a fresh picture of the code."""
    svg = qr_image.svg(_qr_text(id), current_state().qr_style)
    return flask.Response(svg, mimetype="image/svg+xml")


def qr_png(id: str) -> flask.typing.ResponseReturnValue:
    """Answer ``GET /requests/ID/qr.png``: the same, for which the extra ``png`` is needed."""
    try:
        png = qr_image.png(_qr_text(id), current_state().qr_style)
    except ImportError as error:
        raise errors.ExtraMissing from error
    return flask.Response(png, mimetype="image/png")


def _qr_text(id: str) -> str:
    flow = current_state().flow
    request = flow.of_browser(id, cookies.secret_of(id))
    limits.count_poll(id)
    if flow.require_open(request) is not State.PENDING:
        raise errors.AlreadyScanned
    return code.qr_text(request)


def _wants_code(person: people.Person | None) -> bool:
    """Tell whether this browser can use a code, given who is logged in there."""
    if current_state().settings.require_login:
        return person is not None and not host_session.is_by_qr(person.id)
    return person is None


def _require_may_start() -> str | None:
    """Ask everything that may forbid a code; return who is logged in, if somebody has to be.

    Raises:
        NotAllowed: from this network, or by the application.
        LoginRequired: the code is a second step.
    """
    settings = current_state().settings
    whereabouts.require_in(
        settings.start_networks, reason="Codes are not shown in the network that you are in."
    )
    person = people.at_browser() if settings.require_login else None
    if settings.require_login and person is None:
        raise errors.LoginRequired(_LOGIN_FIRST)
    reason = current_state().hooks.may_start(flask.request)
    if reason is not None:
        raise errors.NotAllowed(reason)
    return None if person is None else person.id


def _log_in(person: people.Person, request: LoginRequest) -> str:
    """Log the person in, and return where to go."""
    device = host_session.log_in(person.user, request)
    flask.request.environ[_LOGGED_IN] = True

    @flask.after_this_request
    def recognise(response: flask.Response) -> flask.Response:
        cookies.keep_browser_id(response, device.browser_id)
        return response

    notices.send(person.user, device)
    state = current_state()
    location = urls.own(request.next)
    if location is None:
        try:
            location = state.hooks.default_next(person.user, request)
        except Exception:
            # The login is done; where to go must not undo half of it.
            flask.current_app.logger.exception("The hook default_next of flask_qrlogin failed.")
    return location or urls.main_page()


def _saves_session() -> bool:
    """Save the session only with the login itself, and with the page a person navigates to."""
    request = flask.request
    return request.endpoint == "qrlogin.login" or _LOGGED_IN in request.environ


def _see_other(url: str) -> flask.Response:
    return flask.make_response(flask.redirect(url, 303))


def _refusal_page(refusal: errors.Refusal) -> flask.Response | None:
    if not pages.wants_page():
        return None
    return pages.error_page(
        refusal, pages.Action(flask.url_for("qrlogin.login"), i18n.gettext("Show a new code"))
    )
