"""What people do, in the order in which they do it, whatever package they meet."""

from __future__ import annotations

from flows import Code
from flows import Flow
from load import Alongside
from load import Ask
from load import request
from load import Script


def empty_views(flow: Flow) -> Script:
    """Ask for a view of the same app that does nothing, for ever."""
    ask = Ask("empty", request("GET", "/", port=flow.port))
    while True:
        yield ask


def polls(flow: Flow) -> Script:
    """Poll one code that nobody scans, for ever."""
    code = yield from flow.begin()
    poll = next(flow.poll(code, "pending"))
    while True:
        yield poll


def logins(flow: Flow) -> Script:
    """Log in again and again."""
    phone = yield from flow.enter()
    while True:
        yield from login(flow, phone)


def login(flow: Flow, phone: str) -> Script:
    """Log in, one step right after the other."""
    code = yield from flow.begin()
    yield from flow.poll(code, "pending")
    yield from flow.look(code, phone)
    yield from flow.poll(code, "scanned")
    yield from flow.approve(code, phone)
    yield from flow.poll(code, "done")


def patient_login(flow: Flow, phone: str, *, begin: float, confirm: float) -> Script:
    """Log in once, as people do: the browser polls as it is told, and the phone takes its time.

    The browser begins after ``begin`` seconds; the phone opens the code after half of ``confirm``
    seconds more, and approves it after all of them.
    """
    yield begin
    code = yield from flow.begin()
    yield Alongside(_patient_phone(flow, dict(code), phone, confirm))
    while True:
        yield flow.interval(code)
        if (yield from flow.poll(code, wait=20)):
            return


def _patient_phone(flow: Flow, code: Code, phone: str, confirm: float) -> Script:
    yield confirm / 2
    yield from flow.look(code, phone)
    yield confirm / 2
    yield from flow.approve(code, phone)


def hasty_logins(flow: Flow) -> Script:
    """Log in again and again with no poll in vain, and poll other codes: to warm a server up.

    No code is polled twice, so that no server says to slow down.
    """
    phone = yield from flow.enter()
    while True:
        yield from flow.poll((yield from flow.begin()), "pending")
        code = yield from flow.begin()
        yield from flow.look(code, phone)
        yield from flow.approve(code, phone)
        while not (yield from flow.poll(code)):
            pass


def bring_phone(flow: Flow, phones: list[str]) -> Script:
    """Bring one more phone that is logged in."""
    phones.append((yield from flow.enter()))
