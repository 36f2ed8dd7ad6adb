"""A store of one's own: login requests in a file of Python's sqlite3, without SQLAlchemy."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import json
import sqlite3
from datetime import datetime

from flask_qrlogin import Confirmation
from flask_qrlogin import LoginRequest
from flask_qrlogin import State
from flask_qrlogin.core.errors import StoreUnavailable
from flask_qrlogin.core.login_request import TIMES
from flask_qrlogin.core.ports import FOUND_AT_MOST

SCHEMA = """
CREATE TABLE IF NOT EXISTS request (
    id TEXT PRIMARY KEY, version INT, deadline REAL, expires_at REAL, created_at REAL,
    network TEXT, user_id TEXT, user_code TEXT, record TEXT
)
"""


class OwnStore:
    """Keeps each request as JSON, beside the columns that it is looked for by."""

    def __init__(self, file: str) -> None:
        self._file = file
        with self._rows() as rows:
            rows.execute(SCHEMA)

    def add(self, request: LoginRequest) -> None:
        with self._rows() as rows:
            rows.execute("INSERT OR IGNORE INTO request VALUES (?,?,?,?,?,?,?,?,?)", _row(request))

    def get(self, id: str) -> LoginRequest | None:
        found = self._find("id = ?", id)
        return found[0] if found else None

    def swap(self, old: LoginRequest, new: LoginRequest, now: datetime) -> bool:
        # One statement, so that of many who try at once one succeeds.
        statement = """
            UPDATE request SET (id, version, deadline, expires_at, created_at, network, user_id,
            user_code, record) = (?,?,?,?,?,?,?,?,?) WHERE id = ? AND version = ? AND deadline > ?
        """
        with self._rows() as rows:
            values = (*_row(new), old.id, old.version, now.timestamp())
            return rows.execute(statement, values).rowcount == 1

    def versions(self, ids: c.Collection[str]) -> dict[str, int]:
        wanted = "SELECT id, version FROM request WHERE id IN (SELECT value FROM json_each(?))"
        with self._rows() as rows:
            return dict(rows.execute(wanted, [json.dumps(list(ids))]))

    def find(self, now: datetime, *, user_id: str) -> list[LoginRequest]:
        found = self._find("user_id = ?", user_id)
        return [request for request in found if not request.state_at(now).is_end][:FOUND_AT_MOST]

    def find_by_code(self, user_code: str) -> list[LoginRequest]:
        return self._find("user_code = ?", user_code)[:FOUND_AT_MOST]

    def count_started(self, network: str, now: datetime, limit: int) -> int:
        found = self._find("network = ? AND expires_at > ?", network, now.timestamp())
        return min(limit, sum(not request.state.is_answered for request in found))

    def delete_expired(self, before: datetime, limit: int) -> list[LoginRequest]:
        statement = """
            DELETE FROM request WHERE id IN (SELECT id FROM request WHERE expires_at < ? LIMIT ?)
            RETURNING record
        """
        with self._rows() as rows:
            deleted = rows.execute(statement, (before.timestamp(), limit)).fetchall()
            return [_read(record) for (record,) in deleted]

    def _find(self, condition: str, *values: object) -> list[LoginRequest]:
        statement = f"SELECT record FROM request WHERE {condition} ORDER BY created_at DESC"
        with self._rows() as rows:
            return [_read(record) for (record,) in rows.execute(statement, values)]

    @contextlib.contextmanager
    def _rows(self) -> c.Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(sqlite3.connect(self._file)) as rows, rows:
                yield rows
        except sqlite3.Error as error:
            # What was to be written may have been written.
            raise StoreUnavailable from error


def _row(request: LoginRequest) -> tuple[object, ...]:
    times = (request.deadline, request.expires_at, request.created_at)
    record = json.dumps(dataclasses.asdict(request), default=str)
    hints = (request.network, request.user_id, request.user_code)
    return (request.id, request.version, *(at.timestamp() for at in times), *hints, record)


def _read(record: str) -> LoginRequest:
    fields = json.loads(record)
    times = {name: datetime.fromisoformat(fields[name]) for name in TIMES if fields[name]}
    enums = {
        "state": State(fields["state"]),
        "confirmation": Confirmation(fields["confirmation"]),
    }
    return LoginRequest(**fields | times | enums)
