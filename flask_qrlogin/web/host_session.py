"""The host's Flask session: when it is written, and what a login by QR leaves in it."""

from __future__ import annotations

import functools
import typing as t

import flask
import flask_login
from flask.globals import request_ctx
from flask.sessions import NullSession
from flask.sessions import SecureCookieSession
from werkzeug.exceptions import ServiceUnavailable

from .. import errors
from .. import tokens
from ..app_state import current_state
from ..linked_device import LinkedDevice
from ..login_request import LoginRequest
from . import cookies
from . import people
from . import whereabouts
from . import wire

#: ``[id of the linked device, user id]`` of a login that came about by QR.
_MARK = "_qrlogin"
#: When the password was given, or what stands for it, in seconds since 1970.
LOGIN_AT = "_qrlogin_at"
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


def connect(app: flask.Flask) -> None:
    """Have each login by QR code checked before Flask-Login reads it, and ended with its session.

    The mark belongs to one login: any other one, and a logout, takes it away.
    """
    flask_login.user_accessed.connect(_check, app)
    flask_login.user_logged_in.connect(_end_replaced, app)
    flask_login.user_logged_out.connect(_end_logged_out, app)
    if app.config.get("REMEMBER_COOKIE_REFRESH_EACH_REQUEST"):
        flask.request_started.connect(_keep_unremembered, app)
        app.extensions["qrlogin"].knows_refreshing = True


def log_in(user: t.Any, login_request: LoginRequest) -> LinkedDevice:
    """Log the person in with Flask-Login, as a linked device, and mark the session as that.

    Raises:
        NotAllowed: Flask-Login refused, or what this login rests on has ended meanwhile.
    """
    session, devices = flask.session, current_state().devices
    fresh = _freshness(login_request)
    address, place = _where()
    device = devices.link(
        login_request,
        name=wire.browser_of(login_request.user_agent),
        address=address,
        place=place,
        browser_id=cookies.browser_id() or tokens.new_id(),
    )
    # Some hosts' get_id() is a number; ours is always a text.
    if str(session.get("_user_id", device.user_id)) != device.user_id:
        session.clear()
    known_since = session.get(LOGIN_AT)
    try:
        logged_in = flask_login.login_user(user, fresh=fresh)
    except Exception:
        # By a receiver of the host's: nobody is to see a login that nobody has.
        devices.end(device.id, user_id=device.user_id, reason="account")
        raise
    if not logged_in:
        devices.end(device.id, user_id=device.user_id, reason="account")
        raise errors.NotAllowed("This account cannot log in.")
    session[_MARK] = [device.id, device.user_id]
    # Whoever proved something did so then, and not now.
    if login_request.requested_by is not None:
        session[LOGIN_AT] = known_since
    elif device.approver_login_at is not None:
        session[LOGIN_AT] = int(device.approver_login_at.timestamp())
    # "Keep me signed in" lasts as the device does, which can be ended.
    session.permanent = device.remembered
    # A remember cookie cannot be ended from elsewhere, and may be another person's. It may be there
    # without being sent to our path.
    session["_remember"] = "clear"
    # Server-side sessions get a new id, against one that was planted before (session fixation).
    # Last, since Flask-Session leaves an empty session its id.
    regenerate = getattr(flask.current_app.session_interface, "regenerate", None)
    if callable(regenerate):
        regenerate(session)
    return device


def _freshness(login_request: LoginRequest) -> bool:
    """Tell whether the login will be fresh; one that was a second step stays as fresh as it was."""
    if login_request.requested_by is not None:
        if str(flask.session.get("_user_id")) != login_request.requested_by:
            return False  # Somebody else's, who is not there any more.
        return bool(flask.session.get("_fresh"))
    wanted = current_state().settings.login_fresh
    return login_request.phone_login == "fresh" if wanted == "phone" else bool(wanted)


