"""Which store and notifier an app gets, and what it is told where they cannot be had."""

from __future__ import annotations

import collections.abc as c
import pathlib
import sys
import typing as t

import flask
import pytest
import sqlalchemy as sa
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy

from flask_qrlogin import ConfigurationError
from flask_qrlogin import LinkedDeviceMixin
from flask_qrlogin import QRLogin
from flask_qrlogin.app_state import AppState
from flask_qrlogin.stores.memory import MemoryStore
from flask_qrlogin.stores.opening import Opened
from flask_qrlogin.stores.sql import SQLStore

Json: t.TypeAlias = dict[str, t.Any]


class Setup:
    """An app, and what it has chosen."""

    def __init__(self, folder: pathlib.Path, *, store: t.Any = None, **config: t.Any) -> None:
        self.app = flask.Flask("host", root_path=str(folder), instance_path=str(folder))
        self.app.config.update(TESTING=True, SECRET_KEY="key", **config)
        if "SQLALCHEMY_DATABASE_URI" in config:
            SQLAlchemy(self.app)
        LoginManager(self.app).user_loader(lambda id: None)
        QRLogin(self.app, store=store)
        self.state: AppState = self.app.extensions["qrlogin"]

    def store(self) -> Opened[t.Any]:
        with self.app.app_context():
            return self.state.opened_store()

    def notifier(self) -> Opened[t.Any]:
        with self.app.app_context():
            return self.state.opened_notifier()

    def devices(self) -> Opened[t.Any]:
        with self.app.app_context():
            return self.state.opened_device_store()

    def chosen(self) -> tuple[str, str]:
        """Return the names of both."""
        return type(self.store().part).__name__, type(self.notifier().part).__name__


@pytest.fixture
def set_up(tmp_path: pathlib.Path) -> c.Iterator[c.Callable[..., Setup]]:
    made: list[Setup] = []

    def set_up(**arguments: t.Any) -> Setup:
        made.append(Setup(tmp_path, **arguments))
        return made[-1]

    yield set_up
    for setup in made:
        if setup.state._device_store is not None:
            setup.devices().part.engine.dispose()
        if setup.state._store is not None and isinstance(setup.state.store, SQLStore):
            setup.state.store.engine.dispose()


SetUp: t.TypeAlias = c.Callable[..., Setup]

FILE = {"SQLALCHEMY_DATABASE_URI": "sqlite:///host.sqlite3"}
MEMORY = {"SQLALCHEMY_DATABASE_URI": "sqlite://"}
POSTGRES = {"SQLALCHEMY_DATABASE_URI": "postgresql+psycopg://ann:hidden@db.example/app"}
MYSQL = {"SQLALCHEMY_DATABASE_URI": "mysql+pymysql://ann:hidden@db.example/app"}


@pytest.mark.parametrize(
    ("config", "store", "notifier"),
    [
        ({}, "SQLStore", "PollingNotifier"),
        (FILE, "SQLStore", "PollingNotifier"),
        (MEMORY, "SQLStore", "InProcessNotifier"),
        (POSTGRES, "SQLStore", "PostgresNotifier"),
        (MYSQL, "SQLStore", "PollingNotifier"),
        ({"store": MemoryStore()}, "MemoryStore", "InProcessNotifier"),
        ({"QRLOGIN_STORE": "redis://localhost"}, "RedisStore", "RedisNotifier"),
        ({"QRLOGIN_STORE": "rediss://localhost"}, "RedisStore", "RedisNotifier"),
        ({"QRLOGIN_STORE": "unix:///socket"}, "RedisStore", "RedisNotifier"),
        (FILE | {"QRLOGIN_STORE": "redis://localhost"}, "RedisStore", "RedisNotifier"),
        ({"QRLOGIN_STORE": "sqlite:///own.sqlite3"}, "SQLStore", "PollingNotifier"),
        ({"QRLOGIN_STORE": POSTGRES["SQLALCHEMY_DATABASE_URI"]}, "SQLStore", "PostgresNotifier"),
        ({"QRLOGIN_STORE": MYSQL["SQLALCHEMY_DATABASE_URI"]}, "SQLStore", "PollingNotifier"),
        (POSTGRES | {"QRLOGIN_NOTIFIER": "polling"}, "SQLStore", "PollingNotifier"),
        (FILE | {"QRLOGIN_NOTIFIER": "in_process"}, "SQLStore", "InProcessNotifier"),
        (POSTGRES | {"QRLOGIN_NOTIFIER": "postgres"}, "SQLStore", "PostgresNotifier"),
        (FILE | {"QRLOGIN_NOTIFIER": "redis://localhost"}, "SQLStore", "RedisNotifier"),
        (FILE | {"QRLOGIN_NOTIFIER": "unix:///socket"}, "SQLStore", "RedisNotifier"),
        (MYSQL | {"QRLOGIN_NOTIFIER": "postgresql://localhost/x"}, "SQLStore", "PostgresNotifier"),
        (
            {"QRLOGIN_STORE": "redis://localhost", "QRLOGIN_NOTIFIER": "redis"},
            "RedisStore",
            "RedisNotifier",
        ),
    ],
)
def test_what_is_chosen(set_up: SetUp, config: Json, store: str, notifier: str) -> None:
    assert set_up(**config).chosen() == (store, notifier)


