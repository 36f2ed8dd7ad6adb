"""What may happen to the rows of login requests, and by whom."""

from __future__ import annotations

import unicodedata
from datetime import datetime

from flask_qrlogin.core.transitions import TRANSITIONS
from tests.web.host import PEOPLE

from .evidence import Evidence
from .evidence import Row
from .evidence import time_of

#: What each endpoint may do to login requests. One that is not here may do nothing.
EVENTS = {
    # Those that are too many for one browser.
    "qrlogin.start": {"cancel"},
    "qrlogin.poll": {"redeem"},
    "qrlogin.cancel": {"cancel"},
    "qrlogin_phone.scan": {"scan", "contest"},
    "qrlogin_phone.approve": {"scan", "contest", "escalate", "approve", "deny"},
    "qrlogin_phone.deny": {"deny"},
    "qrlogin_api.scan": {"scan", "contest"},
    "qrlogin_api.approve": {"escalate", "approve", "deny"},
    "qrlogin_api.deny": {"deny"},
}
_PHONE = {
    "approver_user_agent",
    "approver_address",
    "approver_device_id",
    "approver_login",
    "approver_login_at",
}
_WEIGHED = {"confirmation", "warnings"}
SCANNER = {"user_id", "scanner_name", "scanner_avatar_url", "scanned_at", "confirm_version"}
#: The columns that an event may change, besides state and version. All others stay.
_COLUMNS: dict[str, set[str]] = {
    "scan": {*SCANNER, "deadline", *_PHONE, *_WEIGHED},
    "contest": {"contested"},
    "escalate": _WEIGHED,
    "approve": {"deadline", "decided_at", "remember", *_PHONE},
    "deny": {"reason", "decided_at"},
    "cancel": set(),
    "redeem": {"nonce"},
}
#: Once more, and not from the table of transitions, which may be wrong.
_LEADS_TO = {
    "scan": {"scanned", "approved"},
    "contest": {"scanned", "approved"},
    "escalate": {"scanned"},
    "approve": {"approved"},
    "deny": {"denied"},
    "cancel": {"cancelled"},
    "redeem": {"redeemed"},
}
#: Why a request ends by what its owner does with a linked device.
BY_DEVICE = ("not_me", "device_ended")
_STRICTNESS = ["tap", "match", "reauth", "refuse"]


def judge(
    evidence: Evidence, endpoint: str | None, old: Row, new: Row, now: datetime
) -> tuple[str, ...]:
    """Say what has happened to a request, and that it was allowed."""
    assert time_of(old["deadline"]) > now, "Its time had run out."
    events = _explain(old, new, EVENTS.get(str(endpoint), set()))
    _judge_columns(events, old, new)
    assert new["user_id"] == old["user_id"] or old["user_id"] is None
    assert time_of(new["deadline"]) <= time_of(old["expires_at"])
    assert _rank(new) >= _rank(old), "Less is asked for than before."
    for event in events:
        _judge_event(evidence, event, old, new, one_step=len(events) > 1)
        old = new
    return events


def _judge_columns(events: tuple[str, ...], old: Row, new: Row) -> None:
    columns = set().union(*(_COLUMNS[event] for event in events)) | {"state", "version"}
    for column in old.keys() - columns:
        assert old[column] == new[column], (events, column)


def _judge_event(evidence: Evidence, event: str, old: Row, new: Row, *, one_step: bool) -> None:
    """Say whether somebody was allowed to do this; ``one_step`` is a scan that goes on."""
    assert one_step or new["state"] in _LEADS_TO[event]
    if event in ("cancel", "redeem"):
        assert evidence.holds_secret_of(old), "The browser secret is missing."
        if event == "redeem":
            since = [int(x[:9]) for x in evidence.field("since") if x[:9].isdigit()]
            assert max(since, default=0) > 1, "The person has not been seen."
        return
    assert old["id"] in evidence.codes, "The QR token is missing."
    if event == "contest":
        assert evidence.approvers - {old["user_id"]}
        assert (old["contested"], new["contested"]) == (0, 1)
        return
    assert new["user_id"] in evidence.approvers, "Somebody else has decided."
    if event == "scan":
        assert old["user_id"] in (None, new["user_id"])
        assert old["requested_by"] in (None, new["user_id"])
        assert old["login_hint"] is None or _fits(old["login_hint"], new["user_id"])
        if old["user_id"] is not None and not one_step:
            assert new["deadline"] == old["deadline"], "Scanning again gives no more time."
        return
    assert one_step or evidence.confirms(old), "The confirm token is missing or old."
    if event == "deny":
        assert new["reason"] in (None, "number_mismatch")
    if new["reason"] == "number_mismatch":
        assert evidence.field("number"), "No number was wrong."
        assert not evidence.has_number_of(old)
    elif event == "approve" and new["confirmation"] != "tap":
        assert not one_step, "The browser had not shown its number yet."
        assert evidence.has_number_of(old), "The number is missing or wrong."
        fresh = any(session.get("_fresh") for session in evidence.sessions)
        assert new["confirmation"] == "match" or (fresh and not evidence.app)


def judge_by_device(evidence: Evidence, old: Row, new: Row, devices: dict[str, Row]) -> None:
    """Say that a request was denied since its owner has ended a device."""
    assert _explain(old, new, {"deny"}) == ("deny",)
    _judge_columns(("deny",), old, new)
    if new["reason"] == "device_ended":
        assert devices[old["approver_device_id"]]["ended_at"] is not None
    else:
        noticed = {devices[id]["user_id"] for id in evidence.notices & devices.keys()}
        assert old["user_id"] in evidence.users | noticed


def _explain(old: Row, new: Row, allowed: set[str]) -> tuple[str, ...]:
    """Return the events that lead from one row to the other, by the table of transitions."""
    ways: list[tuple[str, tuple[str, ...]]] = [(old["state"], ())]
    for _ in range(new["version"] - old["version"]):
        ways = [
            (target, (*events, event))
            for state, events in ways
            for (source, event), target in TRANSITIONS.items()
            if source == state and event in allowed
        ]
    fitting = [events for state, events in ways if state == new["state"] and events]
    assert fitting, (old["state"], old["version"], new["state"], new["version"], allowed)
    # Of those that look alike, the one that explains what has changed.
    changed = {column for column in old if old[column] != new[column]} - {"state", "version"}

    def fit(events: tuple[str, ...]) -> tuple[int, int]:
        columns = set().union(*(_COLUMNS[event] for event in events))
        return len(changed & columns), -len(columns)

    return max(fitting, key=fit)


def _rank(row: Row) -> int:
    return _STRICTNESS.index(row["confirmation"])


def _fits(hint: str, user_id: str) -> bool:
    name = next(name for name, (id, _) in PEOPLE.items() if str(id) == user_id)
    hint = unicodedata.normalize("NFKC", hint).casefold().strip()
    return hint in (name, f"{name}@example.org")
