"""What may happen to the rows of linked devices, and by whom."""

from __future__ import annotations

import typing as t
from datetime import datetime
from datetime import timedelta

from .evidence import Evidence
from .evidence import Row
from .evidence import time_of

Table: t.TypeAlias = dict[str, Row]

_SEEN = {"last_seen_at", "address", "place"}
_END = {"ended_at", "end_reason"}
_GONE_AFTER = timedelta(seconds=60)


def judge(evidence: Evidence, old: Table, new: Table, requests: Table, now: datetime) -> None:
    """Compare the devices before and after a request with what it was allowed to do."""
    for id in new.keys() - old.keys():
        request, device = requests[id], new[id]
        assert device["user_id"] == request["user_id"]
        if device["end_reason"] == "not_me":
            # Of a login that is not there yet, and now never will be.
            assert device["ended_at"] is not None
            assert device["user_id"] in evidence.users
        else:
            assert request["state"] == "redeemed"
    for id in old.keys() - new.keys():
        assert time_of(old[id]["expires_at"]) + _GONE_AFTER < now
    for id in old.keys() & new.keys():
        if old[id] != new[id]:
            _judge_changed(evidence, old[id], new[id], new)


def _judge_changed(evidence: Evidence, old: Row, new: Row, devices: Table) -> None:
    changed = {column for column in old if old[column] != new[column]}
    assert changed <= _SEEN | _END | {"name"}, changed
    if changed & _SEEN:
        assert old["id"] in evidence.marks, "Somebody else was seen there."
        assert old["ended_at"] is None
    if changed - _SEEN:
        assert evidence.method == "POST"
        assert evidence.app or evidence.same_origin, "A page of another site may have sent it."
    if "name" in changed:
        assert old["user_id"] in evidence.users, "Somebody else's device was renamed."
        assert new["name"].strip() == new["name"] != ""
    if changed & _END:
        reason = new["end_reason"]
        assert old["ended_at"] in (None, new["ended_at"]), "It has ended twice."
        if reason in ("logout", "replaced"):
            assert old["id"] in evidence.marks, "Somebody else has logged out."
        elif reason == "approver_ended":
            assert devices[old["approver_device_id"]]["ended_at"] is not None
        else:
            assert reason in ("ended", "not_me")
            noticed = reason == "not_me" and old["id"] in evidence.notices
            assert noticed or old["user_id"] in evidence.users, "Somebody else has ended it."