@pytest.mark.parametrize(
    "config",
    [
        {},
        FILE,
        MEMORY,
        POSTGRES,
        {"QRLOGIN_STORE": "sqlite:///own.sqlite3"},
        {"QRLOGIN_STORE": POSTGRES["SQLALCHEMY_DATABASE_URI"]},
    ],
)
def test_linked_devices_are_where_the_login_requests_are(set_up: SetUp, config: Json) -> None:
    setup = set_up(**config)
    assert setup.devices().part.engine is setup.store().part.engine


@pytest.mark.parametrize("elsewhere", [{"store": MemoryStore()}, {"QRLOGIN_STORE": "redis://x"}])
@pytest.mark.parametrize("config", [{}, FILE])
def test_linked_devices_are_always_in_a_database(
    set_up: SetUp, tmp_path: pathlib.Path, config: Json, elsewhere: Json
) -> None:
    setup = set_up(**config, **elsewhere)
    devices = setup.devices()
    name = "host.sqlite3" if config else "qrlogin.sqlite3"
    assert devices.part.engine.url.database == str(tmp_path / name)
    assert devices.why.endswith("(the app's database)" if config else "no Flask-SQLAlchemy)")
    if not config:
        assert devices.part.find(user_id="anna") == []


def test_linked_devices_may_be_in_a_database_of_their_own(tmp_path: pathlib.Path) -> None:
    app = flask.Flask("host", root_path=str(tmp_path), instance_path=str(tmp_path))
    app.config.update(FILE, SQLALCHEMY_BINDS={"logins": "sqlite:///logins.sqlite3"})
    db = SQLAlchemy(app)

    class Device(LinkedDeviceMixin, db.Model):  # type: ignore[name-defined, misc]
        __bind_key__ = "logins"

    QRLogin(app, linked_device_model=Device)
    with app.app_context():
        state: AppState = app.extensions["qrlogin"]
        engine = state.opened_device_store().part.engine  # type: ignore[attr-defined]
        assert engine.url.database == str(tmp_path / "logins.sqlite3")
        assert "qrlogin_linked_device" not in db.metadata.tables
        engine.dispose()


@pytest.mark.parametrize(
    ("config", "why_store", "why_notifier"),
    [
        (FILE, "(the app's database)", "polling (fits the store)"),
        ({}, "(the app has no Flask-SQLAlchemy)", "polling (fits the store)"),
        (MEMORY, "in memory (as the app's database)", "in_process (fits the store)"),
        ({"store": MemoryStore()}, "MemoryStore (store=)", "in_process (fits the store)"),
        (
            {
                "QRLOGIN_STORE": "redis://ann:hidden@db.example:6380/1?password=hidden",
                "QRLOGIN_NOTIFIER": "redis://:hidden@other.example",
            },
            "redis://***@db.example:6380/1 (QRLOGIN_STORE)",
            "redis://***@other.example (QRLOGIN_NOTIFIER)",
        ),
        (
            POSTGRES | {"QRLOGIN_NOTIFIER": "postgresql://ann:hidden@direct.example/app"},
            "postgresql+psycopg://***@db.example/app (the app's database)",
            "postgresql://***@direct.example/app (QRLOGIN_NOTIFIER)",
        ),
        (POSTGRES | {"QRLOGIN_NOTIFIER": "polling"}, "", "polling (QRLOGIN_NOTIFIER)"),
    ],
)
def test_it_says_why_and_hides_passwords(
    set_up: SetUp, config: Json, why_store: str, why_notifier: str
) -> None:
    setup = set_up(**config)
    said = setup.store().why, setup.notifier().why
    assert said[0].endswith(why_store)
    assert said[1] == why_notifier
    assert "hidden" not in str(said)


def test_what_the_host_does_with_each_connection_is_done_with_ours(set_up: SetUp) -> None:
    setup = set_up(**FILE)
    with setup.app.app_context():
        engine = setup.app.extensions["sqlalchemy"].engine
    done = []
    for event in ("connect", "checkout", "engine_connect"):
        sa.event.listen(engine, event, lambda *rest, event=event: done.append(event))
    setup.store().part.engine.connect().close()
    assert {"connect", "checkout", "engine_connect"} <= set(done)


@pytest.mark.parametrize(
    ("url", "path"),
    [("sqlite:///own.sqlite3", "own.sqlite3"), ("sqlite://", "qrlogin.sqlite3")],
)
def test_a_file_is_beside_the_apps_own(
    set_up: SetUp, tmp_path: pathlib.Path, url: str, path: str
) -> None:
    assert set_up(QRLOGIN_STORE=url).store().part.engine.url.database == str(tmp_path / path)


