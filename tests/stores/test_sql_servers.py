"""The SQL store on real servers, and in many processes."""

from __future__ import annotations

import collections.abc as c
import functools
import multiprocessing
import pathlib
import typing as t

import pytest
import sqlalchemy as sa

from flask_qrlogin import errors
from flask_qrlogin.ledger import Ledger
from flask_qrlogin.login_request import cancel
from flask_qrlogin.models import login_request_model
from flask_qrlogin.stores import sql

from ..servers import SQLServer
from .contract import NOW
from .contract import pending
from .contract import scanned


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
    ledger = Ledger(store, clock=lambda: NOW, announce=lambda request: None)
    for use in (
        lambda: store.get(request.id),
        lambda: store.versions([request.id]),
        lambda: store.find(user_id="7"),
        lambda: store.add(later),
        lambda: ledger.change(request.id, cancel),
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
