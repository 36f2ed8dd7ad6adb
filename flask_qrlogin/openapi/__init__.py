"""Describes all that we answer, as OpenAPI 3.1: ``GET /openapi.json``.

The description is data, written by hand and compared by the tests with the URL map and with every
answer that they see.
"""

from __future__ import annotations

import flask

from ..app_state import current_state
from ..web import guard
from . import document


def make_blueprint() -> flask.Blueprint:
    """Make the part that describes the others."""
    blueprint = guard.make_blueprint(
        "qrlogin_openapi", lambda refusal: None, authorize=guard.require_same_origin
    )
    blueprint.get("/openapi.json")(openapi)
    return blueprint


def openapi() -> flask.typing.ResponseReturnValue:
    """Answer ``GET /openapi.json``: nothing secret is in it, and nobody has to be logged in."""
    base_url = current_state().host.base_url()
    prefix = flask.url_for("qrlogin.login").rstrip("/")
    written = document.write(
        server=base_url + prefix,
        prefix=prefix,
        session_cookie=flask.current_app.config["SESSION_COOKIE_NAME"],
        is_https=base_url.startswith("https:"),
    )
    return flask.Response(written, mimetype="application/json")
