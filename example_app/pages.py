"""The pages of a browser: login, home and logout."""

from __future__ import annotations

import re
from datetime import datetime

import flask
import flask_login
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import SecurityError

from flask_qrlogin import is_qr_login

from . import seed
from .models import Account

#: Everything comes from here; no inline script or style, no frame around us.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'"
)
#: A path of this site. Browsers read ``//host`` and ``/\host`` as another site, and drop tabs and
#: line breaks before they look.
_OWN_PATH = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")

blueprint = flask.Blueprint("pages", __name__)


def init_app(app: flask.Flask) -> None:
    """Add the pages, and the headers of every answer."""
    app.register_blueprint(blueprint)
    app.register_error_handler(HTTPException, _error_page)
    app.after_request(_add_headers)


@blueprint.get("/")
@flask_login.login_required  # type: ignore[untyped-decorator]
def home() -> str:
    """Say who is logged in, and how."""
    login_time = flask.session.get("login_time")
    return flask.render_template(
        "home.html",
        method=_login_method(),
        since=datetime.fromisoformat(login_time) if login_time else None,
    )


@blueprint.get("/login")
def login() -> flask.typing.ResponseReturnValue:
    """Show the password form and the QR code, side by side."""
    next = _own_next()
    if flask_login.current_user.is_authenticated:
        return flask.redirect(next or flask.url_for(".home"))
    return _login_page()


@blueprint.post("/login")
def check_password() -> flask.typing.ResponseReturnValue:
    """Log in with a password, and go on to where the person was going."""
    form = flask.request.form
    account = Account.find(username=form.get("username", ""), password=form.get("password", ""))
    if account is None:
        flask.flash("Wrong name or password.")
        return _login_page(), 401
    flask_login.login_user(account)
    return flask.redirect(_own_next() or flask.url_for(".home"), 303)


@blueprint.post("/logout")
def logout() -> flask.typing.ResponseReturnValue:
    """Log out here."""
    flask_login.logout_user()
    flask.flash("You are logged out.")
    return flask.redirect(flask.url_for(".login"), 303)


def _login_method() -> str:
    if is_qr_login():
        return "by QR code"
    return "with a password" if "login_time" in flask.session else "with a bearer token"


def _login_page() -> str:
    next = _own_next()
    return flask.render_template(
        "login.html",
        next=next,
        # A phone that has scanned a code: it needs the password form alone.
        has_scanned=bool(next and next.startswith(flask.url_for("qrlogin.login"))),
        people=seed.PEOPLE,
        password=seed.PASSWORD,
    )


def _own_next() -> str | None:
    next = flask.request.values.get("next")
    return next if next and _OWN_PATH.fullmatch(next) else None


def _error_page(error: HTTPException) -> flask.typing.ResponseReturnValue:
    if isinstance(error, SecurityError) or error.code is None or error.response is not None:
        return error
    return flask.render_template("error.html", error=error), error.code


def _add_headers(response: flask.Response) -> flask.Response:
    # Added, not set: where flask_qrlogin has sent a policy of its own, both hold.
    response.headers.add("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    if response.mimetype == "text/html":
        response.headers["Referrer-Policy"] = "same-origin"
        # The Back button must not show a page to whoever comes after the logout.
        response.headers["Cache-Control"] = "no-store"
    return response
