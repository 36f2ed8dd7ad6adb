"""Compares the rows before and after a request with the rules, and with who has sent it.

It knows the rules once more, on purpose: what is stored, the table of transitions and what a
request carries are enough to say whether a change is allowed.
"""

from __future__ import annotations

import collections
import collections.abc as c
import sqlite3
import typing as t
from datetime import timedelta

from werkzeug.http import parse_cookie
from werkzeug.wrappers import Response

from tests.web.host import Host

from . import devices
from . import login_requests
from .devices import Table
from .evidence import Evidence
from .evidence import Keys
from .evidence import Row
from .evidence import time_of
from .shots import Shot

Tables: t.TypeAlias = dict[str, Table]

REQUESTS, DEVICES = "qrlogin_login_request", "qrlogin_linked_device"
_GONE_AFTER = timedelta(seconds=60)


class Oracle:
    """Says of each request whether what it changed was allowed."""

    def __init__(self, host: Host, *, origins: c.Container[str]) -> None:
        self.host = host
        self._origins = origins
        self.keys = Keys(host)
        self._file = sqlite3.connect(host.file, isolation_level=None)
        self._file.row_factory = sqlite3.Row
        self._file.execute("PRAGMA synchronous=OFF")
        self._version = -1
        self._tables: Tables = {}
        #: How often each event has happened, for tests that have to know that some did.
        self.seen: collections.Counter[str] = collections.Counter()

    def close(self) -> None:
        """Close the database."""
        self._file.close()

    def tables(self) -> Tables:
        """Read the whole database, if anybody has written to it since the last time."""
        version = self._file.execute("PRAGMA data_version").fetchone()[0]
        if version != self._version:
            self._version = version
            names = self._file.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            self._tables = {
                name: {
                    str(row["id"]): dict(row) for row in self._file.execute(f"SELECT * FROM {name}")
                }
                for (name,) in names.fetchall()
            }
        return self._tables

    def restore(self, tables: Tables) -> None:
        """Put back what was read before, so that old tokens and cookies are good again."""
        if self.tables() == tables:
            return
        self._file.execute("BEGIN")
        for name, rows in tables.items():
            self._file.execute(f"DELETE FROM {name}")
            for row in rows.values():
                marks = ",".join("?" * len(row))
                self._file.execute(f"INSERT INTO {name} VALUES ({marks})", [*row.values()])
        self._file.execute("COMMIT")
        self._version, self._tables = -1, {}

    def judge(
        self, shot: Shot, endpoint: str | None, before: Tables, after: Tables, answer: Response
    ) -> None:
        """Compare what was before and after a request with what it was allowed to do."""
        now, settings = self.host.clock(), self.host.state.settings
        evidence = Evidence(
            shot,
            self.keys,
            app=str(endpoint).startswith("qrlogin_api"),
            devices=before[DEVICES],
            now=now,
            approve_from_linked=settings.approve_from_linked,
            origins=self._origins,
        )
        redeemed: list[Row] = []
        if before != after:
            for name in before.keys() - {REQUESTS, DEVICES}:
                assert before[name] == after[name], f"The host's table {name} was changed."
            redeemed = self._judge_requests(evidence, endpoint, before, after, answer)
            devices.judge(evidence, before[DEVICES], after[DEVICES], after[REQUESTS], now)
            added = after[DEVICES].keys() - before[DEVICES].keys()
            assert {id for id in added if after[DEVICES][id]["ended_at"] is None} <= {
                row["id"] for row in redeemed
            }, "A device that no login has made."
        self._judge_logins(evidence, redeemed, answer)

    def _judge_requests(
        self,
        evidence: Evidence,
        endpoint: str | None,
        before: Tables,
        after: Tables,
        answer: Response,
    ) -> list[Row]:
        """Return the requests that were redeemed."""
        old, new = before[REQUESTS], after[REQUESTS]
        redeemed: list[Row] = []
        if old == new:
            return redeemed
        assert evidence.method == "POST", f"{evidence.method} writes."
        assert evidence.app or evidence.same_origin, "A page of another site may have sent it."
        self._judge_new(evidence, endpoint, [new[id] for id in new.keys() - old.keys()], answer)
        for id in old.keys() - new.keys():
            assert endpoint == "qrlogin.start"
            assert time_of(old[id]["expires_at"]) + _GONE_AFTER < self.host.clock()
        for id in old.keys() & new.keys():
            if old[id] == new[id]:
                continue
            others = str(endpoint).endswith("end_others")
            if new[id]["reason"] in login_requests.BY_DEVICE or others:
                login_requests.judge_by_device(evidence, old[id], new[id], after[DEVICES])
                continue
            events = login_requests.judge(evidence, endpoint, old[id], new[id], self.host.clock())
            self.seen.update(events)
            redeemed += [new[id]] if "redeem" in events else []
        return redeemed

    def _judge_new(
        self, evidence: Evidence, endpoint: str | None, new: list[Row], answer: Response
    ) -> None:
        assert len(new) <= 1
        for row in new:
            assert endpoint == "qrlogin.start"
            assert answer.status_code in (201, 303)
            assert (row["state"], row["version"]) == ("pending", 1)
            unset = {*login_requests.SCANNER, "nonce", "reason", "decided_at"}
            assert {row[column] for column in unset} == {None}
            assert row["deadline"] == row["expires_at"]
            lasts = time_of(row["expires_at"]) - self.host.clock()
            assert lasts == self.host.state.settings.request_lifetime
            next = row["next"]
            assert next is None or (next in evidence.field("next") and next[0] == "/" != next[1:2])
            assert row["requested_by"] is None or row["requested_by"] in evidence.users
            self.seen["start"] += 1

    def _judge_logins(self, evidence: Evidence, redeemed: list[Row], answer: Response) -> None:
        """Say that exactly those were logged in whose request was redeemed just now."""
        cookies = [parse_cookie(header) for header in answer.headers.getlist("Set-Cookie")]
        given = [self.keys.session(cookie["session"]) for cookie in cookies if "session" in cookie]
        users = {session["_user_id"] for session in given if "_user_id" in session}
        if not redeemed:
            assert users <= evidence.users, "Somebody was logged in."
            return
        (row,) = redeemed
        if answer.status_code == 403:
            # What it rests on has ended since: the approver's own login, or the first step.
            assert users <= evidence.users
            assert row["approver_device_id"] or row["requested_by"]
            return
        assert users == {row["user_id"]}
        assert [session["_qrlogin"] for session in given] == [[row["id"], row["user_id"]]]
        assert answer.status_code in (200, 303)