def _check(sender: flask.Flask, **extra: object) -> None:
    """Take a login by QR code out of the session if it has ended, before anybody sees it."""
    mark = _mark_in(flask.session)
    if mark is None or str(flask.session.get("_user_id")) != mark.user_id:
        return
    devices = current_state().devices
    try:
        device = devices.live(mark.device_id, user_id=mark.user_id)
    except errors.StoreUnavailable as error:
        # Nobody knows whether it has ended. An error page may ask again who is logged in.
        discard()
        _take_out()
        raise ServiceUnavailable(retry_after=5) from error
    if device is None or (devices.is_note_due(device) and not _note(device)):
        _take_out()


def _note(device: LinkedDevice) -> bool:
    """Keep that a device was seen; return False if its account is gone or was deactivated.

    A failure stops nothing: it is tried again.
    """
    devices, counts = current_state().devices, True
    try:
        user = flask.current_app.login_manager.user_callback(device.user_id)  # type: ignore[attr-defined]
        counts = user is not None and user.is_active
        if counts:
            address, place = _where()
            devices.note(device, address=address, place=place)
        else:
            devices.end_all(device.user_id)
    except Exception:
        flask.current_app.logger.exception("A linked device could not be looked after.")
    return counts


def _where() -> tuple[str, str | None]:
    """Return the address of this browser, and where that is."""
    address = whereabouts.address()
    place = wire.place_of(address)
    return address, None if place is None else str(place)


def _take_out() -> None:
    for key in ("_user_id", "_fresh", "_id", _MARK):
        flask.session.pop(key, None)
    # A remember cookie, which a login by QR code never has, must not bring it back.
    flask.session["_remember"] = "clear"


def _end_replaced(sender: flask.Flask, **extra: object) -> None:
    """End the login by QR code that another login takes the place of."""
    _end_marked("replaced")


def _end_logged_out(sender: flask.Flask, **extra: object) -> None:
    _end_marked("logout")


def _end_marked(reason: str) -> None:
    """End the login by QR code that this session has, or had before the host cleared it."""
    app = flask.current_app
    mark = _mark_in(flask.session)
    if mark is None:
        request = request_ctx.request
        mark = _mark_in(app.session_interface.open_session(app, request))
    flask.session.pop(_MARK, None)
    if mark is not None:
        try:
            current_state().devices.end(mark.device_id, user_id=mark.user_id, reason=reason)
        except errors.DeviceNotFound:
            pass
        except Exception:
            app.logger.exception("A login by QR code was not ended: it is only out of the session.")


class _Mark(t.NamedTuple):
    """What the session of a login by QR code says; void for anybody else."""

    device_id: str
    user_id: str


def _mark_in(session: t.Any) -> _Mark | None:
    mark = None if session is None else session.get(_MARK)
    return _Mark(*mark) if isinstance(mark, list) and len(mark) == 2 else None


def _keep_unremembered(sender: flask.Flask, **extra: object) -> None:
    """Keep Flask-Login from giving a login by QR a remember cookie with each answer."""

    @flask.after_this_request
    def leave_remember_cookie(response: flask.Response) -> flask.Response:
        if _MARK in flask.session:
            flask.session.setdefault("_remember", _NO_CHANGE)
        return response


def device_id(user_id: str) -> str | None:
    """Return the linked device that this session is, if its login came about by QR."""
    mark = _mark_in(flask.session)
    return mark.device_id if mark is not None and mark.user_id == user_id else None


def is_by_qr(user_id: str) -> bool:
    """Tell whether this session's login came about by QR."""
    return device_id(user_id) is not None


def is_qr_login() -> bool:
    """Tell whether the current user was logged in, in this browser, by scanning a QR code."""
    person = people.at_browser()
    return person is not None and is_by_qr(person.id)


def qr_device() -> LinkedDevice | None:
    """Return the linked device that the current login is, or None if it came about otherwise.

    It says how strongly the phone that approved it was logged in, and since when.
    """
    person = people.at_browser()
    id = None if person is None else device_id(person.id)
    if person is None or id is None:
        return None
    return current_state().devices.live(id, user_id=person.id)


def end_qr_logins(user: t.Any) -> None:
    """End all of a user's logins by QR code: call it where you delete or deactivate an account.

    Without that they end within minutes of the next request; commit what you have written before.
    """
    current_state().devices.end_all(str(user.get_id()))
