"""Reads one row by its key, as fast as the driver can."""

from __future__ import annotations

import typing as t

import sqlalchemy as sa


class RowByKey:
    """Runs a statement with the one parameter ``key`` on the driver's own cursor.

    Each poll reads one row. What SQLAlchemy does for each statement took a quarter of a poll's
    time, so this has it compile the statement once and converts the values as it would. Echo and
    the engine's events of statements do not see it. It raises whatever the driver raises.
    """

    def __init__(self, engine: sa.Engine, statement: sa.Select[t.Any]) -> None:
        self._engine = engine
        self._dialect = dialect = engine.dialect
        compiled = statement.compile(engine)
        self._text = str(compiled)
        self._by_position = bool(compiled.positional)
        # One statement is a transaction of its own anyway; psycopg is told without asking the
        # server, and saves the round trips of BEGIN and ROLLBACK.
        self._autocommit = dialect.driver == "psycopg"
        processors = (
            column.type.dialect_impl(dialect).result_processor(dialect, None)
            for column in statement.selected_columns
        )
        self._convert = [(at, convert) for at, convert in enumerate(processors) if convert]

    def __call__(self, key: str) -> list[t.Any] | None:
        """Return the values of the row, or None."""
        connection = self._engine.raw_connection()
        try:
            driver = connection.dbapi_connection
            if self._autocommit:
                self._dialect.set_isolation_level(driver, "AUTOCOMMIT")  # type: ignore[arg-type]
            cursor = connection.cursor()
            cursor.execute(self._text, (key,) if self._by_position else {"key": key})
            found = cursor.fetchone()
            cursor.close()
            if self._autocommit:
                self._dialect.reset_isolation_level(driver)  # type: ignore[arg-type]
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
