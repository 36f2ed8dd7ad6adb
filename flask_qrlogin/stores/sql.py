"""Keeps login requests in a table, through an SQLAlchemy engine."""

from __future__ import annotations

import collections.abc as c
import pathlib
import sqlite3
import typing as t
from datetime import datetime

import sqlalchemy as sa

from ..core.login_request import LoginRequest
from .models import LoginRequestMixin
from .sql_statements import from_row
from .sql_statements import Statements
from .sql_statements import to_naive
from .sql_statements import to_row
from .sql_table import SQLTable

#: Fewer than the parameters that a statement may have.
_KEYS_AT_ONCE = 10_000
_SWITCHES = 50


class SQLStore(SQLTable):
    """A :class:`~flask_qrlogin.LoginRequestStore` in a database."""

    def __init__(
        self,
        engine: sa.Engine,
        model: type[LoginRequestMixin],
        *,
        in_host_write: c.Callable[[], bool] = lambda: False,
    ) -> None:
        table = t.cast(sa.Table, model.__table__)  # type: ignore[attr-defined]
        self._statements = Statements(table, engine.dialect)
        super().__init__(
            engine,
            table,
            select=self._statements.select,
            insert=self._statements.insert,
            in_host_write=in_host_write,
        )

    def add(self, request: LoginRequest) -> None:
        self._add(to_row(request), is_kept=lambda: self.get(request.id) == request)

    def get(self, id: str) -> LoginRequest | None:
        row = self._row(id)
        return None if row is None else from_row(row)

    def swap(self, old: LoginRequest, new: LoginRequest, now: datetime) -> bool:
        values = to_row(new) | {"old_id": old.id, "old_version": old.version, "now": to_naive(now)}
        del values["id"]
        return (
            self._write(
                lambda connection: connection.execute(self._statements.swap, values).rowcount
            )
            == 1
        )

    def versions(self, ids: c.Collection[str]) -> dict[str, int]:
        keys = list(ids)
        return {
            row.id: row.version
            for start in range(0, len(keys), _KEYS_AT_ONCE)
            for row in self._read(
                self._statements.select_versions, {"keys": keys[start : start + _KEYS_AT_ONCE]}
            )
        }

    def find(self, now: datetime, *, user_id: str) -> list[LoginRequest]:
        rows = self._read(self._statements.select_of_user, {"user": user_id, "now": to_naive(now)})
        # To a database "ann" may be the same as "Ann".
        return [from_row(row) for row in rows if row.user_id == user_id]

    def find_by_code(self, user_code: str) -> list[LoginRequest]:
        rows = self._read(self._statements.select_by_code, {"code": user_code})
        return [from_row(row) for row in rows if row.user_code == user_code]

    def count_started(self, network: str, now: datetime, limit: int) -> int:
        values = {"network": network, "now": to_naive(now), "most": limit}
        counted: int = self._read(self._statements.count_started, values)[0][0]
        return counted

    def delete_expired(self, before: datetime, limit: int) -> list[LoginRequest]:
        values = {"before": to_naive(before), "most": limit}
        if self._is_sqlite and not self._read(self._statements.select_expired, values):
            return []  # Without a lock on the whole file.
        rows = self._write(lambda connection: self._statements.delete_expired(connection, values))
        return [from_row(row) for row in rows]


def memory_engine() -> sa.Engine:
    """Make an SQLite database in memory, one connection that is lent to one caller at a time."""
    return sa.create_engine(
        "sqlite://",
        poolclass=sa.pool.QueuePool,
        pool_size=1,
        max_overflow=0,
        connect_args={"check_same_thread": False},
    )


def file_engine(path: pathlib.Path) -> sa.Engine:
    """Open an SQLite file, in which readers do not wait for a writer; make its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(sa.URL.create("sqlite", database=str(path)))

    @sa.event.listens_for(engine, "connect")
    def use_wal(connection: t.Any, record: object) -> None:
        _switch_to_wal(connection)
        # A loss of power may cost the logins of a moment, never the file.
        connection.execute("PRAGMA synchronous=NORMAL")

    return engine


def _switch_to_wal(connection: sqlite3.Connection) -> None:
    """Switch a file to WAL, which SQLite refuses at once, with no timeout, while others write."""
    for attempt in range(_SWITCHES):
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            locked = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not locked or attempt == _SWITCHES - 1:
                raise
        # This one waits for the writer, as long as the connection's timeout says.
        connection.execute("BEGIN IMMEDIATE")
        connection.rollback()
