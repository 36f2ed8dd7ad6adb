"""No statement of the SQL store reads the whole table, however many old requests there are."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import re
import typing as t
from datetime import timedelta

import pytest
import sqlalchemy as sa

from flask_qrlogin.stores import sql
from flask_qrlogin.stores.models import login_request_model
from flask_qrlogin.stores.sql_statements import Statements
from flask_qrlogin.stores.sql_statements import to_row
from flask_qrlogin.testing.store_contract import NOW
from flask_qrlogin.testing.store_contract import pending
from flask_qrlogin.testing.store_contract import scanned
from tests.servers import SQLServer

TABLE: sa.Table = login_request_model(sa.MetaData()).__table__  # type: ignore[attr-defined]
#: Enough that no planner finds it cheaper to read all of them.
ROWS = 20_000
PEOPLE = 2000
NETWORKS = 30

#: How a statement may read the table, besides the columns of its indexes.
EVERYTHING, PRIMARY_KEY, SORTED = "everything", "primary key", "sorted"


@pytest.fixture(scope="module", params=["sqlite", "postgresql", "mariadb"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> c.Iterator[sa.Engine]:
    """Connect to a database with many requests, one in 200 of which ends soon."""
    if request.param == "sqlite":
        engine = sql.file_engine(tmp_path_factory.mktemp("plans") / "file.sqlite3")
    else:
        server: SQLServer = request.getfixturevalue(request.param)
        engine = sa.create_engine(server.new_database("plans"))
    sql.SQLStore(engine, login_request_model(sa.MetaData())).create_table()
    rows = [
        to_row(
            scanned(
                pending(expires_in=1 + number % 200, network=f"10.0.{number % NETWORKS}.0/24"),
                user_id=str(number % PEOPLE),
            )
        )
        # Most of them have one, where codes can be typed.
        | {"user_code": None if number % 10 == 0 else code(number)}
        for number in range(ROWS)
    ]
    with engine.begin() as connection:
        connection.execute(sa.insert(TABLE), rows)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        analyze = "ANALYZE TABLE" if request.param == "mariadb" else "ANALYZE"
        connection.exec_driver_sql(f"{analyze} {TABLE.name}")
    yield engine
    engine.dispose()


def code(number: int) -> str:
    """Return the code of a request: eight letters, and each another."""
    return f"{number:08d}".translate(str.maketrans("0123456789", "BCDFGHJKLM"))


def get(store: sql.SQLStore, id: str) -> None:
    # It goes past SQLAlchemy, which could not be watched.
    with store.engine.connect() as connection:
        connection.execute(Statements(TABLE, store.engine.dialect).select, {"key": id})


def swap(store: sql.SQLStore, id: str) -> None:
    old = store.get(id)
    assert old is not None
    assert store.swap(old, dataclasses.replace(old, version=old.version + 1), NOW)


def versions(store: sql.SQLStore, id: str) -> None:
    assert len(store.versions([id, *(f"{number:032x}" for number in range(50))])) == 1


def find(store: sql.SQLStore, id: str) -> None:
    assert len(store.find(NOW, user_id="7")) == ROWS // PEOPLE


def find_by_code(store: sql.SQLStore, id: str) -> None:
    assert [request.user_code for request in store.find_by_code(code(7))] == [code(7)]


def count_started(store: sql.SQLStore, id: str) -> None:
    assert store.count_started("10.0.7.0/24", NOW + timedelta(seconds=100), 1000) > 0


def delete_expired(store: sql.SQLStore, id: str) -> None:
    assert len(store.delete_expired(NOW + timedelta(seconds=2), 5)) == 5


@pytest.mark.parametrize(
    ("use", "reads"),
    [
        (get, {PRIMARY_KEY}),
        (swap, {PRIMARY_KEY}),
        (versions, {PRIMARY_KEY}),
        (find, {"user_id", SORTED}),
        (find_by_code, {"user_code", SORTED}),
        (count_started, {"network"}),
        # Sorted, it would read all that have expired to delete a few.
        (delete_expired, {"expires_at", PRIMARY_KEY}),
    ],
)
def test_it_reads_by_an_index(
    engine: sa.Engine, use: c.Callable[[sql.SQLStore, str], None], reads: set[str]
) -> None:
    store = sql.SQLStore(engine, login_request_model(sa.MetaData()))
    with engine.connect() as connection:
        id = connection.scalars(sa.select(TABLE.c.id).where(TABLE.c.user_id == "9")).first()
    statements: list[tuple[str, t.Any]] = []

    def keep(connection: object, cursor: object, text: str, values: t.Any, *rest: object) -> None:
        statements.append((text, values))

    sa.event.listen(engine, "before_cursor_execute", keep)
    try:
        use(store, t.cast(str, id))
    finally:
        sa.event.remove(engine, "before_cursor_execute", keep)
    with engine.connect() as connection:
        seen = [set(READS[engine.dialect.name](connection, *this)) for this in statements]
    assert seen
    for these in seen:
        assert these
        assert these <= reads


def reads_of_sqlite(connection: sa.Connection, text: str, values: t.Any) -> c.Iterator[str]:
    for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values):
        found = re.match(rf"(SCAN|SEARCH) {TABLE.name}(?: USING .*INDEX (\w+))?", row.detail)
        if found:
            yield named(found[2]) if found[1] == "SEARCH" else EVERYTHING
        elif "ORDER BY" in row.detail:
            yield SORTED


def reads_of_postgresql(connection: sa.Connection, text: str, values: t.Any) -> c.Iterator[str]:
    explained = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {text}", values).scalar_one()
    for node in nodes(explained):
        if "Index Name" in node:
            yield named(node["Index Name"])
        elif node.get("Node Type") == "Seq Scan":
            yield EVERYTHING
        elif node.get("Node Type") == "Sort":
            yield SORTED


def reads_of_mariadb(connection: sa.Connection, text: str, values: t.Any) -> c.Iterator[str]:
    explained = connection.exec_driver_sql(f"EXPLAIN FORMAT=JSON {text}", values).scalar_one()
    for node in nodes(json.loads(explained)):
        if node.get("table_name") == TABLE.name:
            # "index" reads one from its beginning to its end.
            yield EVERYTHING if node["access_type"] in ("ALL", "index") else named(node["key"])
        if "filesort" in node:
            yield SORTED


READS: dict[str, c.Callable[[sa.Connection, str, t.Any], c.Iterator[str]]] = {
    "sqlite": reads_of_sqlite,
    "postgresql": reads_of_postgresql,
    "mysql": reads_of_mariadb,
    "mariadb": reads_of_mariadb,
}


def nodes(plan: t.Any) -> c.Iterator[dict[str, t.Any]]:
    """Yield all objects of a plan in JSON."""
    if isinstance(plan, dict):
        yield plan
    for part in plan.values() if isinstance(plan, dict) else plan:
        if isinstance(part, dict | list):
            yield from nodes(part)


def named(index: str) -> str:
    """Return the column of one of our indexes."""
    columns = {str(known.name): known.columns[0].name for known in TABLE.indexes}
    return columns.get(index, PRIMARY_KEY)
