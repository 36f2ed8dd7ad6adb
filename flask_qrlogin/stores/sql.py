"""Keeps login requests in a table, through an SQLAlchemy engine."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import pathlib
import sqlite3
import typing as t
from datetime import datetime
from datetime import UTC

import sqlalchemy as sa

from .. import errors
from ..login_request import LoginRequest
from ..login_request import State
from ..models import LoginRequestMixin
from ..ports import FOUND_AT_MOST

_FIELDS = [field.name for field in dataclasses.fields(LoginRequest)]
_TIMES = ("created_at", "expires_at", "deadline")


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
        self._engine = engine
        self._in_host_write = in_host_write
        self._table = table = t.cast(sa.Table, model.__table__)  # type: ignore[attr-defined]
        columns = [table.c[name] for name in _FIELDS]
        self._select = sa.select(*columns).where(table.c.id == sa.bindparam("key"))
        self._select_versions = sa.select(table.c.id, table.c.version).where(
            table.c.id.in_(sa.bindparam("keys", expanding=True))
        )
        self._find = (
            sa.select(*columns)
            .where(table.c.user_id == sa.bindparam("user"))
            .order_by(table.c.created_at.desc())
            .limit(FOUND_AT_MOST)
        )
        self._select_expired = (
            sa.select(*columns)
            .where(table.c.expires_at < sa.bindparam("before"))
            .order_by(table.c.expires_at)
            .limit(sa.bindparam("most", type_=sa.Integer))
        )
        # The columns to set are named when it is executed.
        self._swap = sa.update(table).where(
            table.c.id == sa.bindparam("old_id"),
            table.c.version == sa.bindparam("old_version"),
            table.c.deadline > sa.bindparam("now"),
        )
        self._delete = sa.delete(table).where(table.c.id == sa.bindparam("key"))

    def create_table(self) -> None:
        """Make the table and its indexes where they are missing."""
        with self._writing() as connection:
            connection.execute(sa.schema.CreateTable(self._table, if_not_exists=True))
            for index in self._table.indexes:
                connection.execute(sa.schema.CreateIndex(index, if_not_exists=True))

    def add(self, request: LoginRequest) -> None:
        with self._writing() as connection:
            connection.execute(sa.insert(self._table), _row(request))

    def get(self, id: str) -> LoginRequest | None:
        with self._translated(), self._engine.connect() as connection:
            row = connection.execute(self._select, {"key": id}).one_or_none()
        return None if row is None else _request(row)

    def swap(self, old: LoginRequest, new: LoginRequest, now: datetime) -> bool:
        values = _row(new) | {"old_id": old.id, "old_version": old.version, "now": _naive(now)}
        del values["id"]
        with self._writing() as connection:
            return connection.execute(self._swap, values).rowcount == 1

    def versions(self, ids: c.Collection[str]) -> dict[str, int]:
        with self._translated(), self._engine.connect() as connection:
            rows = connection.execute(self._select_versions, {"keys": list(ids)}).all()
        return {row.id: row.version for row in rows}

    def find(self, *, user_id: str) -> list[LoginRequest]:
        with self._translated(), self._engine.connect() as connection:
            rows = connection.execute(self._find, {"user": user_id}).all()
        return [_request(row) for row in rows]

    def delete_expired(self, before: datetime, limit: int) -> list[LoginRequest]:
        with self._translated(), self._engine.connect() as connection:
            rows = connection.execute(
                self._select_expired, {"before": _naive(before), "most": limit}
            ).all()
        if not rows:
            return []
        with self._writing() as connection:
            return [
                _request(row)
                for row in rows
                if connection.execute(self._delete, {"key": row.id}).rowcount == 1
            ]

    @contextlib.contextmanager
    def _writing(self) -> c.Iterator[sa.Connection]:
        impatient = self._in_host_write()
        with self._translated(impatient), self._engine.connect() as connection:
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
            columns = sa.inspect(self._engine).get_columns(table.name, schema=table.schema)
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


def _is_locked(error: sa.exc.DBAPIError) -> bool:
    code: int | None = getattr(error.orig, "sqlite_errorcode", None)
    return code is not None and code & 0xFF == sqlite3.SQLITE_BUSY


def _row(request: LoginRequest) -> dict[str, t.Any]:
    values = {name: getattr(request, name) for name in _FIELDS}
    values |= {name: _naive(values[name]) for name in _TIMES}
    return values | {"state": request.state.value}


def _request(row: sa.Row[t.Any]) -> LoginRequest:
    values = dict(row._mapping)
    values |= {name: values[name].replace(tzinfo=UTC) for name in _TIMES}
    return LoginRequest(**values | {"state": State(values["state"])})


def _naive(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(tzinfo=None)


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
        connection.execute("PRAGMA journal_mode=WAL")

    return engine
