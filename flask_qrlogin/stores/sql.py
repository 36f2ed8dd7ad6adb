"""Keeps login requests in a table, through an SQLAlchemy engine."""

from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
import sqlite3
import typing as t
from datetime import datetime

import sqlalchemy as sa

from .. import errors
from ..login_request import LoginRequest
from ..models import LoginRequestMixin
from .row_by_key import RowByKey
from .sql_statements import from_row
from .sql_statements import Statements
from .sql_statements import to_naive
from .sql_statements import to_row

#: Fewer than the parameters that a statement may have.
_KEYS_AT_ONCE = 10_000
#: How often a statement is tried.
_ATTEMPTS = 3
_SWITCHES = 50
#: Serialization failure and deadlock in PostgreSQL, the same in MySQL and MariaDB.
_UNDONE = ("40001", "40P01", 1020, 1213)

T = t.TypeVar("T")


class SQLStore:
    """A :class:`~flask_qrlogin.ports.LoginRequestStore` in a database.

    It uses an engine, never a session of the host, in transactions of its own that last
    milliseconds. ``in_host_write`` tells whether the caller's own session may hold the write lock
    of the same SQLite file: then we do not wait for it, and say what to do.
    """

    def __init__(
        self,
        engine: sa.Engine,
        model: type[LoginRequestMixin],
        *,
        in_host_write: c.Callable[[], bool] = lambda: False,
    ) -> None:
        #: What it talks through.
        self.engine = engine
        self._in_host_write = in_host_write
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._table = t.cast(sa.Table, model.__table__)  # type: ignore[attr-defined]
        self._statements = Statements(self._table, engine.dialect)
        self._row_by_key = (
            RowByKey(engine, self._statements.select) if RowByKey.serves(engine) else None
        )

    def create_table(self) -> None:
        """Make the table and its indexes where they are missing."""

        def create(connection: sa.Connection) -> None:
            self._table.create(connection, checkfirst=True)
            for index in self._table.indexes:
                index.create(connection, checkfirst=True)

        for _ in self._table.indexes:
            # Another process may make each of them between our look and our attempt.
            with contextlib.suppress(errors.StoreUnavailable):
                return self._write(create)
        self._write(create)

    def add(self, request: LoginRequest) -> None:
        try:
            self._write(
                lambda connection: connection.execute(self._statements.insert, to_row(request)),
                again=True,
            )
        except errors.StoreUnavailable as error:
            # Ours, if the connection was lost after it was written.
            duplicate = isinstance(error.__cause__, sa.exc.IntegrityError)
            if not duplicate or self.get(request.id) != request:
                raise

    def get(self, id: str) -> LoginRequest | None:
        if self._row_by_key is not None:
            try:
                row = self._row_by_key(id)
            except sa.exc.TimeoutError as error:
                raise errors.StoreUnavailable from error  # The pool has none, after a long wait.
            except Exception:  # noqa: S110 - the longer way mends it, or tells what is wrong
                pass
            else:
                return None if row is None else from_row(row)
        rows = self._read(self._statements.select, {"key": id})
        return from_row(rows[0]) if rows else None

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

    def find(self, *, user_id: str) -> list[LoginRequest]:
        rows = self._read(self._statements.select_of_user, {"user": user_id})
        # To a database "ann" may be the same as "Ann".
        return [from_row(row) for row in rows if row.user_id == user_id]

    def delete_expired(self, before: datetime, limit: int) -> list[LoginRequest]:
        values = {"before": to_naive(before), "most": limit}
        if self._is_sqlite and not self._read(self._statements.select_expired, values):
            return []  # Without a lock on the whole file.
        rows = self._write(lambda connection: self._statements.delete_expired(connection, values))
        return [from_row(row) for row in rows]

    def _read(
        self, statement: sa.Select[t.Any], values: dict[str, t.Any]
    ) -> c.Sequence[sa.Row[t.Any]]:
        def read() -> c.Sequence[sa.Row[t.Any]]:
            with self.engine.connect() as connection:
                return connection.execute(statement, values).all()

        with self._translated():
            return _attempt(read, again=True)

    def _write(self, work: c.Callable[[sa.Connection], T], *, again: bool = False) -> T:
        impatient = self._in_host_write()

        def write() -> T:
            with self._transaction(impatient) as connection:
                return work(connection)

        with self._translated(impatient):
            return _attempt(write, again=again)

    @contextlib.contextmanager
    def _transaction(self, impatient: bool) -> c.Iterator[sa.Connection]:
        with self.engine.connect() as connection:
            if not impatient:
                with connection.begin():
                    yield connection
                return
            # The lock may be held by our own caller, who cannot let go while we wait for it.
            usual = connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one()
            connection.exec_driver_sql("PRAGMA busy_timeout=200")
            try:
                yield connection
                connection.commit()
            finally:
                connection.rollback()
                connection.exec_driver_sql(f"PRAGMA busy_timeout={usual}")

    @contextlib.contextmanager
    def _translated(self, impatient: bool = False) -> c.Iterator[None]:
        try:
            yield
        except (sa.exc.OperationalError, sa.exc.ProgrammingError) as error:
            # They would be logged: hashes, where people go, who they are.
            error.hide_parameters = True
            if impatient and _is_locked(error):
                raise errors.ConfigurationError(
                    "The database is locked: this request has written to the same SQLite file "
                    "and has not committed. Call db.session.commit() before flask_qrlogin has to "
                    "write."
                ) from error
            if error.statement is not None and not error.connection_invalidated:
                self.check_table(error)
            raise errors.StoreUnavailable from error
        except sa.exc.SQLAlchemyError as error:
            if isinstance(error, sa.exc.StatementError):
                error.hide_parameters = True
            raise errors.StoreUnavailable from error

    def check_table(self, cause: Exception | None = None) -> None:
        """Look whether the database has the table with all columns.

        Raises:
            ConfigurationError: it has not; the message says how to make it.
        """
        table = self._table
        try:
            columns = sa.inspect(self.engine).get_columns(table.name, schema=table.schema)
        except sa.exc.NoSuchTableError:
            columns = []
        except sa.exc.SQLAlchemyError:
            return
        if not {column["name"] for column in columns} >= set(table.c.keys()):
            raise errors.ConfigurationError(
                f"The table {table.fullname!r} is missing, or lacks a column. Run "
                "'flask db migrate' and 'flask db upgrade' if you use Flask-Migrate, or else "
                "'flask qrlogin create-tables'."
            ) from cause


def _attempt(do: c.Callable[[], T], *, again: bool) -> T:
    """Do something, and try it anew where the database undid it because of others.

    If it may be done ``again``, also where the connection is broken, as those that waited in the
    pool are after a restart. None of them is left for the second attempt.
    """
    for _ in range(_ATTEMPTS - 1):
        try:
            return do()
        except sa.exc.DBAPIError as error:
            if not (_is_undone(error) or (again and error.connection_invalidated)):
                raise
    return do()


def _is_undone(error: sa.exc.DBAPIError) -> bool:
    """Tell whether the database rolled back: nothing is wrong, and nothing was written."""
    marks = [getattr(error.orig, name, None) for name in ("sqlstate", "pgcode")]
    return any(mark in _UNDONE for mark in [*marks, *getattr(error.orig, "args", ())[:1]])


def _is_locked(error: sa.exc.DBAPIError) -> bool:
    code: int | None = getattr(error.orig, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_BUSY


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
