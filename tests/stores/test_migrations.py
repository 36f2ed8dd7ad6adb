"""The tables come and go with Flask-Migrate, on each engine."""

from __future__ import annotations

import collections.abc as c
import pathlib
import typing as t
from datetime import datetime

import flask
import flask_login
import flask_migrate
import pytest
import sqlalchemy as sa
from alembic.autogenerate import produce_migrations
from alembic.autogenerate import render_python_code
from alembic.migration import MigrationContext
from alembic.operations import Operations
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm
from sqlalchemy.dialects import mysql

from flask_qrlogin import linked_device_model
from flask_qrlogin import login_request_model
from flask_qrlogin import QRLogin
from tests.parties import App
from tests.parties import Browser
from tests.parties import InProcess
from tests.servers import PostgreSQL
from tests.servers import SQLServer

ORIGIN = "http://localhost"


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path}/host.sqlite3"
    server: SQLServer = request.getfixturevalue(request.param)
    return server.new_database("migrations")


@pytest.fixture
def host(url: str, tmp_path: pathlib.Path) -> c.Iterator[flask.Flask]:
    host = flask.Flask("host", root_path=str(tmp_path))
    host.config.update(
        TESTING=True, SECRET_KEY="key", SQLALCHEMY_DATABASE_URI=url, QRLOGIN_CONFIRMATION="tap"
    )
    db = SQLAlchemy()

    class User(flask_login.UserMixin, db.Model):  # type: ignore[name-defined, misc]
        id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
        name: orm.Mapped[str] = orm.mapped_column(sa.String(80))

    login_manager = flask_login.LoginManager(host)
    login_manager.user_loader(lambda id: db.session.get(User, int(id)))
    login_manager.request_loader(lambda request: db.session.get(User, 7))
    host.get("/who")(lambda: {"name": flask_login.current_user.name, **flask.session})
    QRLogin(host)
    # Whoever comes first: a migration sees the model.
    db.init_app(host)
    flask_migrate.Migrate(host, db, directory=str(tmp_path / "migrations"))
    yield host
    with host.app_context():
        db.engine.dispose()
        host.extensions["qrlogin"].store.engine.dispose()


#: The columns of the first version; the rest came with linked devices.
FIRST = [
    "id",
    "secret_hash",
    "state",
    "version",
    "created_at",
    "expires_at",
    "deadline",
    "user_agent",
    "address",
    "next",
    "user_id",
    "scanner_name",
    "scanner_avatar_url",
    "confirm_version",
    "nonce",
    "reason",
]


def make_old_table(engine: sa.Engine, now: sa.Table) -> None:
    """Make the table of login requests as it was first, with a row in it."""
    old = sa.Table(now.name, sa.MetaData(), *(now.c[name]._copy() for name in FIRST))
    times = dict.fromkeys(("created_at", "expires_at", "deadline"), datetime(2030, 1, 31))  # noqa: DTZ001
    texts = dict.fromkeys(("id", "secret_hash", "user_agent", "address"), "x")
    with engine.begin() as connection:
        old.create(connection)
        connection.execute(sa.insert(old), times | texts | {"state": "pending", "version": 1})


def log_in(host: flask.Flask) -> str:
    browser = Browser(InProcess(host), origin=ORIGIN)
    browser.start()
    phone = App(InProcess(host), origin=ORIGIN, bearer="token")
    assert phone.scan(browser.token).status == 200
    assert phone.approve().status == 200
    assert browser.poll(since=2).json["state"] == "redeemed"
    session = browser.get("/who").json
    assert session["name"] == "Ann"
    return t.cast(str, session["_user_id"])


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the env.py of Flask-Migrate from switching off the loggers of all later tests."""
    monkeypatch.setattr("logging.config.fileConfig", lambda *args, **options: None)


def add_ann(db: SQLAlchemy) -> None:
    db.session.execute(sa.insert(db.metadata.tables["user"]), {"id": 7, "name": "Ann"})
    db.session.commit()


def rows(db: SQLAlchemy) -> int:
    count = sa.select(sa.func.count()).select_from(db.metadata.tables["qrlogin_login_request"])
    return int(db.session.execute(count).scalar_one())


@pytest.mark.usefixtures("quiet")
@pytest.mark.filterwarnings("ignore:'get_engine' is deprecated")  # by Flask-Migrate's own template
def test_a_table_of_the_first_version_is_upgraded_with_its_rows(host: flask.Flask) -> None:
    db: SQLAlchemy = host.extensions["sqlalchemy"]
    with host.app_context():
        make_old_table(db.engine, db.metadata.tables["qrlogin_login_request"])
        flask_migrate.init()
        flask_migrate.migrate()
        flask_migrate.upgrade()
        assert rows(db) == 1
        add_ann(db)
    assert log_in(host) == "7"


def test_create_tables_brings_a_table_of_the_first_version_up_to_date(host: flask.Flask) -> None:
    db: SQLAlchemy = host.extensions["sqlalchemy"]
    with host.app_context():
        make_old_table(db.engine, db.metadata.tables["qrlogin_login_request"])
        db.metadata.tables["user"].create(db.engine)
    for _ in range(2):
        result = host.test_cli_runner().invoke(args=["qrlogin", "create-tables"])
        assert result.exit_code == 0, result.output
    with host.app_context():
        assert rows(db) == 1
        add_ann(db)
    assert log_in(host) == "7"


@pytest.mark.usefixtures("quiet")
@pytest.mark.filterwarnings("ignore:'get_engine' is deprecated")  # by Flask-Migrate's own template
def test_people_log_in_between_an_upgrade_and_a_downgrade(
    host: flask.Flask, tmp_path: pathlib.Path
) -> None:
    versions = tmp_path / "migrations" / "versions"
    db: SQLAlchemy = host.extensions["sqlalchemy"]
    with host.app_context():
        flask_migrate.init()
        flask_migrate.migrate()
        flask_migrate.upgrade()
        ours = {"qrlogin_linked_device", "qrlogin_login_request"}
        assert ours <= set(sa.inspect(db.engine).get_table_names())
        add_ann(db)
    assert log_in(host) == "7"
    written = set(versions.iterdir())
    with host.app_context():
        flask_migrate.migrate()
        assert set(versions.iterdir()) == written, "There is something left to change."
        flask_migrate.downgrade()
        assert sa.inspect(db.engine).get_table_names() == ["alembic_version"]


def test_a_migration_that_was_made_on_sqlite_runs_on_postgresql(postgresql: PostgreSQL) -> None:
    metadata = sa.MetaData()
    login_request_model(metadata)
    linked_device_model(metadata)
    with sa.create_engine("sqlite://").connect() as connection:
        changes = produce_migrations(MigrationContext.configure(connection), metadata).upgrade_ops
        assert changes is not None
        code = render_python_code(changes).replace("\n    ", "\n")
    engine = sa.create_engine(postgresql.new_database("from_sqlite"))
    with engine.begin() as connection:
        op = Operations(MigrationContext.configure(connection))
        exec(code, {"op": op, "sa": sa, "mysql": mysql})
    assert set(sa.inspect(engine).get_table_names()) == set(metadata.tables)
    engine.dispose()
