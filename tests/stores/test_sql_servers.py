"""The SQL store on real servers, and in many processes."""

from __future__ import annotations

import collections.abc as c
import contextlib
import functools
import multiprocessing
import pathlib
import typing as t

import psycopg
import pytest
import sqlalchemy as sa

from flask_qrlogin.core import errors
from flask_qrlogin.core.login_request import LoginRequest
from flask_qrlogin.core.repository import LoginRequests
from flask_qrlogin.core.transitions import cancel
from flask_qrlogin.stores import sql
from flask_qrlogin.stores.models import login_request_model
from flask_qrlogin.testing.store_contract import NOW
from flask_qrlogin.testing.store_contract import pending
from flask_qrlogin.testing.store_contract import scanned
from flask_qrlogin.waiting.notifiers.postgres import PostgresNotifier
from tests.servers import PostgreSQL
from tests.servers import SQLServer


@pytest.fixture(params=["postgresql", "mariadb"])
def server(request: pytest.FixtureRequest) -> SQLServer:
    return t.cast(SQLServer, request.getfixturevalue(request.param))


@pytest.fixture
def engine(server: SQLServer) -> c.Iterator[sa.Engine]:
    engine = sa.create_engine(server.url)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: sa.Engine) -> sql.SQLStore:
    store = sql.SQLStore(engine, login_request_model(sa.MetaData()))
    store.create_table()
    return store


def fill(engine: sa.Engine) -> None:
    """Have several connections in the pool."""
    connections = [engine.connect() for _ in range(4)]
    for connection in connections:
        connection.close()


@pytest.mark.parametrize("crash", [False, True])
def test_after_a_restart_of_the_server_nobody_meets_an_error(
    store: sql.SQLStore, engine: sa.Engine, server: SQLServer, crash: bool
) -> None:
    request, later = pending(), pending()
    store.add(request)
    login_requests = LoginRequests(store, clock=lambda: NOW, announce=lambda request: None)
    for use in (
        lambda: store.get(request.id),
        lambda: store.versions([request.id]),
        lambda: store.find(NOW, user_id="7"),
        lambda: store.find_by_code("WDJBMJHT"),
        lambda: store.add(later),
        lambda: login_requests.change(request.id, cancel),
    ):
        fill(engine)
        server.kill() if crash else server.stop()
        server.start()
        use()
    assert store.versions([request.id, later.id]) == {request.id: 2, later.id: 1}


def test_a_swap_on_a_broken_connection_is_not_repeated(
    store: sql.SQLStore, engine: sa.Engine, server: SQLServer
) -> None:
    request = pending()
    store.add(request)
    fill(engine)
    server.stop()
    server.start()
    with pytest.raises(errors.StoreUnavailable):
        store.swap(request, cancel(request, NOW), NOW)
    assert store.get(request.id) == request


def test_a_server_that_is_down_is_unavailable_at_once(
    store: sql.SQLStore, server: SQLServer
) -> None:
    request = pending()
    store.add(request)
    server.stop()
    try:
        for use in (
            lambda: store.get(request.id),
            lambda: store.add(pending()),
            lambda: store.swap(request, cancel(request, NOW), NOW),
        ):
            with pytest.raises(errors.StoreUnavailable) as caught:
                use()
            assert request.id not in str(caught.value.__cause__)
    finally:
        server.start()


def test_a_request_whose_answer_was_lost_is_added_once(
    store: sql.SQLStore, engine: sa.Engine
) -> None:
    request = pending()

    @sa.event.listens_for(engine, "commit", once=True)
    def lose_the_answer(connection: sa.Connection) -> None:
        # What the server does is done; the next word on this connection will fail.
        raise sa.exc.DBAPIError("COMMIT", {}, Exception("lost"), connection_invalidated=True)

    store.add(request)
    assert store.get(request.id) == request


def test_the_connections_of_the_host_stay_as_they_were(
    store: sql.SQLStore, engine: sa.Engine
) -> None:
    request = pending()
    store.add(request)
    store.get(request.id)
    assert store.swap(request, scanned(request), NOW)
    with engine.connect() as connection:
        connection.execute(sa.text("DELETE FROM qrlogin_login_request"))
        connection.rollback()
    assert store.get(request.id) == scanned(request)


Use: t.TypeAlias = c.Callable[[sql.SQLStore, LoginRequest], object]

each_use = pytest.mark.parametrize(
    "use",
    [
        lambda store, request: store.get(request.id),
        lambda store, request: store.versions([request.id]),
        lambda store, request: store.find(NOW, user_id="7"),
        lambda store, request: store.add(pending()),
        lambda store, request: store.swap(request, scanned(request), NOW),
        lambda store, request: store.delete_expired(NOW, 1),
        lambda store, request: PostgresNotifier(store.engine).publish(request.id),
    ],
    ids=["get", "versions", "find", "add", "swap", "delete_expired", "publish"],
)


def sets_level(connection: psycopg.Connection) -> None:
    connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE


def sets_level_by_sql(connection: psycopg.Connection) -> None:
    connection.execute("SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL SERIALIZABLE")
    connection.commit()


def sets_autocommit(connection: psycopg.Connection) -> None:
    connection.autocommit = True


each_listener = pytest.mark.parametrize(
    "listener", [sets_level, sets_level_by_sql, sets_autocommit, lambda connection: None]
)


