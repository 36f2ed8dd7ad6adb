"""What Flask-Login keeps in the session, under keys that it has no public names for.

Each poll and each linked device needs to know whom a session logs in before that user is loaded.
Should Flask-Login use other keys one day, its functions are called instead: a user is loaded once
more, and a remember cookie is taken out of the answer.
"""

from __future__ import annotations

import typing as t

import flask
import flask_login

_USER_ID = "_user_id"
#: "set" and "clear" are what Flask-Login does with the remember cookie; it takes anything away.
_REMEMBER = "_remember"
_NO_CHANGE = "no change"
_OF_A_LOGIN: t.Final = (_USER_ID, "_fresh", "_id")
#: In the environ of a request: its login is being taken out, which is no logout.
_TAKEN_OUT = "flask_qrlogin.taken_out"


def are_known() -> bool:
    """Tell whether these are still the keys that Flask-Login has."""
    config = getattr(flask_login, "config", None)
    return {*_OF_A_LOGIN, _REMEMBER} <= set(getattr(config, "SESSION_KEYS", ()))


def user_id() -> str | None:
    """Return the id of the user whom this session logs in."""
    id = flask.session.get(_USER_ID) if are_known() else flask_login.current_user.get_id()
    # Some hosts' get_id() is a number; ours is always a text.
    return None if id is None else str(id)


def take_out() -> None:
    """Take a login out of the session, and let no remember cookie bring it back."""
    if are_known():
        for key in _OF_A_LOGIN:
            flask.session.pop(key, None)
        clear_remember_cookie()
    else:
        flask.request.environ[_TAKEN_OUT] = True
        flask_login.logout_user()


def is_taken_out() -> bool:
    """Tell whether the logout that Flask-Login signals is our own taking out."""
    return _TAKEN_OUT in flask.request.environ


def clear_remember_cookie() -> None:
    """Have this answer take the remember cookie away."""
    if are_known():
        flask.session[_REMEMBER] = "clear"


def leave_remember_cookie(*, if_undecided: bool = False) -> None:
    """Have this answer neither set nor take the remember cookie."""
    if are_known() and not (if_undecided and _REMEMBER in flask.session):
        flask.session[_REMEMBER] = _NO_CHANGE


def without_remember_cookie(response: flask.Response, *, clear: bool) -> flask.Response:
    """Take the remember cookie out of an answer, where the keys do not do that."""
    config = flask.current_app.config
    name = config.get("REMEMBER_COOKIE_NAME", flask_login.COOKIE_NAME)
    kept = [
        each
        for each in response.headers.getlist("Set-Cookie")
        if each.partition("=")[0].strip() != name
    ]
    response.headers.setlist("Set-Cookie", kept)
    if clear:
        response.delete_cookie(
            name,
            path=config.get("REMEMBER_COOKIE_PATH", "/"),
            domain=config.get("REMEMBER_COOKIE_DOMAIN"),
        )
    return response
