"""The host's Flask session: when it is written, and what a login by QR leaves in it."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

import flask
import flask_login
from werkzeug.exceptions import ServiceUnavailable

from .. import signals
from ..app_state import current_state
from ..core import errors
from ..core import tokens
from ..core.linked_device import LinkedDevice
from ..core.login_request import LoginRequest
from . import answers
from . import cookies
from . import people
from . import session_keys
from . import whereabouts

#: ``[id of the linked device, user id]`` of a login that came about by QR.
_MARK = "_qrlogin"
#: When the password was given, or what stands for it, in seconds since 1970.
LOGIN_AT = "_qrlogin_at"
#: In the environ of a request: that it is about to log in by QR code.
_LOGGING_IN = "flask_qrlogin.logging_in"
#: In the environ of a request: its session, if that is not to be saved.
_DISCARDED = "flask_qrlogin.discarded"


def discard() -> None:
    """See that this answer neither saves the session nor sets its cookie, whoever changed it.

    A late answer would restore the session from before a login or logout in another tab.
    """
    session = flask.session._get_current_object()  # type: ignore[attr-defined]
    interface = flask.current_app.session_interface
    if interface.is_null_session(session):
        return
    session_keys.leave_remember_cookie()
    flask.request.environ[_DISCARDED] = session
    # Flask asks this before it saves; one interface may serve several apps.
    if not isinstance(interface.is_null_session, _IsNullOrDiscarded):
        known = _IsNullOrDiscarded(interface.is_null_session)
        interface.is_null_session = known  # type: ignore[method-assign]


@dataclasses.dataclass(frozen=True, slots=True)
class _IsNullOrDiscarded:
    """Tells Flask not to save a session that is discarded, beside those that are null."""

    is_null: c.Callable[[object], bool]

    def __call__(self, obj: object) -> bool:
        request = flask.request if flask.has_request_context() else None
        is_discarded = request is not None and request.environ.get(_DISCARDED) is obj
        return is_discarded or self.is_null(obj)


def connect(app: flask.Flask) -> None:
    """Have each login by QR code checked before Flask-Login reads it, and ended with its session.

    The mark belongs to one login: any other one, and a logout, takes it away.
    """
    flask_login.user_accessed.connect(_check, app)
    flask_login.user_logged_in.connect(_end_replaced, app)
    flask_login.user_logged_out.connect(_end_logged_out, app)
    if app.config.get("REMEMBER_COOKIE_REFRESH_EACH_REQUEST"):
        flask.request_started.connect(_keep_unremembered, app)
        app.extensions["qrlogin"].host.knows_refreshing = True
    if not session_keys.are_known():
        # In front, where it comes after all others.
        app.after_request_funcs.setdefault(None, []).insert(0, _leave_remember_cookie_out)


def log_in(user: t.Any, login_request: LoginRequest) -> LinkedDevice:
    """Log the person in with Flask-Login, as a linked device, and mark the session as that.

    The signals of the login come when all that is done, so that their receivers may write to the
    session.

    Raises:
        NotAllowed: Flask-Login refused, or what this login rests on has ended meanwhile.
    """
    app = flask.current_app._get_current_object()  # type: ignore[attr-defined]
    try:
        device = _log_in(user, login_request)
    finally:
        # The request is used up, whatever has become of the login.
        signals.send(signals.login_redeemed, app, login_request=login_request)
    signals.send(signals.device_linked, app, device=device)
    told = {"user": user, "login_request": login_request, "device": device}
    signals.send(signals.login_completed, app, **told)
    return device


def _log_in(user: t.Any, login_request: LoginRequest) -> LinkedDevice:
    session, devices = flask.session, current_state().devices
    fresh = _freshness(login_request)
    address, place = _where()
    device = devices.link(
        login_request,
        name=answers.browser_of(login_request.user_agent),
        address=address,
        place=place,
        browser_id=cookies.browser_id() or tokens.new_id(),
    )
    replaced = _last_mark()
    if session_keys.user_id() not in (None, device.user_id):
        session.clear()
    known_since = session.get(LOGIN_AT)
    # Before, so that receivers of Flask-Login's own signal can ask how the person logs in.
    flask.request.environ[_LOGGING_IN] = True
    session[_MARK] = [device.id, device.user_id]
    try:
        if not flask_login.login_user(user, fresh=fresh):
            raise errors.NotAllowed("This account cannot log in.")
    except Exception:
        # By a receiver of the host's, too: nobody is to see a login that nobody has.
        session.pop(_MARK, None)
        devices.end(device.id, user_id=device.user_id, reason="account")
        raise
    finally:
        del flask.request.environ[_LOGGING_IN]
    _end(replaced, "replaced")
    session[_MARK] = [device.id, device.user_id]  # Again: a receiver may have cleared the session.
    # Whoever proved something did so then, and not now.
    if login_request.requested_by is not None:
        session[LOGIN_AT] = known_since
    elif device.approver_login_at is not None:
        session[LOGIN_AT] = int(device.approver_login_at.timestamp())
    # "Keep me signed in" lasts as the device does, which can be ended.
    session.permanent = device.remembered
    # A remember cookie cannot be ended from elsewhere, and may be another person's. It may be there
    # without being sent to our path.
    session_keys.clear_remember_cookie()
    # Server-side sessions get a new id, against one that was planted before (session fixation).
    # Last, since Flask-Session leaves an empty session its id.
    regenerate = getattr(flask.current_app.session_interface, "regenerate", None)
    if callable(regenerate):
        regenerate(session)
    return device


def _freshness(login_request: LoginRequest) -> bool:
    """Tell whether the login will be fresh; one that was a second step stays as fresh as it was."""
    if login_request.requested_by is not None:
        if session_keys.user_id() != login_request.requested_by:
            return False  # Somebody else's, who is not there any more.
        return bool(flask_login.login_fresh())
    wanted = current_state().settings.login_fresh
    return login_request.approver_login == "fresh" if wanted == "phone" else bool(wanted)


def _check(sender: flask.Flask, **extra: object) -> None:
    """Take a login by QR code out of the session if it has ended, before anybody sees it."""
    mark = _mark_in(flask.session)
    if mark is None:
        return
    # Where only Flask-Login itself knows who that is, it is just about to look.
    if session_keys.are_known() and session_keys.user_id() != mark.user_id:
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
    place = answers.place_of(address)
    return address, None if place is None else str(place)


def _take_out() -> None:
    flask.session.pop(_MARK, None)
    # A remember cookie, which a login by QR code never has, must not bring it back.
    session_keys.take_out()


def _end_replaced(sender: flask.Flask, **extra: object) -> None:
    """End the login by QR code that another login takes the place of."""
    if _LOGGING_IN not in flask.request.environ:
        _end_marked("replaced")


def _end_logged_out(sender: flask.Flask, **extra: object) -> None:
    if not session_keys.is_taken_out():
        _end_marked("logout")


def _end_marked(reason: str) -> None:
    """End the login by QR code that this session has, or had before the host cleared it."""
    mark = _last_mark()
    flask.session.pop(_MARK, None)
    _end(mark, reason)


def _last_mark() -> _Mark | None:
    """Return the mark that this session has, or had before the host cleared it."""
    app, request = flask.current_app, flask.request._get_current_object()  # type: ignore[attr-defined]
    mark = _mark_in(flask.session)
    return mark or _mark_in(app.session_interface.open_session(app, request))


def _end(mark: _Mark | None, reason: str) -> None:
    if mark is not None:
        try:
            current_state().devices.end(mark.device_id, user_id=mark.user_id, reason=reason)
        except errors.DeviceNotFound:
            pass
        except Exception:
            flask.current_app.logger.exception(
                "A login by QR code was not ended: it is only out of the session."
            )


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
            session_keys.leave_remember_cookie(if_undecided=True)
        return response


def _leave_remember_cookie_out(response: flask.Response) -> flask.Response:
    """Do the same where Flask-Login's keys are not known, and for answers that save no session."""
    discarded, marked = _DISCARDED in flask.request.environ, _MARK in flask.session
    if discarded or marked:
        session_keys.without_remember_cookie(response, clear=marked and not discarded)
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
