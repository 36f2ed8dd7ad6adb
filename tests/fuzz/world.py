"""The host with people, browsers and phones, through which every request of these tests goes."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import gc
import io
import json
import logging
import pathlib
import random
import re
import typing as t
from base64 import urlsafe_b64encode
from unittest import mock

import flask
from werkzeug.http import parse_cookie
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.test import run_wsgi_app
from werkzeug.wrappers import Response

from flask_qrlogin.core import tokens
from flask_qrlogin.core import user_code
from tests.web.host import Host
from tests.web.host import PEOPLE

from . import answers
from .evidence import Row
from .evidence import signed_ids
from .evidence import time_of
from .oracle import DEVICES
from .oracle import Oracle
from .oracle import REQUESTS
from .shots import Picks
from .shots import Shot

_SAME_ORIGIN = ("Origin", "http://localhost")

Pair: t.TypeAlias = tuple[str, str]


@dataclasses.dataclass(frozen=True)
class Code:
    """A login request, with what its browser holds and what is in the picture."""

    id: str
    secret: Pair
    token: str
    issued_at: str


@dataclasses.dataclass(frozen=True)
class Values:
    """What is good somewhere: values of variables and fields by their name, and who may ask."""

    named: dict[str, list[t.Any]]
    cookies: tuple[Pair, ...]
    bearers: tuple[Pair, ...]

    def pick(self, picks: Picks, name: str, focus: int) -> t.Any:
        """Return what is good under a name, mostly of one request; anything, if it is not known."""
        found = self.named.get(name) or [each for values in self.named.values() for each in values]
        return picks.one(found) if picks.rarely(5) else found[focus % len(found)]


class World:
    """Sends requests to a host and checks each answer, and each change, by the rules."""

    def __init__(self, folder: pathlib.Path, *, proxied: bool = False, **arguments: t.Any) -> None:
        # Else a login is not fresh any more when it comes from another address.
        self.host = Host(folder, TRUSTED_HOSTS=["localhost"], SESSION_PROTECTION=None, **arguments)
        origins = {"http://localhost"}
        if proxied:
            # One that passes on whatever it is sent.
            self.host.app.wsgi_app = ProxyFix(self.host.app.wsgi_app)  # type: ignore[method-assign]
            origins.add("https://localhost")
        self.oracle = Oracle(self.host, origins=origins)
        #: The session cookies of people who logged in with a password.
        self.sessions = {
            name: ("session", self.host.phone(name).cookies()["session"]) for name in PEOPLE
        }
        self.bearers = {name: ("Authorization", f"Bearer token of {name}") for name in PEOPLE}
        self._log = _Log()
        for logger in (self.host.app.logger, logging.getLogger("flask_qrlogin")):
            logger.addHandler(self._log)
        flask.request_started.connect(self._note_endpoint, self.host.app)
        self._endpoint: str | None = None
        self._empty, self._begin = self.oracle.tables(), self.host.clock()
        self.begin_again()

    def close(self) -> None:
        """Close every database connection, and leave the logs."""
        for logger in (self.host.app.logger, logging.getLogger("flask_qrlogin")):
            logger.removeHandler(self._log)
        self.oracle.close()
        self.host.close()
        gc.collect()  # Files of forms that were cut off, before other tests are told of them.

    def begin_again(self) -> None:
        """Be as it was, with the same ids and secrets to come: a failure can be repeated."""
        self.oracle.restore(self._empty)
        self.host.clock.now = self._begin
        self._chance = random.Random(0)

    def send(self, shot: Shot) -> Response:
        """Send a request, and check the answer and what it changed."""
        before = self.oracle.tables()
        self._endpoint = None
        with (
            contextlib.redirect_stderr(io.StringIO()) as written,
            mock.patch.multiple(
                tokens,
                new_id=lambda: self._chance.randbytes(16).hex(),
                new_secret=lambda: urlsafe_b64encode(self._chance.randbytes(33)).decode()[:43],
            ),
        ):
            answer = Response(*run_wsgi_app(self.host.app, shot.environ(), buffered=True))
        answers.check(answer, endpoint=self._endpoint, method=shot.method)
        self.oracle.judge(shot, self._endpoint, before, self.oracle.tables(), answer)
        self._check_log(f"{written.getvalue()}{self._log.take()}")
        return answer

    def _check_log(self, text: str) -> None:
        """See that nothing went wrong unseen, and that no secret was told."""
        assert "Traceback" not in text, text
        assert not re.search(r"^ERROR", text, re.MULTILINE), text
        for signer in (self.oracle.keys.qr, self.oracle.keys.typed):
            assert not signed_ids(text, signer), text
        codes = [row["user_code"] for row in self.oracle.tables()[REQUESTS].values()]
        for code in filter(None, codes):
            assert code not in text.upper().replace("-", ""), text

    def row(self, code: Code) -> Row | None:
        """Return what is stored of a request; old ones are deleted."""
        return self.oracle.tables()[REQUESTS].get(code.id)

    def state(self, code: Code) -> str:
        """Return how far a request has come, whether or not an old one is deleted by now."""
        row = self.row(code)
        if row is None or time_of(row["deadline"]) <= self.host.clock():
            return "gone"
        return str(row["state"])

    def device(self, code: Code) -> Row | None:
        """Return what is stored of the login that it led to."""
        return self.oracle.tables()[DEVICES].get(code.id)

    def confirm_token(self, code: Code) -> str:
        """Return the confirm token of the newest scan, or one that is none."""
        row = self.row(code)
        return (row and self.oracle.keys.confirm_token(row)) or "A" * 27

    def values(
        self, codes: c.Sequence[Code], confirm_tokens: c.Sequence[str], cookies: c.Iterable[Pair]
    ) -> Values:
        """Return what is good somewhere, by the names that our fields and variables have."""
        devices = self.oracle.tables()[DEVICES].values()
        notices = [self.oracle.keys.notices.write(d["id"], self.host.clock()) for d in devices]
        # As a picture and as letters, each of the same request as the ids.
        typed = [self.oracle.keys.typed.write(code.id, self.host.clock()) for code in codes]
        rows = self.oracle.tables()[REQUESTS]
        letters = [rows[code.id]["user_code"] or "Z" * 8 for code in codes if code.id in rows]
        named: dict[str, list[t.Any]] = {
            "id": [code.id for code in codes] or ["0" * 32],
            "token": [code.token for code in codes] + notices + typed or ["A" * 38],
            "code": [*map(user_code.grouped, letters), "ZZZZ-ZZZZ"],
            "confirm_token": [*confirm_tokens],
            "keep": [code.id for code in codes] or ["0" * 32],
            "filename": ["client.js", "qrlogin.css"],
            "next": ["/welcome", "/welcome?a=b", ""],
            "since": [2, 3, 0, "2"],
            "wait": [0, 20, "0"],
            "issued_at": ["2030-01-31T12:00:00Z"],
            "number": [self.oracle.keys.numbers.number(code.id) for code in codes] or ["10"],
            "remember": [True, False, "yes"],
            "login_hint": ["anna", "ben@example.org"],
            "name": ["The computer at work"],
        }
        return Values(named, tuple(cookies), tuple(self.bearers.values()))

    # What browsers and phones send when all is well.

    def start(self, **fields: t.Any) -> Code:
        """Show a new code."""
        shot = Shot("POST", "/qrlogin/requests", (_SAME_ORIGIN,))
        return code_of(self.send(shot.with_fields(fields)))

    def poll(self, code: Code, *, since: int, form: bool = False) -> Shot:
        """Ask for the state, having seen a version."""
        shot = Shot("POST", f"/qrlogin/requests/{code.id}/poll", (_SAME_ORIGIN,), (code.secret,))
        fields = {"since": since, "issued_at": code.issued_at}
        return shot.with_fields(fields, form=form)

    def cancel(self, code: Code) -> Shot:
        """Withdraw the request."""
        path = f"/qrlogin/requests/{code.id}/cancel"
        return Shot("POST", path, (_SAME_ORIGIN,), (code.secret,)).with_fields({})

    def act(self, name: str, action: str, code: Code, *, app: bool, **fields: t.Any) -> Shot:
        """Scan or decide, in a native app or by a button on the phone's web page."""
        if app:
            shot = Shot("POST", f"/qrlogin/api/{action}", (self.bearers[name],))
            return shot.with_fields({"token": code.token} | fields)
        headers = (_SAME_ORIGIN, ("Accept", "text/html"))
        path = f"/qrlogin/s/{code.token}/{action}"
        return Shot("POST", path, headers, (self.sessions[name],)).with_fields(fields, form=True)

    def _note_endpoint(self, sender: flask.Flask, **extra: object) -> None:
        self._endpoint = flask.request.endpoint


def cookies_of(answer: Response) -> list[Pair]:
    """Return the cookies that an answer sets; those without a value are deleted."""
    found = [parse_cookie(header) for header in answer.headers.getlist("Set-Cookie")]
    return [next(iter(cookie.items())) for cookie in found]


def code_of(answer: Response) -> Code:
    """Read the answer to a start."""
    body = json.loads(answer.get_data())
    name = f"qrlogin-{body['id']}"
    secret = (name, dict(cookies_of(answer))[name])
    return Code(body["id"], secret, body["qr"]["url"].rpartition("/")[2], body["issued_at"])


class _Log(logging.StreamHandler[io.StringIO]):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__(io.StringIO())
        self.setFormatter(logging.Formatter("%(levelname)s %(message)s"))

    def take(self) -> str:
        """Return what there is, and forget it."""
        text = self.stream.getvalue()
        self.setStream(io.StringIO())
        return text