@pytest.mark.parametrize(
    "url",
    [
        "nosuch://ann:hidden@localhost/x",
        "postgresql+nosuch://ann:hidden@localhost/x",
        "redis://ann:hidden@localhost:port",
        "redis://:hidden#x@localhost",
        "redis://localhost/x?socket_timeout=hidden",
        "://",
        "postgresql://ann:hidden@localhost:port/x",
        "nosuch://ann@server:hidden@localhost/x",
        "redis://ann:hid/hidden@localhost",
        "redis://localhost:port?password=x@hidden",
        # To SQLAlchemy the host's name is "hidden@localhost", which drivers tell in their errors.
        "postgresql+psycopg://ann:x@hidden@localhost/x",
    ],
)
@pytest.mark.parametrize("key", ["QRLOGIN_STORE", "QRLOGIN_NOTIFIER"])
def test_a_url_that_cannot_be_used_is_refused_without_showing_its_password(
    set_up: SetUp, key: str, url: str
) -> None:
    setup = set_up(**FILE, **{key: url})
    with pytest.raises(ConfigurationError, match=key) as caught:
        setup.chosen()
    assert "hidden" not in str(caught.value)


@pytest.mark.parametrize("url", ["mysql+pymysql://localhost/x", "http://localhost"])
def test_a_url_of_a_server_that_tells_nothing_is_refused(set_up: SetUp, url: str) -> None:
    with pytest.raises(ConfigurationError, match="QRLOGIN_NOTIFIER"):
        set_up(**FILE, QRLOGIN_NOTIFIER=url).notifier()


@pytest.mark.parametrize(
    ("config", "notifier"),
    [
        (FILE, "postgres"),
        (FILE, "redis"),
        (POSTGRES, "redis"),
        (MYSQL, "postgres"),
        ({"QRLOGIN_STORE": "redis://localhost"}, "postgres"),
        ({"store": MemoryStore()}, "redis"),
    ],
)
def test_a_notifier_that_does_not_fit_the_store_needs_a_url(
    set_up: SetUp, config: Json, notifier: str
) -> None:
    setup = set_up(QRLOGIN_NOTIFIER=notifier, **config)
    with pytest.raises(ConfigurationError, match=f"'{notifier}'.*Give the URL"):
        setup.notifier()


@pytest.mark.parametrize(
    ("config", "package", "extra"),
    [
        ({"QRLOGIN_STORE": "redis://localhost"}, "redis", "redis"),
        ({"QRLOGIN_NOTIFIER": "redis://localhost"}, "redis", "redis"),
        ({"QRLOGIN_NOTIFIER": "redis"}, "redis", "redis"),
        ({"QRLOGIN_STORE": "postgresql+psycopg://localhost/x"}, "psycopg", "postgres"),
        ({"QRLOGIN_NOTIFIER": "postgresql://localhost/x"}, "psycopg", "postgres"),
    ],
)
def test_a_missing_extra_is_named(
    set_up: SetUp, monkeypatch: pytest.MonkeyPatch, config: Json, package: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    for name in [name for name in sys.modules if name.startswith(f"{package}.")]:
        monkeypatch.delitem(sys.modules, name)
    for part in ("stores", "notifiers"):
        monkeypatch.delitem(sys.modules, f"flask_qrlogin.{part}.redis", raising=False)
    setup = set_up(**FILE, **config)
    with pytest.raises(ConfigurationError, match=rf"pip install 'flask-qrlogin\[{extra}\]'"):
        setup.chosen()


def test_without_an_extra_everything_else_works(
    set_up: SetUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    for package in ("redis", "psycopg"):
        monkeypatch.setitem(sys.modules, package, None)
    for part in ("stores", "notifiers"):
        monkeypatch.delitem(sys.modules, f"flask_qrlogin.{part}.redis", raising=False)
    assert set_up(**FILE).chosen() == ("SQLStore", "PollingNotifier")


def test_a_wrong_notifier_is_told_before_anybody_scans(set_up: SetUp) -> None:
    """Else the first scan would be written, and then fail."""
    setup = set_up(store=MemoryStore(), QRLOGIN_NOTIFIER="redis")
    headers = {"Origin": "http://localhost"}
    with pytest.raises(ConfigurationError, match="QRLOGIN_NOTIFIER"):
        setup.app.test_client().post("/qrlogin/requests", json={}, headers=headers)


def test_what_the_constructor_is_given_is_taken(tmp_path: pathlib.Path) -> None:
    class Own:
        def publish(self, id: str) -> None: ...

        def listen(self) -> c.Iterator[str | None]:
            return iter(())

    app = flask.Flask("host", root_path=str(tmp_path))
    app.config.update(QRLOGIN_STORE="redis://localhost", QRLOGIN_NOTIFIER="redis")
    store, notifier = MemoryStore(), Own()
    QRLogin(app, store=store, notifier=notifier)
    with app.app_context():
        state: AppState = app.extensions["qrlogin"]
        assert state.opened_store() == Opened(store, "MemoryStore (store=)")
        assert state.opened_notifier() == Opened(notifier, "Own (notifier=)")
