"""Who is logged in: with a session cookie in a browser, with a bearer token in a native app."""

from __future__ import annotations

import typing as t
from datetime import datetime
from datetime import timedelta
from datetime import UTC

import flask
import flask_login
import itsdangerous

from flask_qrlogin import LoginRequest

from .models import Account
from .models import db

login_manager = flask_login.LoginManager()
login_manager.login_view = "pages.login"
# The login page says enough by itself.
login_manager.login_message = None


def init_app(app: flask.Flask) -> None:
    """Add Flask-Login, and note in the session when each login was."""
    login_manager.init_app(app)
    flask_login.user_logged_in.connect(_note_time, app)


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load_account(id: str) -> Account | None:
    """Load the account that a session names."""
    account: Account | None = db.session.get(Account, int(id)) if id.isdecimal() else None
    return account


@login_manager.request_loader  # type: ignore[untyped-decorator]
def load_bearer(request: flask.Request) -> Account | None:
    """Load the account that a bearer token names: from the Authorization header alone.

    A token in the query would end up in logs and in the Referer of other sites.
    """
    id = _bearer_id(request, flask.current_app.config["BEARER_LIFETIME"])
    account: Account | None = load_account(id) if id is not None else None
    return account


def has_just_logged_in(
    account: Account, request: flask.Request, login_request: LoginRequest
) -> bool:
    """Tell whether an app has given the password within the last minute.

    A real app would rather send what its owner's passkey has signed.
    """
    id: str = account.get_id()
    return _bearer_id(request, timedelta(minutes=1)) == id


def _bearer_id(request: flask.Request, lifetime: timedelta) -> str | None:
    authorization = request.authorization
    if authorization is None or authorization.type != "bearer" or not authorization.token:
        return None
    try:
        id: str = _serializer().loads(authorization.token, max_age=int(lifetime.total_seconds()))
    except itsdangerous.BadData:
        return None
    return id


def bearer_token(account: Account) -> str:
    """Make a token for a native app, good for a few minutes."""
    return _serializer().dumps(account.get_id())


def _serializer() -> itsdangerous.URLSafeTimedSerializer:
    # The salt keeps anything else that was signed with this key from passing as a token.
    return itsdangerous.URLSafeTimedSerializer(
        t.cast(str, flask.current_app.config["SECRET_KEY"]), salt="example_app bearer token"
    )


def _note_time(sender: flask.Flask, **extra: object) -> None:
    flask.session["login_time"] = datetime.now(UTC).isoformat(timespec="seconds")
