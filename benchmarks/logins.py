"""What browsers and phones say to the site of host.py, as parts of scripts for load.py."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import json
import typing as t

from host import BASE_URL
from host import PHONE
from load import Answer
from load import Ask
from load import is_ok
from load import request
from load import Script
from load import Step

#: A part of a script, and what it finds out.
Part: t.TypeAlias = c.Generator[Step, t.Any, t.Any]

_BROWSER = {"Content-Type": "application/json", "Origin": BASE_URL}
_PHONE = {"Content-Type": "application/json", "Authorization": f"Bearer {PHONE}"}


@dataclasses.dataclass(slots=True)
class Code:
    """What a browser knows of the code that it shows."""

    poll_path: str
    cookie: str
    token: str
    issued_at: str
    #: Seconds until the next poll.
    interval: float


def begin(port: int) -> Part:
    """The browser asks for a code, which is returned."""
    answer = yield ask_begin(port)
    found = answer.json()
    return Code(
        poll_path=found["links"]["poll"],
        cookie=answer.cookies(),
        token=found["qr"]["url"].rpartition("/")[2],
        issued_at=found["issued_at"],
        interval=found["interval"],
    )


def ask_begin(port: int) -> Ask:
    data = _post("/qrlogin/requests", {}, _BROWSER, port=port)
    return Ask("begin", data, lambda answer: answer.status == 201)


def ask_poll(
    port: int, code: Code, *, since: int = 1, wait: int = 0, state: str | None = None
) -> Ask:
    """Return one poll, which has to be answered with a state, if one is given."""
    fields = {"since": since, "wait": wait, "issued_at": code.issued_at}
    data = _post(code.poll_path, fields, _BROWSER | {"Cookie": code.cookie}, port=port)
    expected = f'"state":"{state}"'.encode()

    def is_right(answer: Answer) -> bool:
        return answer.status == 200 and expected in answer.body

    return Ask("poll", data, is_right if state else is_ok)


def ask_naively(port: int) -> Ask:
    """Return what resembles a poll, to the view that only sleeps."""
    cookie = f"qrlogin-{'0' * 32}={'0' * 43}"
    fields = {"since": 1, "wait": 20, "issued_at": "2030-01-31T12:00:00Z"}
    return Ask("naive", _post("/naive", fields, _BROWSER | {"Cookie": cookie}, port=port))


def scan(port: int, code: Code) -> Part:
    """The phone scans the code; what it has to confirm with is returned."""
    fields = {"token": code.token}
    answer = yield Ask("scan", _post("/qrlogin/api/scan", fields, _PHONE, port=port))
    return answer.json()["confirm_token"]


def ask_approve(port: int, code: Code, confirm_token: str) -> Ask:
    fields = {"token": code.token, "confirm_token": confirm_token}
    return Ask("approve", _post("/qrlogin/api/approve", fields, _PHONE, port=port))


def empty_views(port: int) -> Script:
    """Ask for the view that does nothing, for ever."""
    ask = Ask("empty", request("GET", "/", port=port), lambda answer: answer.body == b"{}\n")
    while True:
        yield ask


def pending_polls(port: int) -> Script:
    """Poll a code that nobody scans, for ever."""
    ask = ask_poll(port, (yield from begin(port)), state="pending")
    while True:
        yield ask


def one_login(port: int) -> Script:
    """Log in, one step right after the other."""
    code = yield from begin(port)
    confirm_token = yield from scan(port, code)
    yield ask_poll(port, code, state="scanned")
    yield ask_approve(port, code, confirm_token)
    yield ask_poll(port, code, since=2, state="redeemed")


def _post(path: str, fields: dict[str, t.Any], headers: dict[str, str], *, port: int) -> bytes:
    return request("POST", path, port=port, body=json.dumps(fields).encode(), headers=headers)
