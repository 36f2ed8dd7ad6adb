"""A small application that real servers run; the environment configures it."""

from __future__ import annotations

import os

import flask
import flask_login
from flask_sqlalchemy import SQLAlchemy

from flask_qrlogin import QRLogin
from flask_qrlogin.app_state import current_state

app = flask.Flask(__name__)
app.config.update(
    SECRET_KEY="a key of the host",
    QRLOGIN_CONFIRMATION="tap",
    SQLALCHEMY_DATABASE_URI="sqlite://",
    TRUSTED_HOSTS=["127.0.0.1"],
)
app.config.from_prefixed_env()
SQLAlchemy(app)
login_manager = flask_login.LoginManager(app)


class User(flask_login.UserMixin):  # type: ignore[misc]
    """Anybody, whose id is the name."""

    def __init__(self, name: str) -> None:
        self.id = self.name = name


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load(name: str) -> User:
    return User(name)


@login_manager.request_loader  # type: ignore[untyped-decorator]
def load_by_token(request: flask.Request) -> User | None:
    _, _, name = request.headers.get("Authorization", "").partition(" ")
    return User(name) if name else None


@app.get("/")
def home() -> dict[str, object]:
    """Tell about the process that answers, and who is logged in."""
    return {
        "who": getattr(flask_login.current_user, "name", None),
        "multithread": flask.request.environ["wsgi.multithread"],
        "waiting": current_state().waiting.count,
        "pid": os.getpid(),
    }


QRLogin(app)
