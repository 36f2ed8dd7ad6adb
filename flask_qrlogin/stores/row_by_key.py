"""Reads one row by its key, as fast as the driver can."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa

#: What psycopg calls a connection that is in no transaction.
_IDLE = 0


class RowByKey:
    """Runs a statement with the one parameter ``key`` on the driver's own cursor.

    Each poll reads one row. What SQLAlchemy does for each statement took a quarter of a poll's
    time, so this has it compile the statement once and converts the values as it would. Echo and
    the engine's events of statements do not see it. It raises whatever the driver raises.
    """

    @staticmethod
    def serves(engine: sa.Engine) -> bool:
        """Tell whether it can stand for the engine: a driver that we know, and nothing special."""
        # A host may choose the schema in such a listener. SQLAlchemy has no public way to ask for
        # any: where that cannot be told, there may be one.
        listeners = getattr(getattr(engine, "dispatch", None), "engine_connect", None)
        special = listeners is None or len(listeners) > 0
        special = special or "schema_translate_map" in engine.get_execution_options()
        return engine.dialect.driver in ("pysqlite", "psycopg") and not special

    def __init__(self, engine: sa.Engine, statement: sa.Select[t.Any]) -> None:
        self._engine = engine
        dialect = engine.dialect
        compiled = statement.compile(engine)
        self._text = str(compiled)
        self._by_position = dialect.positional
        self._is_psycopg = dialect.driver == "psycopg"
        processors = (
            column.type.dialect_impl(dialect).result_processor(dialect, None)
            for column in statement.selected_columns
        )
        self._convert = [(at, convert) for at, convert in enumerate(processors) if convert]

    def __call__(self, key: str) -> list[t.Any] | None:
        """Return the values of the row, or None."""
        connection = self._engine.raw_connection()
        try:
            found = self._fetch(connection, connection.dbapi_connection, key)
        except BaseException:
            connection.invalidate()  # Nobody knows what state it is in.
            raise
        connection.close()
        if found is None:
            return None
        row = list(found)
        for at, convert in self._convert:
            row[at] = convert(row[at])
        return row

    def _fetch(self, connection: sa.PoolProxiedConnection, driver: t.Any, key: str) -> t.Any:
        # Without a transaction two round trips less, for BEGIN and ROLLBACK. Set at the driver and
        # put back as it was: SQLAlchemy's isolation levels would put the server's default in place
        # of what the host has chosen for its connections. One in which a listener of the host's has
        # begun a transaction is taken as it is.
        alone = self._is_psycopg and driver.info.transaction_status == _IDLE
        if alone:
            usual, driver.autocommit = driver.autocommit, True
        cursor = connection.cursor()
        cursor.execute(self._text, (key,) if self._by_position else {"key": key})
        found = cursor.fetchone()
        cursor.close()
        if alone:
            driver.autocommit = usual
        else:
            driver.rollback()  # The pool may be told not to.
        return found
