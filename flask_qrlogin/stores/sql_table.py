"""What our stores in SQL share: transactions of their own, errors, and the look at the table."""

from __future__ import annotations

import collections.abc as c
import contextlib
import sqlite3
import typing as t

import sqlalchemy as sa

from ..core import errors
from .row_by_key import RowByKey

#: How often a statement is tried.
_ATTEMPTS = 5
#: Serialization failure and deadlock in PostgreSQL, the same in MySQL and MariaDB.
_UNDONE = ("40001", "40P01", 1020, 1213)

T = t.TypeVar("T")


class SQLTable:
    """A table in a database, through an engine.

    Never through a session of the host: in transactions of its own that last milliseconds.
    ``in_host_write`` tells whether the caller's own session may hold the write lock of the same
    SQLite file: then we do not wait for it, and say what to do.
    """

    def __init__(
        self,
        engine: sa.Engine,
        table: sa.Table,
        *,
        select: sa.Select[t.Any],
        insert: sa.Insert,
        in_host_write: c.Callable[[], bool],
    ) -> None:
        #: What it talks through.
        self.engine = engine
        self._table = table
        self._select = select
        self._insert = insert
        self._in_host_write = in_host_write
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._row_by_key = RowByKey(engine, select) if RowByKey.serves(engine) else None

    @property
    def name(self) -> str:
        """What the table is called, with its schema if it has one."""
        return self._table.fullname

    def create_table(self) -> None:
        """Make the table, its columns and its indexes where they are missing."""

        def create(connection: sa.Connection) -> None:
            self._table.create(connection, checkfirst=True)
            self._add_columns(connection)
            for index in self._table.indexes:
                index.create(connection, checkfirst=True)

        for _ in self._table.indexes:
            # Another process may make each of them between our look and our attempt.
            with contextlib.suppress(errors.StoreUnavailable):
                return self._write(create)
        self._write(create)

    def _add(self, values: dict[str, t.Any], *, is_kept: c.Callable[[], bool]) -> None:
        """Insert a row; ``is_kept`` tells whether it is there already."""
        try:
            self._write(lambda connection: connection.execute(self._insert, values), again=True)
        except errors.StoreUnavailable as error:
            # Ours, if the connection was lost after it was written.
            if not isinstance(error.__cause__, sa.exc.IntegrityError) or not is_kept():
                raise

    def _row(self, key: str) -> c.Sequence[t.Any] | None:
        """Return the row with a key."""
        if self._row_by_key is not None:
            try:
                return self._row_by_key(key)
            except sa.exc.TimeoutError as error:
                raise errors.StoreUnavailable from error  # The pool has none, after a long wait.
            except Exception:  # noqa: S110 - the longer way mends it, or tells what is wrong
                pass
        rows = self._read(self._select, {"key": key})
        return rows[0] if rows else None

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

    def _add_columns(self, connection: sa.Connection) -> None:
        """Add what a table of an older version lacks: all of it is nullable or has a default."""
        table, dialect = self._table, connection.dialect
        there = sa.inspect(connection).get_columns(table.name, schema=table.schema)
        for column in table.columns:
            if column.name not in {each["name"] for each in there}:
                name = dialect.identifier_preparer.format_table(table)
                described = sa.schema.CreateColumn(column).compile(dialect=dialect)
                connection.exec_driver_sql(f"ALTER TABLE {name} ADD COLUMN {described}")

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
