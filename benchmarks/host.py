"""A small site with Flask-Login, Flask-SQLAlchemy and QRLogin, which the benchmarks ask.

The environment says how: ``DATABASE`` is SQLAlchemy's URL of its database, and each
``FLASK_QRLOGIN_NAME`` sets ``QRLOGIN_NAME``.
"""

from __future__ import annotations

import os
import time
import typing as t

import flask
import flask_login
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from flask_qrlogin import QRLogin

#: What phones know the site by; the benchmarks ask it without the proxy that speaks HTTPS.
BASE_URL = "https://login.example"
#: The bearer token of the one user's phone.
PHONE = "phone"


def create_app(database: str | None = None, **options: t.Any) -> flask.Flask:
    """Make the site; the options are those of QRLogin."""
    app = flask.Flask(__name__)
    app.config.update(
        SECRET_KEY="benchmark",
        QRLOGIN_CONFIRMATION="tap",
        SQLALCHEMY_DATABASE_URI=database or os.environ["DATABASE"],
        QRLOGIN_BASE_URL=BASE_URL,
    )
    app.config.from_prefixed_env()
    db = SQLAlchemy(app)
    login_manager = flask_login.LoginManager(app)
    QRLogin(app, **options)

    class User(flask_login.UserMixin, db.Model):  # type: ignore[name-defined,misc]
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column(sa.String(100))
        api_token: Mapped[str] = mapped_column(sa.String(43), unique=True)

    @login_manager.user_loader  # type: ignore[untyped-decorator]
    def load_user(id: str) -> User | None:
        return db.session.get(User, int(id))

    @login_manager.request_loader  # type: ignore[untyped-decorator]
    def load_app_user(request: flask.Request) -> User | None:
        token = request.authorization.token if request.authorization else None
        return db.session.scalar(sa.select(User).where(User.api_token == token))

    @app.get("/")
    def empty() -> flask.Response:
        """Do nothing: what the others are compared with."""
        return flask.jsonify({})

    @app.post("/naive")
    def wait_naively() -> flask.Response:
        """Hold a browser as a view does that does not think of the others."""
        flask.request.get_json()
        time.sleep(20)
        return flask.jsonify({})

    @app.cli.command("create")
    def create() -> None:
        """Make the tables and a user."""
        db.create_all()
        db.session.add(User(name="Ann", api_token=PHONE))
        db.session.commit()

    with app.app_context():
        if db.engine.dialect.name == "sqlite":
            sa.event.listen(db.engine, "connect", _use_wal)
    return app


def _use_wal(connection: t.Any, record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
