"""The table comes and goes with Flask-Migrate, on each engine."""

from __future__ import annotations

import collections.abc as c
import pathlib
import typing as t

import flask
import flask_login
import flask_migrate
import pytest
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from flask_qrlogin import QRLogin

from .servers import SQLServer
from .web.parties import Browser
from .web.parties import NativeApp

BASE_URL = "http://localhost"


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/host.sqlite3"
    server: SQLServer = request.getfixturevalue(request.param)
    return server.new_database("migrations")


@pytest.fixture
def host(url: str, tmp_path: pathlib.Path) -> c.Iterator[flask.Flask]:
    host = flask.Flask("host", root_path=str(tmp_path))
    host.config.update(TESTING=True, SECRET_KEY="key", SQLALCHEMY_DATABASE_URI=url)
    db = SQLAlchemy()

    class User(flask_login.UserMixin, db.Model):  # type: ignore[name-defined, misc]
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        name: orm.Mapped[str] = orm.mapped_column(sa.String(80))

    login_manager = flask_login.LoginManager(host)
    login_manager.user_loader(lambda id: db.session.get(User, int(id)))
    login_manager.request_loader(lambda request: db.session.get(User, 7))
    QRLogin(host)
    # Whoever comes first: a migration sees the model.
    db.init_app(host)
    flask_migrate.Migrate(host, db, directory=str(tmp_path / "migrations"))
    yield host
    with host.app_context():
        db.engine.dispose()
        host.extensions["qrlogin"].store.engine.dispose()


def log_in(host: flask.Flask) -> str:
    browser = Browser(host, BASE_URL)
    browser.start()
    phone = NativeApp(host, BASE_URL, "Bearer token")
    assert phone.scan(browser.token).status_code == 200
    assert phone.decide("approve").status_code == 200
    assert browser.poll(since=2)["state"] == "redeemed"
    return t.cast(str, browser.session()["_user_id"])


@pytest.mark.filterwarnings("ignore:'get_engine' is deprecated")  # by Flask-Migrate's own template
def test_people_log_in_between_an_upgrade_and_a_downgrade(
    host: flask.Flask, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = tmp_path / "migrations" / "versions"
    # Its env.py would switch off the loggers of all later tests.
    monkeypatch.setattr("logging.config.fileConfig", lambda *args, **options: None)
    db: SQLAlchemy = host.extensions["sqlalchemy"]
    with host.app_context():
        flask_migrate.init()
        flask_migrate.migrate()
        flask_migrate.upgrade()
        db.session.execute(sa.insert(db.metadata.tables["user"]), {"id": 7, "name": "Ann"})
        db.session.commit()
    assert log_in(host) == "7"
    written = set(versions.iterdir())
    with host.app_context():
        flask_migrate.migrate()
        assert set(versions.iterdir()) == written, "There is something left to change."
        flask_migrate.downgrade()
        assert sa.inspect(db.engine).get_table_names() == ["alembic_version"]
