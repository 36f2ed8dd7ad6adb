"""The page of a phone that cannot scan: its owner types the code that the browser shows."""

from __future__ import annotations

import typing as t

import flask

from ...app_state import current_state
from ...core import errors
from .. import answers
from .. import guard
from .. import i18n
from .. import limits
from .. import pages
from .. import people
from ..body import Body
from . import views as phone

#: What is kept of a text that was no code, for its writer to mend.
_KEPT = 40


def make_blueprint() -> flask.Blueprint:
    """Make the part for user codes."""
    blueprint = guard.make_blueprint(
        "qrlogin_code",
        _refusal_page,
        authorize=guard.require_same_origin,
        saves_session=guard.is_page,
    )
    blueprint.get("/code")(show)
    blueprint.post("/code")(enter)
    return blueprint


def show() -> flask.typing.ResponseReturnValue:
    """Answer ``GET /code``: the form. It takes no query, since a code must not be in a URL."""
    require_on()
    if people.at_browser() is None:
        limits.count_stranger()
        return people.ask_to_log_in(
            errors._("Log in to this site on this phone, then type the code."), by_qr=False
        )
    phone.require_person()
    return _page()


def enter() -> flask.typing.ResponseReturnValue:
    """Answer ``POST /code``: to the page of the request, as if its code had been scanned."""
    text = Body(forms=True).text("code")
    require_on()
    token = phone.require_approver().enter(text)
    url = flask.url_for("qrlogin_phone.open_code", token=token)
    return flask.redirect(url, 303)


def require_on() -> None:
    """Refuse what this site does not offer.

    Raises:
        NotAllowed
    """
    if not current_state().settings.user_code:
        raise errors.NotAllowed(
            errors._("Codes cannot be typed on this site. Scan the code with the phone's camera.")
        )


def _page(code: str = "", error: dict[str, t.Any] | None = None) -> flask.Response:
    links = {
        "enter": flask.url_for("qrlogin_code.enter"),
        "scanner": flask.url_for("qrlogin_scanner.show"),
    }
    return pages.render("code", code=code, error=error, links=links)


def _refusal_page(refusal: errors.Refusal) -> flask.Response:
    """Show the form again, with what was typed, where another try may help."""
    url = flask.url_for("qrlogin_code.show")
    if isinstance(refusal, errors.LoginRequired) and flask.request.method == "POST":
        return pages.error_page(refusal, pages.Action(url, i18n.gettext("Log in")))
    again = errors.CodeNotFound, errors.RateLimited, errors.StoreUnavailable
    if flask.request.method != "POST" or not isinstance(refusal, again):
        return pages.error_page(refusal, None)
    return _page(flask.request.form.get("code", "")[:_KEPT], answers.told(refusal))
