from __future__ import annotations

import pathlib
import typing as t
from datetime import timedelta

import flask
import pytest
import sqlalchemy as sa
from flask_login import LoginManager
from flask_sqlalchemy import SQLAlchemy

from flask_qrlogin import QRLogin
from flask_qrlogin.core.ports import LoginRequestStore
from flask_qrlogin.stores.memory import MemoryStore
from flask_qrlogin.testing import Clock
from flask_qrlogin.testing.device_store_contract import make_device


@pytest.fixture
def clock() -> Clock:
    return Clock()


def make_app(
    tmp_path: pathlib.Path, clock: Clock, store: LoginRequestStore | None, **config: t.Any
) -> flask.Flask:
    app = flask.Flask("host", root_path=str(tmp_path))
    app.config.update(
        TESTING=True,
        SECRET_KEY="key",
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path}/host.sqlite3",
        QRLOGIN_AUTO_RENEWALS=3,
    )
    app.config.update(config)
    SQLAlchemy(app)
    LoginManager(app).user_loader(lambda id: None)
    QRLogin(app, store=store, clock=clock)
    return app


def run(app: flask.Flask, *args: str) -> t.Any:
    return app.test_cli_runner().invoke(args=["qrlogin", *args])


@pytest.mark.parametrize(
    ("store", "tables"),
    [
        (None, ["qrlogin_linked_device", "qrlogin_login_request"]),
        # Linked devices last for weeks: they are always in a database.
        (MemoryStore(), ["qrlogin_linked_device"]),
    ],
)
def test_create_tables_makes_those_in_the_hosts_database(
    tmp_path: pathlib.Path, clock: Clock, store: LoginRequestStore | None, tables: list[str]
) -> None:
    app = make_app(tmp_path, clock, store)
    for _ in range(2):
        result = run(app, "create-tables")
        assert (result.exit_code, result.output) == (0, "The tables are there.\n")
    engine = sa.create_engine(f"sqlite:///{tmp_path}/host.sqlite3")
    assert sa.inspect(engine).get_table_names() == tables
    engine.dispose()


def test_purge_deletes_what_expired_and_says_how_many(tmp_path: pathlib.Path, clock: Clock) -> None:
    app = make_app(tmp_path, clock, MemoryStore())
    run(app, "create-tables")
    for _ in range(3):
        app.test_client().post("/qrlogin/requests", json={}, headers={"Origin": "http://localhost"})
    with app.app_context():
        devices = app.extensions["qrlogin"].opened_device_store().part
        devices.add(make_device(expires_at=clock() + timedelta(seconds=300)))
        devices.add(make_device(expires_at=clock() + timedelta(seconds=500)))
    assert run(app, "purge").output == "0 deleted.\n"
    clock.advance(400)
    assert run(app, "purge").output == "4 deleted.\n"


def test_purge_says_what_is_wrong_without_a_traceback(tmp_path: pathlib.Path, clock: Clock) -> None:
    result = run(make_app(tmp_path, clock, None), "purge")
    assert result.exit_code == 1
    assert result.output.startswith("Error: The table 'qrlogin_login_request' is missing")


def test_config_tells_that_the_table_is_missing(tmp_path: pathlib.Path, clock: Clock) -> None:
    app = make_app(tmp_path, clock, None)
    result = run(app, "config")
    assert result.exit_code == 1
    assert "problem: The table 'qrlogin_login_request' is missing" in result.output
    run(app, "create-tables")
    assert run(app, "config").exit_code == 0


def test_config_prints_what_is_in_force(tmp_path: pathlib.Path, clock: Clock) -> None:
    app = make_app(tmp_path, clock, MemoryStore())
    assert "problem: The table 'qrlogin_linked_device' is missing" in run(app, "config").output
    run(app, "create-tables")
    result = run(app, "config")
    assert result.exit_code == 0
    assert "QRLOGIN_AUTO_RENEWALS = 3\n" in result.output
    assert "QRLOGIN_URL_PREFIX = /qrlogin\n" in result.output


