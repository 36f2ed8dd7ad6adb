"""A small application of somebody else's, made in each server process from its environment."""

from __future__ import annotations

import json
import os
import pathlib
import signal
import typing as t
from datetime import datetime
from datetime import timedelta
from datetime import UTC

import flask
import flask_login
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from flask_qrlogin import QRLogin
from flask_qrlogin import signals
from flask_qrlogin.core.login_request import LoginRequest
from flask_qrlogin.core.login_request import State
from flask_qrlogin.stores.sql import SQLStore

#: How many people have an account. Their ids begin at 1.
PEOPLE = 400

#: The variable that holds the configuration as JSON.
VARIABLE = "FAULTS_HOST"

db = SQLAlchemy()


class User(flask_login.UserMixin, db.Model):  # type: ignore[name-defined, misc]
    """A person, whose name tells the id."""

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(100))


def create_app() -> flask.Flask:
    """Make the application.

    Beside Flask's own keys, ``CLOCK_AHEAD`` is by how many seconds its clock is wrong, and
    ``FOLDER`` holds what a test changes while it runs: ``trap`` and ``pragmas``.
    """
    config: dict[str, t.Any] = json.loads(os.environ[VARIABLE])
    folder = pathlib.Path(config["FOLDER"])
    app = flask.Flask("host", instance_path=str(folder))
    app.config.update({"SECRET_KEY": "a key of the host", "QRLOGIN_CONFIRMATION": "tap"} | config)
    db.init_app(app)
    login_manager = flask_login.LoginManager(app)
    login_manager.user_loader(lambda id: db.session.get(User, int(id)))
    login_manager.request_loader(_by_token)
    ahead = timedelta(seconds=config["CLOCK_AHEAD"])
    qrlogin = QRLogin(app, clock=lambda: datetime.now(UTC) + ahead)

    @app.get("/")
    def home() -> str:
        return "welcome"

    @app.get("/me")
    def me() -> str:
        return str(flask_login.current_user.get_id() or "")

    @app.after_request
    def name_worker(response: flask.Response) -> flask.Response:
        response.headers["X-Worker"] = str(os.getpid())
        return response

    # Where a test has set a trap, the process dies as if by kill -9.
    def before(user: object, login_request: LoginRequest) -> None:
        _spring(folder, f"before {login_request.state}")

    qrlogin.may_approve(before)
    for state in State:
        signals.BY_STATE[state].connect(
            lambda app, login_request: _spring(folder, f"after {login_request.state}"),
            app,
            weak=False,
        )
    with app.app_context():
        store = app.extensions["qrlogin"].store
        if isinstance(store, SQLStore) and store.engine.dialect.name == "sqlite":
            sa.event.listen(store.engine, "checkout", _SetPragmas(folder / "pragmas"))
    return app


def make_tables(config: dict[str, t.Any]) -> None:
    """Make the application's tables, and its people."""
    app = flask.Flask("host", instance_path=config["FOLDER"])
    app.config.update({"SECRET_KEY": "a key of the host", "QRLOGIN_CONFIRMATION": "tap"} | config)
    db.init_app(app)
    QRLogin(app, db=db)
    with app.app_context():
        db.create_all()
        db.session.add_all(User(id=id, name=name_of(id)) for id in range(1, PEOPLE + 1))
        db.session.commit()
        db.engine.dispose()
        store = app.extensions["qrlogin"].store
        if isinstance(store, SQLStore):
            store.create_table()
            store.engine.dispose()


def name_of(person: int) -> str:
    """Return the name of a person."""
    return f"Person {person}"


def _by_token(request: flask.Request) -> User | None:
    _, _, id = request.headers.get("Authorization", "").partition("Bearer ")
    return db.session.get(User, int(id)) if id else None


def _spring(folder: pathlib.Path, moment: str) -> None:
    trap = folder / "trap"
    if trap.exists() and trap.read_text() == moment:
        # Only one process can take it away.
        trap.unlink()
        os.kill(os.getpid(), signal.SIGKILL)


class _SetPragmas:
    """Give each connection the settings that a file names, whenever it is used."""

    def __init__(self, file: pathlib.Path) -> None:
        self._file = file

    def __call__(self, connection: t.Any, record: object, proxy: object) -> None:
        for pragma in self._file.read_text().splitlines() if self._file.exists() else ():
            connection.execute(f"PRAGMA {pragma}")
