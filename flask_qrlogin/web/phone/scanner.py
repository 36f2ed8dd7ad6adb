"""The page that reads codes, for phones whose camera app does not, and for installed web apps."""

from __future__ import annotations

import flask

from ...app_state import current_state
from ...core import errors
from .. import guard
from .. import limits
from .. import pages
from .. import people
from . import views as phone


def make_blueprint() -> flask.Blueprint:
    """Make the part that scans in the page."""
    blueprint = guard.make_blueprint(
        "qrlogin_scanner",
        _refusal_page,
        authorize=guard.require_same_origin,
        saves_session=guard.is_page,
    )
    blueprint.get("/scan")(show)
    return blueprint


def show() -> flask.typing.ResponseReturnValue:
    """Answer ``GET /scan``: the page finds a code, and goes to it as if its link were opened."""
    if people.at_browser() is None:
        limits.count_stranger()
        return people.ask_to_log_in(
            errors._("Log in to this site on this phone, then scan the code."), by_qr=False
        )
    phone.require_person()
    state = current_state()
    return pages.render(
        "scanner",
        base_url=state.host.base_url(),
        prefix=flask.url_for("qrlogin_phone.open_code", token=""),
        code_url=flask.url_for("qrlogin_code.show") if state.settings.user_code else None,
    )


def _refusal_page(refusal: errors.Refusal) -> flask.Response:
    return pages.error_page(refusal, None)
