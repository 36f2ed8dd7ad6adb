"""How a person is logged in on a phone: how strongly, since when, and on which device."""

from __future__ import annotations

from datetime import datetime
from datetime import UTC

import flask
import flask_login

from ...app_state import current_state
from ...core.login_request import LoginRequest
from ...core.login_request import Phone
from .. import host_session
from .. import session_keys
from .. import whereabouts
from ..people import Person


def at_browser(person: Person) -> Phone:
    """Describe the phone whose web browser this request comes from."""
    strength = "fresh" if _is_flask_logins_fresh(person) else "remembered"
    return _phone(person, strength, _since(), device_id=host_session.device_id(person.id))


def in_app(person: Person) -> Phone:
    """Describe the native app that this request comes from: only the application knows more."""
    return _phone(person, None, None, device_id=None)


def _phone(
    person: Person, login: str | None, since: datetime | None, *, device_id: str | None
) -> Phone:
    hook = current_state().hooks.phone_login
    if hook is not None:
        login, since = hook(person.user, flask.request)
    return Phone(
        user_agent=flask.request.user_agent.string,
        address=whereabouts.address(),
        device_id=device_id,
        login=login,
        login_at=since,
    )


def is_fresh(person: Person, login_request: LoginRequest) -> bool:
    """Tell whether this very person has logged in here since the browser asked for its code.

    To Flask-Login a login is fresh for as long as the session: not enough on a phone that somebody
    has found unlocked.
    """
    since = _since()
    # It is kept in whole seconds.
    asked_at = login_request.created_at.replace(microsecond=0)
    return since is not None and since >= asked_at and _is_flask_logins_fresh(person)


def _is_flask_logins_fresh(person: Person) -> bool:
    return session_keys.user_id() == person.id and bool(flask_login.login_fresh())


def _since() -> datetime | None:
    at = flask.session.get(host_session.LOGIN_AT)
    return datetime.fromtimestamp(at, UTC) if isinstance(at, int) else None


def connect(app: flask.Flask) -> None:
    """Have the time of each login remembered: Flask-Login does not."""
    flask_login.user_logged_in.connect(_note_time, app)
    # What a refresh_view does.
    flask_login.user_login_confirmed.connect(_note_time, app)


def _note_time(sender: flask.Flask, **extra: object) -> None:
    flask.session[host_session.LOGIN_AT] = int(current_state().now().timestamp())
