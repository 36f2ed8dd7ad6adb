"""Thousands of browsers that wait at one server, and the phones that let them in."""

from __future__ import annotations

import collections
import collections.abc as c
import contextlib
import copy
import dataclasses
import time
import typing as t

import load
import logins

#: Seconds that all of a group may take to get in.
_PATIENCE = 60.0

#: How many browsers begin at the same time.
_AT_ONCE = 8

#: A part of what a director says, and what it finds out.
Stage: t.TypeAlias = c.Generator[load.Step, t.Any, t.Any]


class _Over(Exception):
    """All has been measured: those who still wait are left."""


@dataclasses.dataclass(slots=True)
class Login:
    """What one browser and its phone have gone through, and when: 0 is not yet."""

    code: logins.Code
    confirm_token: str = ""
    #: The phone has sent its approval, and been told that it is written.
    sent: float = 0.0
    written: float = 0.0
    #: The browser has been answered that it is approved, and then logged in.
    answered: float = 0.0
    entered: float = 0.0
    #: Seconds that the browser was told to leave until its poll that was answered so.
    interval: float = 0.0

    def in_time(self, grace: float) -> bool:
        """Tell whether the browser has learned of its approval as soon as it was told to ask."""
        return 0 < self.answered <= self.written + self.interval + grace


class Crowd(load.Load):
    """Browsers that wait at one server, each asking to be held for ``wait`` seconds.

    ``direct`` says what happens: a script beside theirs, at whose end everybody goes.
    """

    def __init__(self, port: int, direct: c.Callable[[Crowd], Stage], *, wait: int) -> None:
        self._seconds = wait
        #: Those who wait and whose code no phone has scanned yet.
        self.waiting = collections.deque[Login]()
        #: How many polls were answered.
        self.polls = 0
        #: What went wrong, and how often: nothing should.
        self.errors = collections.Counter[str]()
        self._direct = direct
        super().__init__(port, self._run_director, clients=1, seconds=3600, repeat=False)

    def go(self) -> None:
        """Run until the director's end.

        Raises:
            RuntimeError: an answer was wrong, or there was none.
        """
        try:
            with contextlib.suppress(_Over):
                self.run()
        finally:
            for key in list(self.selector.get_map().values()):
                key.data.disconnect()
        if self.errors:
            raise RuntimeError(f"{self.errors.total()} errors: {self.errors.most_common(3)}")

    def ended(self, client: t.Any, error: str | None = None) -> None:
        if error is not None:
            self.errors[error] += 1
        super().ended(client, error)

    def _run_director(self) -> load.Script:
        yield from self._direct(self)
        raise _Over

    def begin(self, number: int) -> t.Generator[load.Step, t.Any, list[Login]]:
        """Let so many browsers show a code that they do not poll yet, a few at a time."""
        found: list[Login] = []
        for still_to_come in range(number, 0, -1):
            while number - still_to_come - len(found) >= _AT_ONCE:
                self._check()
                yield 0.001
            yield load.Alongside(self._begin_one(found))
        while len(found) < number:
            self._check()
            yield 0.1
        return found

    def _begin_one(self, found: list[Login]) -> load.Script:
        found.append(Login((yield from logins.begin(self.port))))

    def hold(self, found: list[Login]) -> Stage:
        """Let browsers wait, and return when all of them do."""
        for this in found:
            yield load.Alongside(self._wait(this))
            yield 0.004
        self.waiting.extend(found)
        self._check()
        yield 3.0

    def _wait(self, this: Login) -> load.Script:
        """Poll, as often as the server says, until the browser is logged in."""
        since, interval = 1, 0.0
        while not this.entered:
            poll = logins.ask_poll(self.port, this.code, since=since, wait=self._seconds)
            found = (yield poll).json()
            now = time.perf_counter()
            self.polls += 1
            if found["state"] in ("approved", "redeemed") and not this.answered:
                this.answered, this.interval = now, interval
            if found["state"] == "redeemed":
                this.entered = now
            since, interval = found["version"], found["interval"]
            if "issued_at" in found:
                this.code.issued_at = found["issued_at"]
            if interval:
                yield interval

    def sleep(self, number: int, port: int) -> Stage:
        """Let browsers ask a view that only sleeps, and return while they wait for it."""
        there = self._at(port)
        ask = logins.ask_naively(port)
        for _ in range(number):
            there.start(self._ask(ask), repeat=False)
            yield 0.002
        yield 3.0

    def _ask(self, ask: load.Ask) -> load.Script:
        yield ask

    def scan(self, number: int, port: int, *, rate: float = 100.0) -> Stage:
        """Let phones scan the codes of so many, and return those."""
        there = self._at(port)
        found = [self.waiting.popleft() for _ in range(number)]
        for this in found:
            there.start(self._scan(this, port), repeat=False)
            yield 1 / rate
        while not all(this.confirm_token for this in found):
            self._check()
            yield 0.1
        yield 3.0
        return found

    def _scan(self, this: Login, port: int) -> load.Script:
        this.confirm_token = yield from logins.scan(port, this.code)

    def approve(self, found: list[Login], port: int, *, rate: float | None = None) -> Stage:
        """Let their phones approve, so many in a second or all at once, until all are in."""
        there = self._at(port)
        began = time.perf_counter()
        for sooner, this in enumerate(found, 1):
            there.start(self._approve(this, port), repeat=False)
            if rate is not None:
                yield max(0.0, began + sooner / rate - time.perf_counter())
        give_up = time.perf_counter() + _PATIENCE
        while not all(this.entered for this in found) and time.perf_counter() < give_up:
            self._check()
            yield 0.1

    def _approve(self, this: Login, port: int) -> load.Script:
        ask = logins.ask_approve(port, this.code, this.confirm_token)
        this.sent = time.perf_counter()
        yield ask
        this.written = time.perf_counter()

    def _at(self, port: int) -> load.Load:
        """Return what starts scripts at another server, in the same loop."""
        there = copy.copy(self)
        there.port = port
        return there

    def _check(self) -> None:
        """Leave as soon as something is wrong, since it does not get better."""
        if self.errors:
            raise _Over
