"""The statements of the SQL store, and what its rows mean."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t
from datetime import datetime
from datetime import UTC

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from ..core.confirmation import Confirmation
from ..core.login_request import LoginRequest
from ..core.login_request import State
from ..core.login_request import TIMES
from ..core.ports import FOUND_AT_MOST

_FIELDS = [field.name for field in dataclasses.fields(LoginRequest)]


class Statements:
    """The statements on one table, in the words of one kind of database.

    SQLAlchemy remembers how each was compiled.
    """

    def __init__(self, table: sa.Table, dialect: sa.Dialect) -> None:
        columns = [table.c[name] for name in _FIELDS]
        #: Takes what :func:`to_row` makes.
        self.insert: t.Any = sa.insert(table)
        #: Takes a ``key``.
        self.select: t.Any = sa.select(*columns).where(table.c.id == sa.bindparam("key"))
        one_of: sa.ColumnElement[bool] = table.c.id.in_(sa.bindparam("keys", expanding=True))
        if dialect.name == "postgresql":
            # One array, since ten thousand parameters take long.
            keys = sa.bindparam("keys", type_=postgresql.ARRAY(sa.String))
            one_of = table.c.id.in_(sa.select(sa.func.unnest(keys)))
        #: Takes ``keys``.
        self.select_versions: t.Any = sa.select(table.c.id, table.c.version).where(one_of)
        #: Takes a ``user`` and ``now``.
        self.select_of_user: t.Any = (
            sa.select(*columns)
            .where(
                table.c.user_id == sa.bindparam("user"),
                table.c.state.in_([State.SCANNED.value, State.APPROVED.value]),
                table.c.deadline > sa.bindparam("now"),
            )
            .order_by(table.c.created_at.desc())
            .limit(FOUND_AT_MOST)
        )
        #: Takes a ``code``.
        self.select_by_code: t.Any = (
            sa.select(*columns)
            .where(table.c.user_code == sa.bindparam("code"))
            .order_by(table.c.created_at.desc())
            .limit(FOUND_AT_MOST)
        )
        started = (
            sa.select(table.c.id)
            .where(
                table.c.network == sa.bindparam("network"),
                table.c.expires_at > sa.bindparam("now"),
                table.c.state.not_in([state.value for state in State if state.is_answered]),
            )
            .limit(sa.bindparam("most", type_=sa.Integer))
        )
        #: Takes a ``network``, ``now`` and ``most``.
        self.count_started: t.Any = sa.select(sa.func.count()).select_from(started.subquery())
        #: Takes ``old_id``, ``old_version`` and ``now``, and what to set.
        self.swap: t.Any = sa.update(table).where(
            table.c.id == sa.bindparam("old_id"),
            table.c.version == sa.bindparam("old_version"),
            table.c.deadline > sa.bindparam("now"),
        )
        #: Takes ``before`` and ``most``. Those that another caller deletes at the same time are
        #: left to it; SQLite knows no such locks and needs none.
        self.select_expired: t.Any = (
            sa.select(*columns)
            .where(table.c.expires_at < sa.bindparam("before"))
            .order_by(table.c.expires_at)
            .limit(sa.bindparam("most", type_=sa.Integer))
            .with_for_update(skip_locked=True)
        )
        self._delete = sa.delete(table).where(one_of)
        self._delete_expired: sa.Executable | None = None
        if dialect.name not in ("mysql", "mariadb"):  # They have no RETURNING, or without LIMIT.
            expired = self.select_expired.cte()
            old = table.c.id.in_(sa.select(expired.c.id))
            self._delete_expired = sa.delete(table).where(old).returning(*columns)

    def delete_expired(
        self, connection: sa.Connection, values: dict[str, t.Any]
    ) -> c.Sequence[sa.Row[t.Any]]:
        """Delete what ``select_expired`` would return, and return it as it was last."""
        if self._delete_expired is not None:
            return connection.execute(self._delete_expired, values).all()
        rows = connection.execute(self.select_expired, values).all()
        if rows:
            connection.execute(self._delete, {"keys": [row.id for row in rows]})
        return rows


def to_row(request: LoginRequest) -> dict[str, t.Any]:
    """Make the values of a row."""
    values = {name: getattr(request, name) for name in _FIELDS}
    values |= {name: to_naive(values[name]) for name in TIMES if values[name]}
    return values | {"state": request.state.value, "confirmation": request.confirmation.value}


def from_row(row: c.Iterable[t.Any]) -> LoginRequest:
    """Read a row."""
    values: dict[str, t.Any] = dict(zip(_FIELDS, row, strict=True))
    for name in TIMES:
        if values[name] is not None:
            values[name] = values[name].replace(tzinfo=UTC)
    values["state"] = State(values["state"])
    values["confirmation"] = Confirmation(values["confirmation"])
    return LoginRequest(**values)


def to_naive(moment: datetime) -> datetime:
    """Leave out the time zone, which is UTC."""
    return moment.astimezone(UTC).replace(tzinfo=None)