@pytest.fixture
def options() -> dict[str, t.Any]:
    return {}


@pytest.fixture
def hosts_engine(postgresql: PostgreSQL, options: dict[str, t.Any]) -> c.Iterator[sa.Engine]:
    """The engine of a host that has one connection to PostgreSQL."""
    one = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 1}
    engine = sa.create_engine(postgresql.url, **one, **options)
    yield engine
    engine.dispose()


def open_hosts(engine: sa.Engine) -> tuple[sql.SQLStore, LoginRequest]:
    """Open the store in it, and add a request."""
    store = sql.SQLStore(engine, login_request_model(sa.MetaData()))
    store.create_table()
    request = pending()
    store.add(request)
    engine.dispose()
    return store, request


def look_at(engine: sa.Engine) -> tuple[object, ...]:
    """Return what its one connection is set to."""
    pooled = engine.raw_connection()
    with contextlib.closing(pooled):
        driver = t.cast(psycopg.Connection, pooled.dbapi_connection)
        status = driver.info.transaction_status
        level = driver.execute("SHOW transaction_isolation").fetchone()
        return status, level, driver.autocommit, driver.isolation_level


@each_listener
@each_use
def test_what_a_host_has_set_on_its_connections_stays(
    hosts_engine: sa.Engine, listener: t.Any, use: Use
) -> None:
    store, request = open_hosts(hosts_engine)
    made = []

    @sa.event.listens_for(hosts_engine, "connect")
    def connected(connection: t.Any, record: object) -> None:
        made.append(1)
        listener(connection)

    before = look_at(hosts_engine)
    use(store, request)
    assert look_at(hosts_engine) == before
    assert len(made) == 1


@pytest.mark.full
@each_listener
@each_use
def test_what_a_host_has_set_stays_after_an_interruption_too(
    hosts_engine: sa.Engine, listener: t.Any, use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, request = open_hosts(hosts_engine)
    sa.event.listen(hosts_engine, "connect", lambda connection, record: listener(connection))
    before = look_at(hosts_engine)
    execute = psycopg.Cursor.execute

    class Interrupted(BaseException):
        """As gevent's timeouts are."""

    def interrupt(*arguments: t.Any, **options: t.Any) -> t.NoReturn:
        execute(*arguments, **options)
        raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(psycopg.Cursor, "execute", interrupt)
        with pytest.raises(Interrupted):
            use(store, request)
    assert look_at(hosts_engine) == before


@pytest.mark.parametrize("options", [{}, {"pool_reset_on_return": None}])
@each_use
def test_a_host_that_talks_to_the_server_at_each_checkout_is_served(
    hosts_engine: sa.Engine, use: Use
) -> None:
    store, request = open_hosts(hosts_engine)
    made = []
    sa.event.listen(hosts_engine, "connect", lambda connection, record: made.append(connection))

    @sa.event.listens_for(hosts_engine, "checkout")
    def choose(connection: t.Any, record: object, pooled: object) -> None:
        connection.execute("SET search_path TO public")

    use(store, request)
    (driver,) = made
    assert driver.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_what_another_process_changes_is_seen_though_the_pool_resets_nothing(
    server: SQLServer, store: sql.SQLStore
) -> None:
    engine = sa.create_engine(server.url, pool_size=1, pool_reset_on_return=None)
    here = sql.SQLStore(engine, login_request_model(sa.MetaData()))
    request = pending()
    store.add(request)
    assert here.get(request.id) == request
    assert store.swap(request, scanned(request), NOW)
    assert here.get(request.id) == scanned(request)
    assert here.versions([request.id]) == {request.id: 2}
    engine.dispose()


def test_many_requests_are_deleted_with_few_statements(
    store: sql.SQLStore, engine: sa.Engine
) -> None:
    for _ in range(50):
        store.add(pending(expires_in=-1))
    statements = []

    @sa.event.listens_for(engine, "before_cursor_execute")
    def count(connection: t.Any, cursor: t.Any, statement: str, *rest: t.Any) -> None:
        statements.append(statement)

    assert len(store.delete_expired(NOW, 50)) == 50
    assert len(statements) <= 2


def test_many_processes_may_make_the_table_at_once(server: SQLServer) -> None:
    make_tables_at_once([server.new_database(f"race{number}") for number in range(5)])


def test_many_processes_may_make_a_file_at_once(tmp_path: pathlib.Path) -> None:
    make_tables_at_once([f"sqlite:///{tmp_path}/{number}/file.sqlite3" for number in range(5)])


def make_tables_at_once(urls: list[str]) -> None:
    processing = multiprocessing.get_context("forkserver")
    processing.set_forkserver_preload([__name__])
    together = processing.Barrier(4)
    processes = [processing.Process(target=make_tables, args=(urls, together)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0, 0, 0, 0]


def make_tables(urls: list[str], together: t.Any) -> None:
    for url in map(sa.make_url, urls):
        if url.drivername == "sqlite":
            make_engine = functools.partial(sql.file_engine, pathlib.Path(url.database or ""))
        else:
            make_engine = functools.partial(sa.create_engine, url)
        together.wait(60)
        store = sql.SQLStore(make_engine(), login_request_model(sa.MetaData()))
        store.create_table()
        store.add(pending())
