"""The page that plays the native app, and the two things that it asks the server for besides the
JSON API of flask_qrlogin: a bearer token, and what a picture says.

No cookie counts here. The page sends none, so that it is plainly another login than the browser's.
"""

from __future__ import annotations

import typing as t

import flask
from werkzeug.exceptions import RequestEntityTooLarge

from . import accounts
from . import phone_client
from . import qr_reader
from . import seed
from .models import Account

blueprint = flask.Blueprint("phone", __name__, url_prefix="/phone")


@blueprint.get("")
def page() -> str:
    """Show the phone."""
    return flask.render_template(
        "phone.html",
        people=seed.PEOPLE,
        password=seed.PASSWORD,
        origins=_own_origins(),
        max_bytes=qr_reader.MAX_BYTES,
        warnings=phone_client.WARNINGS,
    )


@blueprint.post("/token")
def token() -> flask.typing.ResponseReturnValue:
    """Log a native app in: ``{username, password}`` gives a bearer token."""
    body: t.Any = flask.request.get_json(silent=True)
    username, password = (
        (body.get("username"), body.get("password")) if isinstance(body, dict) else (None, None)
    )
    if not isinstance(username, str) or not isinstance(password, str):
        return _problem("Send username and password.", 400)
    account = Account.find(username=username, password=password)
    if account is None:
        return _problem("Wrong name or password.", 401)
    return {"token": accounts.bearer_token(account), "name": account.display_name}


@blueprint.post("/decode")
def decode() -> flask.typing.ResponseReturnValue:
    """Read a picture, which is the body: the texts of the QR codes in it."""
    request = flask.request
    request.max_content_length = qr_reader.MAX_BYTES
    if not request.mimetype.startswith("image/"):
        # Other sites' pages cannot send this type without asking us first.
        return _problem("Send the picture with its type, such as image/png.", 415)
    try:
        return {"texts": qr_reader.read_codes(request.get_data())}
    except RequestEntityTooLarge:
        return _problem("This picture is too large.", 413)
    except ValueError as error:
        return _problem(str(error), 400)


def _own_origins() -> list[str]:
    """Return how the codes of this site may begin: the phone gives its token to nobody else."""
    config = flask.current_app.config
    request = flask.request
    own_host, _, port = request.host.partition(":")
    end = f":{port}" if port else ""
    names = {own_host, *config["TRUSTED_HOSTS"]}
    origins = {f"{request.scheme}://{name}{end}" for name in names}
    if config.get("QRLOGIN_BASE_URL"):
        origins.add(config["QRLOGIN_BASE_URL"].rstrip("/"))
    return sorted(origins)


def _problem(title: str, status: int) -> flask.typing.ResponseReturnValue:
    body = {"title": title, "status": status}
    return body, status, {"Content-Type": "application/problem+json"}
