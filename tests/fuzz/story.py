"""Two browsers, two people with a phone and an app each, and what they do one after the other."""

from __future__ import annotations

import dataclasses
import typing as t

import hypothesis
from werkzeug.wrappers import Response

from tests.web.host import PEOPLE

from .shots import changed
from .shots import Picks
from .shots import Shot
from .surface import Endpoint
from .surface import requests_by
from .world import Code
from .world import code_of
from .world import cookies_of
from .world import World

_ORIGIN = ("Origin", "http://localhost")
#: Three in one network, and one elsewhere.
_ADDRESSES = ["192.0.2.7", "192.0.2.8", "192.0.2.9", "2001:db8::7"]
#: What happens next, how often out of all.
_STEPS = {
    "go_on": 10,
    "go_wrong": 12,
    "start": 5,
    "refuse": 2,
    "device": 3,
    "again": 4,
    "anything": 3,
    "wait": 3,
    "log_in_with_password": 1,
}
_WEIGHTED = [name for name, times in _STEPS.items() for _ in range(times)]


class Story:
    """What happens is chosen by numbers; the world judges every request.

    Half of it is right, so that much happens, and most of what is wrong is so in one point only.
    """

    def __init__(self, world: World, ways: list[Endpoint], picks: Picks) -> None:
        self._world = world
        self._ways = ways
        self._picks = picks
        world.begin_again()
        #: The cookies of each browser, which stay when its code has ended.
        self._jars: list[dict[str, str]] = [{}, {}]
        #: The codes, each with the browser that shows it.
        self._codes: dict[Code, int] = {}
        #: Every confirm token that somebody has got.
        self._confirm_tokens = ["A" * 27]
        self._sent: list[Shot] = []
        # Somebody has logged in before in the first browser.
        self._jars[0]["session"] = world.sessions["anna"][1]
        self.start(0)
        for _ in range(3):
            self.go_on()

    def step(self) -> None:
        """Let one more thing happen."""
        getattr(self, self._picks.one(_WEIGHTED))()

    def start(self, browser: int | None = None) -> None:
        """Show a code."""
        fields = {"next": "/welcome", "login_hint": None}
        if browser is None:
            browser = self._picks.below(2)
            fields["login_hint"] = self._picks.one(
                [None, None, "anna", "Ben@Example.org", "\ud800"]
            )
        shot = Shot("POST", "/qrlogin/requests", (_ORIGIN,)).with_fields(fields)
        answer = self._send(shot, browser)
        if answer.status_code == 201:
            self._codes[code_of(answer)] = browser

    def go_on(self, *, wrong: bool = False) -> None:
        """Do for a code what comes next."""
        code = self._code()
        state = self._world.state(code)
        if state == "pending":
            self._act("scan", code, wrong=wrong)
        elif state == "scanned":
            self._act("scan" if self._picks.rarely(4) else "approve", code, wrong=wrong)
        elif state == "approved" and self._picks.below(4):
            self._poll(code, wrong=wrong)
        else:
            self._act(self._picks.one(["scan", "approve"]), code, wrong=wrong)

    def go_wrong(self) -> None:
        """Do that, but wrong in one point."""
        self.go_on(wrong=True)

    def refuse(self) -> None:
        """Deny or withdraw a code, mostly as whoever may."""
        code, wrong = self._code(), self._picks.rarely(3)
        action = self._picks.one(["deny", "not-me", "cancel"])
        if action != "cancel":
            self._act(action, code, wrong=wrong)
            return
        browser = self._codes[code]
        self._send(self._world.cancel(code), 1 - browser if wrong else browser)

    def device(self) -> None:
        """End or rename a login, as anybody."""
        id, name = self._code().id, self._picks.one([*PEOPLE])
        action = self._picks.one(["end", "rename"])
        fields = {"name": self._picks.one(["Work", " ", "\x00", "\ud800", "x" * 300])}
        if self._picks.below(2):
            path, pair = f"/qrlogin/api/devices/{id}/{action}", self._world.bearers[name]
            self._send(Shot("POST", path, (pair,)).with_fields(fields))
            return
        shot = Shot("POST", f"/qrlogin/devices/{id}/{action}", (_ORIGIN,)).with_fields(fields)
        session = self._picks.one([self._world.sessions[name], *self._linked()])
        self._send(dataclasses.replace(shot, cookies=(session,)))

    def again(self) -> None:
        """Send what somebody has sent, or nearly that."""
        shot = self._picks.one(self._sent)
        self._send(changed(self._picks, shot) if self._picks.below(3) else shot)

    def anything(self) -> None:
        """Ask any endpoint, with what anybody has seen so far."""
        jars = [pair for jar in self._jars for pair in jar.items()]
        cookies = [*self._world.sessions.values(), *jars]
        values = self._world.values([*self._codes], self._confirm_tokens, cookies)
        self._send(requests_by(self._picks, self._ways, values))

    def wait(self) -> None:
        """Let time pass."""
        self._world.host.clock.advance(
            self._picks.one([1, 2, 3, 5, 10, 20, 31, 61, 121, 301, 86400 * 3, 86400 * 31])
        )

    def log_in_with_password(self) -> None:
        """Be somebody in a browser."""
        name = self._picks.one([*PEOPLE])
        self._jars[self._picks.below(2)]["session"] = self._world.sessions[name][1]

    def _act(self, action: str, code: Code, *, wrong: bool) -> None:
        picks, world = self._picks, self._world
        row = world.row(code) or {"user_id": None}
        owners = [name for name, (id, _) in PEOPLE.items() if str(id) == row["user_id"]]
        name = picks.one(owners or [*PEOPLE])
        app = bool(picks.below(2))
        number = world.oracle.keys.numbers.number(code.id)
        fields = {"confirm_token": world.confirm_token(code), "number": number}
        point = picks.one(["name", "linked", "confirm_token", "number", "none"]) if wrong else ""
        if point == "name":
            name = picks.one([other for other in PEOPLE if other != name])
        elif point == "confirm_token":
            fields["confirm_token"] = picks.one(self._confirm_tokens)
        elif point == "number":
            fields["number"] = str(10 + picks.below(90))
        elif point == "none":
            del fields[picks.one(["number", "confirm_token"])]
        app = app and point != "linked"
        shot = world.act(name, action, code, app=app, **fields)
        if point == "linked" and (linked := self._linked()):
            shot = dataclasses.replace(shot, cookies=(picks.one(linked),))
        self._send(shot)
        self._confirm_tokens.append(world.confirm_token(code))

    def _poll(self, code: Code, *, wrong: bool) -> None:
        point = self._picks.one(["since", "browser", "secret"]) if wrong else ""
        since = self._picks.below(2) if point == "since" else 2
        form = bool(self._picks.below(2))
        shot = self._world.poll(code, since=since, form=form)
        browser = self._codes[code]
        if point == "secret":
            other = self._code().secret[1] if self._picks.below(2) else "A" * 43
            secret = code.secret[0], other if other != code.secret[1] else ""
            self._send(dataclasses.replace(shot, cookies=(secret,)))
        else:
            self._send(shot, 1 - browser if point == "browser" else browser)

    def _code(self) -> Code:
        """Return one of the newest codes."""
        return self._picks.one([*reversed(self._codes)][:4])

    def _linked(self) -> list[tuple[str, str]]:
        """Return the sessions that the browsers have."""
        return [("session", jar["session"]) for jar in self._jars if "session" in jar]

    def _send(self, shot: Shot, browser: int | None = None) -> Response:
        """Send a request; a browser adds the cookies that it has, and keeps those it gets."""
        shot = dataclasses.replace(shot, address=self._picks.one(_ADDRESSES))
        if browser is not None:
            shot = dataclasses.replace(shot, cookies=tuple(self._jars[browser].items()))
        hypothesis.note(str(shot))
        self._sent.append(shot)
        answer = self._world.send(shot)
        for name, value in cookies_of(answer) if browser is not None else ():
            jar = self._jars[t.cast(int, browser)]
            jar[name] = value
            if not value:
                del jar[name]
        return answer
