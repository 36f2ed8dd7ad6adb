"""Two applications to check: one whose owner was careful, and one whose owner was not."""

from __future__ import annotations

import json
import pathlib
import secrets
import typing as t

import flask
import flask_login
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_qrlogin import QRLogin
from flask_qrlogin.hooks import Place
from flask_qrlogin.stores.memory import MemoryStore
from flask_qrlogin.testing import Clock

#: What a careful owner sets.
CAREFUL: dict[str, t.Any] = {
    "SECRET_KEY": secrets.token_hex(),
    "SESSION_COOKIE_SECURE": True,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "REMEMBER_COOKIE_SECURE": True,
    "REMEMBER_COOKIE_SAMESITE": "Lax",
    "QRLOGIN_BASE_URL": "https://example.com",
    # Connected to when something is counted.
    "RATELIMIT_STORAGE_URI": "redis://127.0.0.1:1",
}
#: What a careless one does.
CARELESS: dict[str, t.Any] = {
    "SECRET_KEY": "change-me",
    "SESSION_COOKIE_HTTPONLY": False,
    "SESSION_COOKIE_DOMAIN": ".example.com",
    "REMEMBER_COOKIE_HTTPONLY": False,
    "WTF_CSRF_ENABLED": False,
    "QRLOGIN_TOKEN_LIFETIME": 3600,
    "QRLOGIN_REQUEST_LIFETIME": 86400,
    "QRLOGIN_DEVICE_LIFETIME": 400 * 86400,
    "QRLOGIN_CONFIRMATION": "tap",
    "QRLOGIN_APPROVE_FROM_LINKED": True,
    "QRLOGIN_LOGIN_FRESH": True,
    "QRLOGIN_REQUESTS_PER_NETWORK": None,
}


def careful_app(folder: pathlib.Path, **changes: t.Any) -> flask.Flask:
    """Make an app with all that the check looks for; a change of None takes one out."""
    left_out = {key for key in CAREFUL if changes.get(key, "") is None}
    config = {key: value for key, value in (CAREFUL | changes).items() if key not in left_out}
    app = _app(folder, config)
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]
    CSRFProtect(app)
    Limiter(get_remote_address, app=app)
    qrlogin = QRLogin(app, clock=Clock())
    qrlogin.locate(lambda address: Place("Germany"))
    qrlogin.send_notice(lambda user, device, url: None)
    app.login_manager.refresh_view = "refresh"  # type: ignore[attr-defined]
    assert run(app, "create-tables").exit_code == 0
    return app


def careless_app(folder: pathlib.Path) -> flask.Flask:
    """Make an app with every hole that the check knows."""
    app = _app(folder, CARELESS)
    CSRFProtect(app)
    QRLogin(app, store=MemoryStore(), clock=Clock())
    return app


def _app(folder: pathlib.Path, config: dict[str, t.Any]) -> flask.Flask:
    app = flask.Flask("host", root_path=str(folder), instance_path=str(folder))
    app.config.update(config, SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder}/host.sqlite3")
    SQLAlchemy(app)
    login_manager = flask_login.LoginManager(app)
    login_manager.user_loader(lambda id: None)

    @app.get("/")
    def home() -> flask.Response:
        return flask.Response(
            "hello", headers={"Content-Security-Policy": "frame-ancestors 'self'"}
        )

    @app.get("/account")
    @flask_login.fresh_login_required  # type: ignore[untyped-decorator]
    def account() -> str:
        return "yours"

    return app


def run(app: flask.Flask, *args: str) -> t.Any:
    """Run a command of ours."""
    return app.test_cli_runner().invoke(args=["qrlogin", *args])


def statuses(app: flask.Flask, *args: str) -> dict[str, str]:
    """Return the status of each check and mitigation by its name."""
    result = run(app, "check", "--json", *args)
    report = json.loads(result.stdout)
    return {each["name"]: each["status"] for part in report.values() for each in part}
