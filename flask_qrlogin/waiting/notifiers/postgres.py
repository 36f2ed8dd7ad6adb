"""PostgreSQL's LISTEN and NOTIFY, through psycopg 3."""

from __future__ import annotations

import collections.abc as c
import contextlib
import typing as t

import sqlalchemy as sa

from ...core.ports import HEARTBEAT

if t.TYPE_CHECKING:
    import psycopg

_CHANNEL = "qrlogin"


class PostgresNotifier:
    """A :class:`~flask_qrlogin.Notifier` over one channel of a PostgreSQL database.

    A process that has held a poll keeps one connection of its own to listen, made as ``engine``
    makes them and taken out of its pool. Notices are sent over a connection of the pool.
    Through a PgBouncer that pools transactions nothing can be heard: give it an engine that
    connects to the server itself.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._notify = sa.select(sa.func.pg_notify(_CHANNEL, sa.bindparam("id")))

    def publish(self, id: str) -> None:
        try:
            self._send(id)
        except sa.exc.DBAPIError as error:
            # One that had been waiting in the pool while the server restarted: take a new one.
            if not error.connection_invalidated:
                raise
            self._send(id)

    def _send(self, id: str) -> None:
        with self._engine.begin() as connection:
            connection.execute(self._notify, {"id": id})

    def listen(self) -> c.Iterator[str | None]:
        pooled = self._engine.raw_connection()
        pooled.detach()
        with contextlib.closing(pooled):
            connection = t.cast("psycopg.Connection", pooled.dbapi_connection)
            connection.rollback()
            connection.autocommit = True
            connection.execute(f"LISTEN {_CHANNEL}")
            while True:
                yield None
                for notice in connection.notifies(timeout=HEARTBEAT):
                    yield notice.payload
                # A connection that a firewall has dropped would be silent for ever.
                connection.execute("SELECT 1")
