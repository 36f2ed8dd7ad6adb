"""One row read past SQLAlchemy: where that can be done, and what it leaves behind."""

from __future__ import annotations

import collections.abc as c
import pathlib
import typing as t

import psycopg
import pytest
import sqlalchemy as sa

from flask_qrlogin.core import errors
from flask_qrlogin.core import tokens
from flask_qrlogin.stores import sql
from flask_qrlogin.stores.models import login_request_model
from flask_qrlogin.stores.row_by_key import RowByKey
from flask_qrlogin.testing.store_contract import NOW
from flask_qrlogin.testing.store_contract import pending
from flask_qrlogin.testing.store_contract import scanned
from tests.servers import PostgreSQL

MakeStore: t.TypeAlias = c.Callable[..., sql.SQLStore]


@pytest.fixture(params=["sqlite", "postgresql"])
def make_store(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> c.Iterator[MakeStore]:
    """Open a store with an engine of these options."""
    engines = []

    def make(**options: t.Any) -> sql.SQLStore:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path}/host.sqlite3"
        else:
            url = t.cast(PostgreSQL, request.getfixturevalue("postgresql")).url
        engines.append(sa.create_engine(url, **options))
        store = sql.SQLStore(engines[-1], login_request_model(sa.MetaData()))
        store.create_table()
        return store

    yield make
    for engine in engines:
        engine.dispose()


def test_a_row_is_read_without_sqlalchemys_statements(make_store: MakeStore) -> None:
    store = make_store()
    request = pending()
    store.add(request)
    seen = []
    sa.event.listen(store.engine, "before_cursor_execute", lambda *rest: seen.append(rest))
    assert store.get(request.id) == request
    assert store.get(tokens.new_id()) is None
    assert seen == []


@pytest.mark.parametrize("options", [{}, {"isolation_level": "AUTOCOMMIT"}])
def test_what_others_write_is_seen_by_the_same_connection(
    make_store: MakeStore, options: dict[str, t.Any]
) -> None:
    one = {"pool_size": 1, "max_overflow": 0, "pool_reset_on_return": None}
    store, other = make_store(**one, **options), make_store()
    request = pending()
    store.add(request)
    assert store.get(request.id) == request
    assert other.swap(request, scanned(request), NOW)
    assert store.get(request.id) == scanned(request)


@pytest.mark.parametrize(
    ("url", "served"),
    [
        ("sqlite://", True),
        ("postgresql+psycopg://localhost/x", True),
        ("mysql+pymysql://localhost/x", False),
    ],
)
def test_only_drivers_that_are_known_are_served(url: str, served: bool) -> None:
    assert RowByKey.serves(sa.create_engine(url)) is served


def test_a_host_that_moves_its_tables_to_another_schema_is_obeyed(tmp_path: pathlib.Path) -> None:
    engine = sa.create_engine(
        f"sqlite:///{tmp_path}/host.sqlite3",
        execution_options={"schema_translate_map": {None: "tenant"}},
    )

    @sa.event.listens_for(engine, "connect")
    def attach(connection: t.Any, record: object) -> None:
        connection.execute(f"ATTACH '{tmp_path}/tenant.sqlite3' AS tenant")

    store = sql.SQLStore(engine, login_request_model(sa.MetaData()))
    with engine.connect() as connection:  # An old one, which is not meant.
        connection.execution_options(schema_translate_map={})
        store._table.create(connection)
        connection.commit()
    store.create_table()
    request = pending()
    store.add(request)
    assert store.get(request.id) == request
    assert store.swap(request, scanned(request), NOW)
    assert store.get(request.id) == scanned(request)
    engine.dispose()


class Interrupted(BaseException):
    """As gevent's timeouts are."""


@pytest.mark.parametrize("error", [Interrupted, psycopg.OperationalError])
def test_a_read_that_ends_in_the_middle_leaves_no_connection_behind(
    postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch, error: type[BaseException]
) -> None:
    engine = sa.create_engine(postgresql.url, pool_size=1, max_overflow=0, pool_timeout=1)
    row_by_key = RowByKey(engine, sa.select(sa.bindparam("key").label("key")))

    def fail(cursor: psycopg.Cursor) -> t.NoReturn:
        raise error

    assert row_by_key("a") == ["a"]
    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Cursor, "fetchone", fail)
        with pytest.raises(error):
            row_by_key("a")
    with engine.connect() as connection:
        driver = t.cast(psycopg.Connection, connection.connection.dbapi_connection)
        assert not driver.autocommit
    assert row_by_key("a") == ["a"]
    engine.dispose()


def test_what_the_fast_way_cannot_the_longer_way_can_or_tells(
    make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store()
    request = pending()
    store.add(request)

    def fail(key: str) -> t.NoReturn:
        raise TypeError(key)

    monkeypatch.setattr(store, "_row_by_key", fail)
    assert store.get(request.id) == request


def test_a_pool_that_is_used_up_is_waited_for_once(
    make_store: MakeStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = make_store(pool_size=1, max_overflow=0, pool_timeout=0.05)
    request = pending()
    store.add(request)
    pool = store.engine.pool
    asked, connect = [], pool.connect

    def count() -> sa.PoolProxiedConnection:
        asked.append(1)
        return connect()

    with store.engine.connect():
        monkeypatch.setattr(pool, "connect", count)
        with pytest.raises(errors.StoreUnavailable):
            store.get(request.id)
    assert len(asked) == 1
    assert store.get(request.id) == request
