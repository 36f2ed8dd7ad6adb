"""Linked devices are kept alike in each database."""

from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib

import pytest
import sqlalchemy as sa

from flask_qrlogin.core import errors
from flask_qrlogin.core import tokens
from flask_qrlogin.stores.models import linked_device_model
from flask_qrlogin.stores.sql import file_engine
from flask_qrlogin.stores.sql import memory_engine
from flask_qrlogin.stores.sql_devices import SQLDeviceStore
from flask_qrlogin.testing.device_store_contract import DeviceStoreContract
from flask_qrlogin.testing.device_store_contract import make_device
from tests.servers import MariaDB
from tests.servers import PostgreSQL
from tests.servers import SQLServer


@contextlib.contextmanager
def opened(engine: sa.Engine) -> c.Iterator[SQLDeviceStore]:
    store = SQLDeviceStore(engine, linked_device_model(sa.MetaData()))
    store.create_table()
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM qrlogin_linked_device")
    try:
        yield store
    finally:
        engine.dispose()


class TestSQLiteInMemory(DeviceStoreContract):
    @pytest.fixture
    def store(self) -> c.Iterator[SQLDeviceStore]:
        with opened(memory_engine()) as store:
            yield store


class TestSQLiteFile(DeviceStoreContract):
    @pytest.fixture
    def store(self, tmp_path: pathlib.Path) -> c.Iterator[SQLDeviceStore]:
        with opened(file_engine(tmp_path / "qrlogin.sqlite3")) as store:
            yield store


class TestPostgreSQL(DeviceStoreContract):
    @pytest.fixture
    def store(self, postgresql: PostgreSQL) -> c.Iterator[SQLDeviceStore]:
        with opened(sa.create_engine(postgresql.url)) as store:
            yield store


@pytest.mark.full
class TestSerializablePostgreSQL(DeviceStoreContract):
    @pytest.fixture
    def store(self, postgresql: PostgreSQL) -> c.Iterator[SQLDeviceStore]:
        with opened(sa.create_engine(postgresql.url, isolation_level="SERIALIZABLE")) as store:
            yield store


class TestMariaDB(DeviceStoreContract):
    @pytest.fixture
    def store(self, mariadb: MariaDB) -> c.Iterator[SQLDeviceStore]:
        with opened(sa.create_engine(mariadb.url)) as store:
            yield store


@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_a_device_is_read_by_its_key_and_a_persons_by_an_index(
    request: pytest.FixtureRequest, server: str
) -> None:
    database: SQLServer = request.getfixturevalue(server)
    with opened(sa.create_engine(database.url)) as store:
        indexes = sa.inspect(store.engine).get_indexes("qrlogin_linked_device")
    assert sorted(index["column_names"] for index in indexes) == [["expires_at"], ["user_id"]]


def test_a_missing_table_is_told_with_what_makes_it() -> None:
    store = SQLDeviceStore(memory_engine(), linked_device_model(sa.MetaData()))
    with pytest.raises(errors.ConfigurationError, match="'qrlogin_linked_device' is missing"):
        store.get(tokens.new_id())
    with pytest.raises(errors.ConfigurationError, match="create-tables"):
        store.add(make_device())
    store.engine.dispose()


def test_the_common_read_is_one_statement_of_the_driver(tmp_path: pathlib.Path) -> None:
    device, seen = make_device(), list[str]()
    with opened(file_engine(tmp_path / "qrlogin.sqlite3")) as store:
        store.add(device)
        sa.event.listen(store.engine, "before_cursor_execute", lambda *call: seen.append(call[2]))
        assert store.get(device.id) == device
    assert seen == []
