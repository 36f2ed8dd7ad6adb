"""Where a person is logged in by QR code: the page, and the JSON API of a native app."""

from __future__ import annotations

import flask
import flask_login

from ...app_state import current_state
from ...core import errors
from .. import answers
from .. import guard
from .. import host_session
from .. import i18n
from .. import limits
from .. import pages
from .. import people
from .. import urls
from ..body import Body
from . import notices

#: Set for the answer that logs out.
_LOGGED_OUT = "flask_qrlogin.logged_out"


def make_blueprint() -> flask.Blueprint:
    """Make the pages, for the person who is logged in here."""
    blueprint = guard.make_blueprint(
        "qrlogin_devices",
        _refusal_page,
        authorize=guard.require_same_origin,
        saves_session=_saves_session,
    )
    blueprint.get("/devices")(show)
    blueprint.post("/devices/<id>/end")(end)
    blueprint.post("/devices/<id>/rename")(rename)
    blueprint.post("/devices/<id>/not-me")(not_me)
    blueprint.post("/devices/end-others")(end_others)
    # Whoever opens the address of a form again gets the page.
    blueprint.get("/devices/<id>/<any(end, rename, 'not-me'):action>")(back)
    blueprint.get("/devices/end-others")(back)
    blueprint.get("/notices/<token>")(notices.notice)
    blueprint.post("/notices/<token>", endpoint="disown")(notices.not_me)
    return blueprint


def show() -> flask.typing.ResponseReturnValue:
    """Answer ``GET /devices``: the browsers that the person is logged in with by QR code."""
    person = people.at_browser()
    if person is None:
        return people.ask_to_log_in()
    limits.count_devices(person.id)
    devices, current = current_state().devices, host_session.device_id(person.id)
    return pages.render(
        "devices",
        devices=[
            answers.device_in_words(device, current=current)
            | {
                "links": {
                    action: flask.url_for(f"qrlogin_devices.{action}", id=device.id)
                    for action in ("end", "rename")
                }
            }
            for device in devices.of_person(person.id)
        ],
        ended=[
            answers.device_in_words(device)
            | {"links": {"not_me": flask.url_for("qrlogin_devices.not_me", id=device.id)}}
            for device in devices.ended_lately(
                person.id, current_state().now() - current_state().settings.not_me_lifetime
            )
        ],
        links={
            "end_others": flask.url_for("qrlogin_devices.end_others"),
            "main": urls.main_page(),
            "scanner": flask.url_for("qrlogin_scanner.show"),
        },
        may_end_others=_may_end_others(person),
    )


def end(id: str) -> flask.typing.ResponseReturnValue:
    """Answer ``POST /devices/ID/end``: log that browser out, which may be this one."""
    person = _require_person(id)
    is_this = id == host_session.device_id(person.id)
    current_state().devices.end(id, user_id=person.id, reason="ended")
    if not is_this:
        return back()
    flask_login.logout_user()
    flask.request.environ[_LOGGED_OUT] = True
    login_view = flask.current_app.login_manager.login_view  # type: ignore[attr-defined]
    return flask.redirect(flask_login.login_url(login_view or "qrlogin.login"), 303)


def rename(id: str) -> flask.typing.ResponseReturnValue:
    """Answer ``POST /devices/ID/rename``."""
    person = _require_person(id)
    limits.count_devices(person.id)
    name = Body(forms=True).text("name")
    current_state().devices.rename(id, user_id=person.id, name=name)
    return back()


def not_me(id: str) -> flask.typing.ResponseReturnValue:
    """Answer ``POST /devices/ID/not-me``: a login that has ended was not the person's own."""
    current_state().devices.not_me(id, user_id=_require_person(id).id)
    return back()


def end_others() -> flask.typing.ResponseReturnValue:
    """Answer ``POST /devices/end-others``: log all other browsers out."""
    person = _require_person()
    keep = host_session.device_id(person.id)
    current_state().devices.end_others(user_id=person.id, keep=keep)
    return back()


def back(id: str | None = None, action: str | None = None) -> flask.typing.ResponseReturnValue:
    """Show the page."""
    return flask.redirect(flask.url_for("qrlogin_devices.show"), 303)


def _require_person(id: str | None = None) -> people.Person:
    """Return who may end or rename a device, or all others."""
    person = people.at_browser()
    if person is None:
        raise errors.LoginRequired
    if id != host_session.device_id(person.id) and not _may_end_others(person):
        raise errors.NotAllowed(
            "You were logged in here by a QR code. End other logins where you logged in with your "
            "password."
        )
    return person


def _may_end_others(person: people.Person) -> bool:
    """Let no login by QR log the others out: whoever phished it would lock the person out."""
    settings = current_state().settings
    # As a second step it comes after a password.
    as_good = settings.approve_from_linked or settings.require_login
    return as_good or not host_session.is_by_qr(person.id)


def _saves_session() -> bool:
    """Save the session only with a page, and with what logs out."""
    return guard.is_page() or _LOGGED_OUT in flask.request.environ


def _refusal_page(refusal: errors.Refusal) -> flask.Response:
    url = flask.url_for("qrlogin_devices.show")
    return pages.error_page(refusal, pages.Action(url, i18n.gettext("Show where I am logged in")))


def add_api(blueprint: flask.Blueprint) -> None:
    """Add what a native app asks, for the person whose bearer token it sends."""
    blueprint.get("/api/devices")(api_list)
    blueprint.post("/api/devices/<id>/end")(api_end)
    blueprint.post("/api/devices/<id>/rename")(api_rename)
    blueprint.post("/api/devices/end-others")(api_end_others)


def api_list() -> flask.typing.ResponseReturnValue:
    """Answer ``GET /api/devices``."""
    guard.require_authorization()
    person = people.in_app()
    limits.count_devices(person.id)
    return _listed(person)


def api_end(id: str) -> flask.typing.ResponseReturnValue:
    """Answer ``POST /api/devices/ID/end``."""
    person = people.in_app()
    current_state().devices.end(id, user_id=person.id, reason="ended")
    return _listed(person)


def api_rename(id: str) -> flask.typing.ResponseReturnValue:
    """Answer ``POST /api/devices/ID/rename``."""
    body, person = Body(forms=False), people.in_app()
    limits.count_devices(person.id)
    current_state().devices.rename(id, user_id=person.id, name=body.text("name"))
    return _listed(person)


def api_end_others() -> flask.typing.ResponseReturnValue:
    """Answer ``POST /api/devices/end-others``: all but the one that is to be kept, if any."""
    body, person = Body(forms=False), people.in_app()
    keep = body.optional_text("keep")
    current_state().devices.end_others(user_id=person.id, keep=keep)
    return _listed(person)


def _listed(person: people.Person) -> flask.Response:
    found = current_state().devices.of_person(person.id)
    return flask.jsonify({"devices": [answers.device(device) for device in found]})
