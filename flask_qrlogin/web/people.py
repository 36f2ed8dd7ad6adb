"""Who is asking: the person on the phone's web page, in a native app, or to be logged in."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import typing as t

import flask
import flask_login
from werkzeug.exceptions import Unauthorized

from ..app_state import current_state
from ..core import errors
from ..core.login_request import LoginRequest
from ..core.login_request import Profile

#: In the environ of a request: who it came from.
_SEEN = "flask_qrlogin.person"


@dataclasses.dataclass(frozen=True, slots=True)
class Person:
    """A user of the host that is logged in and active, and the text that identifies them."""

    user: t.Any
    id: str

    @property
    def profile(self) -> Profile:
        """What a browser may show of this person."""
        return current_state().hooks.profile_loader(self.user)

    def require_allowed(self, login_request: LoginRequest) -> None:
        """Ask the application's veto.

        Raises:
            NotAllowed: with its reason.
        """
        reason = current_state().hooks.may_approve(self.user, login_request)
        if reason is not None:
            raise errors.NotAllowed(reason)


def _person(user: t.Any) -> Person | None:
    """Refuse nobody, the anonymous and the inactive.

    ``LOGIN_DISABLED`` lets anonymous users pass ``login_required``; their ``get_id()`` is None.
    """
    if user is None or not user.is_authenticated or not user.is_active:
        return None
    id = user.get_id()
    if id is None:
        return None
    flask.request.environ[_SEEN] = str(id)
    return Person(user, str(id))


def last_seen() -> str | None:
    """Return the id of whoever this request was found to come from, if it has come that far."""
    return flask.request.environ.get(_SEEN)


def at_browser() -> Person | None:
    """Return who is logged in in this web browser, by Flask-Login's ``current_user``."""
    return _person(flask_login.current_user._get_current_object())


def ask_to_log_in(otherwise: str | None = None, *, by_qr: bool = True) -> flask.Response:
    """Send somebody to the app's own login, which leads back here.

    With ``by_qr`` off not to our own page, where another code would not help.

    Raises:
        LoginRequired: there is none; ``otherwise`` says what to do.
    """
    login_manager = flask.current_app.login_manager  # type: ignore[attr-defined]
    if by_qr or login_manager.login_view != "qrlogin.login":
        # Without a login_view.
        with contextlib.suppress(Unauthorized):
            return flask.make_response(login_manager.unauthorized())
    raise errors.LoginRequired(otherwise)


def in_app() -> Person:
    """Return who a native app's request comes from, by its ``Authorization`` header alone.

    Never by ``current_user``: with a session cookie and a bearer token together Flask-Login
    answers the cookie's user. The app's loader gets a copy of the request without cookies and
    query, so that neither a planted cookie nor a link can name the person.

    Raises:
        LoginRequired
    """
    loader = (
        current_state().hooks.app_user_loader or flask.current_app.login_manager.request_callback  # type: ignore[attr-defined]
    )
    if loader is None:
        raise errors.LoginRequired(
            "This app takes no bearer tokens: it has neither Flask-Login's request_loader nor the "
            "hook app_user_loader."
        )
    person = _person(loader(_without_cookies(flask.request)))
    if person is None:
        raise errors.LoginRequired
    return person


def _without_cookies(request: flask.Request) -> flask.Request:
    # What was sent with a GET means nothing.
    body = request.get_data() if request.method == "POST" else b""
    environ = {
        key: value
        for key, value in request.environ.items()
        if key != "HTTP_COOKIE" and not key.startswith("werkzeug.")
    }
    environ |= {
        "QUERY_STRING": "",
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
    }
    for key in ("REQUEST_URI", "RAW_URI"):
        if key in environ:
            environ[key] = environ[key].partition("?")[0]
    return flask.current_app.request_class(environ)


def to_log_in(login_request: LoginRequest) -> Person:
    """Load the person who approved, and see that they may still log in.

    Raises:
        NotAllowed: the account is gone or inactive, the application refuses, or it is a second
            step and somebody else is logged in here by now.
    """
    if login_request.requested_by is not None:
        here = at_browser()
        if here is None or here.id != login_request.requested_by:
            raise errors.NotAllowed("Log in here with your password again.")
    user = flask.current_app.login_manager.user_callback(login_request.user_id)  # type: ignore[attr-defined]
    person = _person(user)
    if person is None or person.id != login_request.user_id:
        raise errors.NotAllowed("This account cannot log in.")
    person.require_allowed(login_request)
    return person
