from __future__ import annotations

import collections.abc as c
import dataclasses
import pathlib
import sqlite3
import threading

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import mysql

from flask_qrlogin.core import errors
from flask_qrlogin.core import tokens
from flask_qrlogin.core.transitions import cancel
from flask_qrlogin.stores import sql
from flask_qrlogin.stores.models import login_request_model
from flask_qrlogin.stores.models import LoginRequestMixin
from flask_qrlogin.testing.store_contract import NOW
from flask_qrlogin.testing.store_contract import pending


@pytest.fixture
def path(tmp_path: pathlib.Path) -> pathlib.Path:
    return tmp_path / "qrlogin.sqlite3"


@pytest.fixture
def engine(path: pathlib.Path) -> c.Iterator[sa.Engine]:
    engine = sql.file_engine(path)
    yield engine
    engine.dispose()


@pytest.fixture
def model() -> type[LoginRequestMixin]:
    return login_request_model(sa.MetaData())


def test_readers_of_our_own_file_do_not_wait_for_a_writer(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_a_file_that_another_writes_to_is_opened_when_it_is_done(path: pathlib.Path) -> None:
    writer = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    done = threading.Timer(0.2, writer.rollback)
    done.start()
    engine = sql.file_engine(path)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    done.join()
    engine.dispose()
    writer.close()


def test_making_the_table_twice_is_fine(engine: sa.Engine, model: type[LoginRequestMixin]) -> None:
    store = sql.SQLStore(engine, model)
    store.create_table()
    store.create_table()
    indexes = sa.inspect(engine).get_indexes("qrlogin_login_request")
    assert [index["column_names"] for index in indexes] == [
        ["expires_at"],
        ["network", "expires_at"],
        ["user_code"],
        ["user_id"],
    ]


def test_a_missing_table_names_the_command_that_makes_it(
    engine: sa.Engine, model: type[LoginRequestMixin]
) -> None:
    with pytest.raises(errors.ConfigurationError, match="flask qrlogin create-tables"):
        sql.SQLStore(engine, model).get(tokens.new_id())


def test_a_missing_column_names_the_command_that_adds_it(
    engine: sa.Engine, model: type[LoginRequestMixin]
) -> None:
    store = sql.SQLStore(engine, model)
    store.create_table()
    with engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE qrlogin_login_request DROP COLUMN reason")
    with pytest.raises(errors.ConfigurationError, match="flask db upgrade"):
        store.add(pending())


def test_a_database_that_cannot_be_opened_is_unavailable_not_misconfigured(
    tmp_path: pathlib.Path, model: type[LoginRequestMixin]
) -> None:
    engine = sa.create_engine(f"sqlite:///{tmp_path}/missing/folder.db")
    with pytest.raises(errors.StoreUnavailable):
        sql.SQLStore(engine, model).get(tokens.new_id())


def test_a_database_that_refuses_a_row_is_unavailable(
    engine: sa.Engine, model: type[LoginRequestMixin]
) -> None:
    store = sql.SQLStore(engine, model)
    store.create_table()
    request = pending()
    store.add(request)
    with pytest.raises(errors.StoreUnavailable):
        store.add(dataclasses.replace(request, address="192.0.2.1"))
    assert store.get(request.id) == request


def test_a_caller_that_holds_the_lock_itself_is_told_to_commit_first(
    engine: sa.Engine, path: pathlib.Path, model: type[LoginRequestMixin]
) -> None:
    holds = True
    store = sql.SQLStore(engine, model, in_host_write=lambda: holds)
    store.create_table()
    request = pending()
    store.add(request)
    with sqlite3.connect(path) as caller:
        caller.execute("UPDATE qrlogin_login_request SET version = 1")
        with pytest.raises(errors.ConfigurationError, match=r"db\.session\.commit"):
            store.swap(request, cancel(request, NOW), NOW)
        caller.rollback()
    caller.close()
    assert store.swap(request, cancel(request, NOW), NOW)
    holds = False
    # The connection went back as patient as it was.
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA busy_timeout").scalar() == 5000


def test_times_keep_their_microseconds_on_mysql_too(model: type[LoginRequestMixin]) -> None:
    table = model.metadata.tables["qrlogin_login_request"]  # type: ignore[attr-defined]
    created = str(sa.schema.CreateTable(table).compile(dialect=mysql.dialect()))
    assert created.count("DATETIME(6)") == 6


def test_a_row_prints_its_id_and_state_only(model: type[LoginRequestMixin]) -> None:
    row = model()
    row.id, row.state, row.secret_hash = "ab", "pending", "secret"
    assert repr(row) == "<LoginRequestModel ab pending>"


def test_the_model_of_a_database_is_made_once() -> None:
    metadata = sa.MetaData()
    assert login_request_model(metadata) is login_request_model(metadata)
    assert login_request_model(metadata) is not login_request_model(sa.MetaData())
