"""The host's Flask session: when it is written, and what a login by QR leaves in it."""

from __future__ import annotations

import functools
import typing as t

import flask
import flask_login
from flask.globals import request_ctx
from flask.sessions import NullSession
from flask.sessions import SecureCookieSession

from .. import errors
from ..app_state import current_state
from ..login_request import LoginRequest
from . import people

#: ``[id of the login request, user id]`` of a login that came about by QR; void for anybody else.
_MARK = "_qrlogin"
#: Flask-Login reads "set" and "clear" in the session's ``_remember``, and takes anything away.
_NO_CHANGE = "no change"


def discard() -> None:
    """See that this answer neither saves the session nor sets its cookie, whoever changed it.

    A late answer would restore the session from before a login or logout in another tab. What is
    put in its place holds the same, and takes what the host may still write after us.
    """
    discarded = _discarded_class(flask.current_app.session_interface.null_session_class)()
    discarded.update(flask.session, _remember=_NO_CHANGE)
    context = request_ctx._get_current_object()
    # Flask has no public way to skip saving. The attribute got its underscore in 3.1.3.
    setattr(context, "_session" if hasattr(context, "_session") else "session", discarded)


@functools.cache
def _discarded_class(null_class: type[NullSession]) -> type[NullSession]:
    """Make what Flask takes for no session, but can be written to; once, since polls need it."""
    methods = ("__setitem__", "__delitem__", "clear", "pop", "popitem", "update", "setdefault")
    writable = {name: getattr(SecureCookieSession, name) for name in methods}
    return type("DiscardedSession", (null_class,), writable)


def log_in(user: t.Any, login_request: LoginRequest) -> None:
    """Log the person in with Flask-Login, and mark the login as one by QR.

    Raises:
        NotAllowed: Flask-Login refused.
    """
    session = flask.session
    # Some hosts' get_id() is a number; ours is always a text.
    if str(session.get("_user_id", login_request.user_id)) != login_request.user_id:
        session.clear()
    if not flask_login.login_user(user, fresh=current_state().settings.login_fresh):
        raise errors.NotAllowed("This account cannot log in.")
    session[_MARK] = [login_request.id, login_request.user_id]
    # A remember cookie cannot be ended from elsewhere, and may be another person's. It may be there
    # without being sent to our path.
    session["_remember"] = "clear"
    # Server-side sessions get a new id, against one that was planted before (session fixation).
    # Last, since Flask-Session leaves an empty session its id.
    regenerate = getattr(flask.current_app.session_interface, "regenerate", None)
    if callable(regenerate):
        regenerate(session)


def keep_unremembered(sender: flask.Flask, **extra: object) -> None:
    """Keep Flask-Login from giving a login by QR a remember cookie with each answer."""

    @flask.after_this_request
    def leave_remember_cookie(response: flask.Response) -> flask.Response:
        if _MARK in flask.session:
            flask.session.setdefault("_remember", _NO_CHANGE)
        return response


def is_by_qr(user_id: str) -> bool:
    """Tell whether this session's login came about by QR."""
    mark = flask.session.get(_MARK)
    return isinstance(mark, list) and len(mark) == 2 and mark[1] == user_id


def is_qr_login() -> bool:
    """Tell whether the current user was logged in, in this browser, by scanning a QR code."""
    person = people.at_browser()
    return person is not None and is_by_qr(person.id)


def forget_mark(sender: flask.Flask, **extra: object) -> None:
    """Drop the mark: another login has begun, or this one has ended."""
    flask.session.pop(_MARK, None)