def test_config_says_what_was_chosen_and_why(tmp_path: pathlib.Path, clock: Clock) -> None:
    output = run(make_app(tmp_path, clock, None), "config").output
    assert f"\nstore: sqlite:///{tmp_path}/host.sqlite3 (the app's database)\n" in output
    assert f"\ndevices: sqlite:///{tmp_path}/host.sqlite3 (the app's database)\n" in output
    assert "\nnotifier: polling (fits the store)\n" in output
    assert "\nwaiting: polls are held under gevent" in output
    assert "(QRLOGIN_HELD_POLLS is not set)\n" in output
    assert "\nhost: that of the request, unchecked (the app is in debug or testing)\n" in output


def test_config_says_what_the_app_has_chosen(tmp_path: pathlib.Path, clock: Clock) -> None:
    app = make_app(
        tmp_path,
        clock,
        MemoryStore(),
        QRLOGIN_HELD_POLLS=4,
        QRLOGIN_NOTIFIER="in_process",
        QRLOGIN_BASE_URL="https://example.com",
    )
    output = run(app, "config").output
    assert "\nstore: MemoryStore (store=)\n" in output
    assert "\nnotifier: in_process (QRLOGIN_NOTIFIER)\n" in output
    assert "\nwaiting: each process holds up to 4 polls" in output
    assert "\nhost: https://example.com (QRLOGIN_BASE_URL)\n" in output


@pytest.mark.parametrize(
    ("config", "host"),
    [
        ({"SERVER_NAME": "example.com"}, "example.com (SERVER_NAME)"),
        ({"TRUSTED_HOSTS": ["example.com"]}, "one of ['example.com'] (TRUSTED_HOSTS)"),
        ({"TESTING": False}, "unknown"),
    ],
)
def test_config_says_whose_host_is_trusted(
    tmp_path: pathlib.Path, clock: Clock, config: dict[str, t.Any], host: str
) -> None:
    app = make_app(tmp_path, clock, MemoryStore(), **config)
    run(app, "create-tables")
    result = run(app, "config")
    (line,) = (line for line in result.output.splitlines() if line.startswith("host: "))
    assert line.endswith(host)
    assert result.exit_code == (host == "unknown")


def test_config_shows_no_password(tmp_path: pathlib.Path, clock: Clock) -> None:
    app = make_app(
        tmp_path,
        clock,
        None,
        QRLOGIN_STORE="redis://ann:hidden@db.example/0?password=hidden",
        QRLOGIN_NOTIFIER="redis://:hid/d@en@other.example",
        SQLALCHEMY_DATABASE_URI="postgresql+psycopg://ann:hidden@db.example/x?password=hidden",
    )
    output = run(app, "config").output
    assert "hidden" not in output
    assert "d@en" not in output
    assert "QRLOGIN_STORE = redis://***@db.example/0\n" in output
    assert "store: redis://***@db.example/0 (QRLOGIN_STORE)\n" in output


@pytest.mark.parametrize(
    "url",
    [
        "postgresql+psycopg://ann@server:hidden@127.0.0.1:1/x",
        "postgresql+psycopg://ann:HID@DEN@127.0.0.1:1/x",
        "mysql+pymysql://ann:HID@DEN@127.0.0.1:1/x",
        "redis://ann:HID@DEN@127.0.0.1:1",
        "redis://127.0.0.1:1?password=HID@DEN",
    ],
)
def test_config_shows_no_piece_of_a_password_that_is_not_encoded(
    tmp_path: pathlib.Path, clock: Clock, url: str
) -> None:
    result = run(make_app(tmp_path, clock, None, QRLOGIN_STORE=url), "config")
    assert "problem: " in result.output
    assert "HID" not in result.output
    assert "DEN" not in result.output


def test_config_shows_other_values_whole(tmp_path: pathlib.Path, clock: Clock) -> None:
    app = make_app(tmp_path, clock, MemoryStore(), QRLOGIN_REDIRECT="/home?tab=1&by=ann@host")
    assert "QRLOGIN_REDIRECT = /home?tab=1&by=ann@host\n" in run(app, "config").output


def test_config_tells_what_cannot_be_used(tmp_path: pathlib.Path, clock: Clock) -> None:
    app = make_app(tmp_path, clock, MemoryStore(), QRLOGIN_NOTIFIER="redis")
    result = run(app, "config")
    assert result.exit_code == 1
    assert "problem: QRLOGIN_NOTIFIER is 'redis', but" in result.output
