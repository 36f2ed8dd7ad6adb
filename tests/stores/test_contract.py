"""Each of our stores keeps the promises of all."""

from __future__ import annotations

import collections.abc as c
import functools
import pathlib
import typing as t

import pytest
import redis
import sqlalchemy as sa

from flask_qrlogin.core.ports import LoginRequestStore
from flask_qrlogin.stores.memory import MemoryStore
from flask_qrlogin.stores.models import login_request_model
from flask_qrlogin.stores.redis import connect
from flask_qrlogin.stores.redis import RedisStore
from flask_qrlogin.stores.sql import file_engine
from flask_qrlogin.stores.sql import memory_engine
from flask_qrlogin.stores.sql import SQLStore
from flask_qrlogin.testing.store_contract import OpenStore
from flask_qrlogin.testing.store_contract import SharedStoreContract
from flask_qrlogin.testing.store_contract import StoreContract
from tests.servers import MariaDB
from tests.servers import PostgreSQL
from tests.servers import Redis


def open_sql(make_engine: c.Callable[[], sa.Engine]) -> SQLStore:
    store = SQLStore(make_engine(), login_request_model(sa.MetaData()))
    store.create_table()
    return store


def open_redis(url: str) -> RedisStore:
    return RedisStore(connect(url))


def open_cluster(url: str) -> RedisStore:
    return RedisStore(redis.RedisCluster.from_url(url))


class TestMemory(StoreContract):
    @pytest.fixture
    def store(self) -> LoginRequestStore:
        return MemoryStore()


class TestSQLiteInMemory(StoreContract):
    @pytest.fixture
    def store(self) -> c.Iterator[LoginRequestStore]:
        store = open_sql(memory_engine)
        yield store
        store.engine.dispose()


class SharedSQLContract(SharedStoreContract):
    @pytest.fixture
    def store(self, open_store: OpenStore) -> c.Iterator[LoginRequestStore]:
        store = t.cast(SQLStore, open_store())
        with store.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM qrlogin_login_request")
        yield store
        store.engine.dispose()


class TestSQLiteFile(SharedSQLContract):
    @pytest.fixture
    def open_store(self, tmp_path: pathlib.Path) -> OpenStore:
        path = tmp_path / "folder" / "qrlogin.sqlite3"
        return functools.partial(open_sql, functools.partial(file_engine, path))


@pytest.mark.full
class TestSQLiteFileOfAHost(SharedSQLContract):
    @pytest.fixture
    def open_store(self, tmp_path: pathlib.Path) -> OpenStore:
        url = f"sqlite:///{tmp_path}/host.sqlite3"
        return functools.partial(open_sql, functools.partial(sa.create_engine, url))


class TestPostgreSQL(SharedSQLContract):
    @pytest.fixture
    def open_store(self, postgresql: PostgreSQL) -> OpenStore:
        return functools.partial(open_sql, functools.partial(sa.create_engine, postgresql.url))


@pytest.mark.full
class TestSerializablePostgreSQL(SharedSQLContract):
    @pytest.fixture
    def open_store(self, postgresql: PostgreSQL) -> OpenStore:
        options = {"options": "-c default_transaction_isolation=serializable"}
        make_engine = functools.partial(
            sa.create_engine, postgresql.url, isolation_level="SERIALIZABLE", connect_args=options
        )
        return functools.partial(open_sql, make_engine)


class TestMariaDB(SharedSQLContract):
    @pytest.fixture
    def open_store(self, mariadb: MariaDB) -> OpenStore:
        return functools.partial(open_sql, functools.partial(sa.create_engine, mariadb.url))


class TestSerializableMariaDB(SharedSQLContract):
    @pytest.fixture
    def open_store(self, mariadb: MariaDB) -> OpenStore:
        # The default of MariaDB 11.8, and the strictest level.
        options = {"init_command": "SET innodb_snapshot_isolation=ON"}
        make_engine = functools.partial(
            sa.create_engine, mariadb.url, isolation_level="SERIALIZABLE", connect_args=options
        )
        return functools.partial(open_sql, make_engine)


class SharedRedisContract(SharedStoreContract):
    expires_by_itself = True

    @pytest.fixture
    def store(self, open_store: OpenStore) -> c.Iterator[LoginRequestStore]:
        store = t.cast(RedisStore, open_store())
        store.client.flushall()
        yield store
        store.client.close()


class TestRedis(SharedRedisContract):
    @pytest.fixture
    def open_store(self, redis_server: Redis) -> OpenStore:
        return functools.partial(open_redis, redis_server.url)


class TestRedisCluster(SharedRedisContract):
    @pytest.fixture
    def open_store(self, redis_cluster: Redis) -> OpenStore:
        return functools.partial(open_cluster, redis_cluster.url)
