"""Keeps linked devices in a table, through an SQLAlchemy engine."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t
from datetime import datetime
from datetime import UTC

import sqlalchemy as sa

from ..core.linked_device import LinkedDevice
from ..core.ports import DEVICES_AT_MOST
from .models import LinkedDeviceMixin
from .sql_statements import to_naive
from .sql_table import SQLTable

_FIELDS = [field.name for field in dataclasses.fields(LinkedDevice)]
_TIMES = ("created_at", "last_seen_at", "expires_at", "approver_login_at", "ended_at")


class SQLDeviceStore(SQLTable):
    """A :class:`~flask_qrlogin.LinkedDeviceStore` in a database."""

    def __init__(
        self,
        engine: sa.Engine,
        model: type[LinkedDeviceMixin],
        *,
        in_host_write: c.Callable[[], bool] = lambda: False,
    ) -> None:
        table = t.cast(sa.Table, model.__table__)  # type: ignore[attr-defined]
        columns = [table.c[name] for name in _FIELDS]
        this, is_live = table.c.id == sa.bindparam("key"), table.c.ended_at.is_(None)
        super().__init__(
            engine,
            table,
            select=sa.select(*columns).where(this),
            insert=sa.insert(table),
            in_host_write=in_host_write,
        )
        self._select_of_user = (
            sa.select(*columns)
            .where(table.c.user_id == sa.bindparam("user"))
            .order_by(table.c.ended_at.is_not(None), table.c.created_at.desc(), table.c.id)
            .limit(DEVICES_AT_MOST)
        )
        self._select_expired = (
            sa.select(table.c.id)
            .where(table.c.expires_at < sa.bindparam("before"))
            .order_by(table.c.expires_at)
            .limit(sa.bindparam("most", type_=sa.Integer))
        )
        self._update = sa.update(table).where(this)
        self._end = self._update.where(is_live)
        self._touch = self._update.where(is_live, table.c.last_seen_at < sa.bindparam("seen"))
        self._delete = sa.delete(table).where(this)

    def add(self, device: LinkedDevice) -> None:
        self._add(_to_row(device), is_kept=lambda: self.get(device.id) == device)

    def get(self, id: str) -> LinkedDevice | None:
        row = self._row(id)
        return None if row is None else _from_row(row)

    def find(self, *, user_id: str) -> list[LinkedDevice]:
        rows = self._read(self._select_of_user, {"user": user_id})
        # To a database "ann" may be the same as "Ann".
        return [_from_row(row) for row in rows if row.user_id == user_id]

    def touch(self, id: str, now: datetime, *, address: str, place: str | None) -> None:
        seen = to_naive(now)
        values = {"last_seen_at": seen, "address": address, "place": place}
        self._each(self._touch, [{"key": id, "seen": seen} | values])

    def rename(self, id: str, name: str) -> None:
        self._each(self._update, [{"key": id, "name": name}])

    def end(self, ids: c.Collection[str], now: datetime, *, reason: str) -> list[str]:
        # In one order: two callers must not wait for each other.
        keys = sorted(ids)
        values = {"ended_at": to_naive(now), "end_reason": reason}
        ended = self._each(self._end, [{"key": key} | values for key in keys])
        return [key for key, count in zip(keys, ended, strict=True) if count]

    def give_reason(self, id: str, reason: str) -> None:
        self._each(self._update, [{"key": id, "end_reason": reason}])

    def delete_expired(self, before: datetime, limit: int) -> int:
        values = {"before": to_naive(before), "most": limit}
        keys = sorted(row.id for row in self._read(self._select_expired, values))
        return sum(self._each(self._delete, [{"key": key} for key in keys])) if keys else 0

    def _each(
        self, statement: sa.Update | sa.Delete, values: c.Iterable[dict[str, t.Any]]
    ) -> list[int]:
        """Run a statement for each of these in one transaction; return the rows that each met."""

        def work(connection: sa.Connection) -> list[int]:
            return [connection.execute(statement, each).rowcount for each in values]

        return self._write(work, again=True)


def _to_row(device: LinkedDevice) -> dict[str, t.Any]:
    values = {name: getattr(device, name) for name in _FIELDS}
    return values | {name: to_naive(values[name]) for name in _TIMES if values[name]}


def _from_row(row: c.Iterable[t.Any]) -> LinkedDevice:
    values: dict[str, t.Any] = dict(zip(_FIELDS, row, strict=True))
    for name in _TIMES:
        if values[name] is not None:
            values[name] = values[name].replace(tzinfo=UTC)
    return LinkedDevice(**values)
