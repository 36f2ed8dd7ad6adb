"""Browsers and phones that note what they sent to real servers, and what these answered."""

from __future__ import annotations

import base64
import contextlib
import random
import time
import typing as t

from .history import Event
from .history import History
from .wire import Answer
from .wire import Connection
from .wire import Json
from .wire import PATIENCE


class Client:
    """Talks to one of several servers, and notes what it sent and was answered."""

    def __init__(self, history: History, ports: t.Sequence[int]) -> None:
        self.history = history
        self.ports = ports
        self.answer: Answer | None = None
        self._connection = Connection(random.choice(ports))

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def turn_to(self, port: int) -> None:
        """Go on with another server."""
        self._connection.close()
        self._connection = Connection(port)

    def _ask(
        self,
        path: str,
        body: Json,
        headers: dict[str, str],
        event: dict[str, t.Any],
        *,
        copies: int = 1,
        hang_up: bool = False,
    ) -> Event:
        """Send a request and note it, in several copies at once or without awaiting the answer.

        Return the event; of several copies, one that logged in, or else the last.
        """
        others = [Connection(random.choice(self.ports)) for _ in range(copies - 1)]
        connections = [self._connection, *others]
        invoked = time.monotonic()
        sent = []
        for connection in connections:
            try:
                connection.send("POST", path, body, **headers)
                sent.append(connection)
            except OSError:
                connection.close()
        events = [self._note(c, invoked, event, lost=hang_up) for c in sent]
        events += [self._note(None, invoked, event) for _ in connections[len(sent) :]]
        for other in others:
            other.close()
        return next((e for e in events if e.login is not None), events[-1])

    def _note(
        self,
        connection: Connection | None,
        invoked: float,
        event: dict[str, t.Any],
        *,
        lost: bool = False,
    ) -> Event:
        answer = None
        if connection is not None:
            with contextlib.suppress(OSError):
                answer = None if lost else connection.receive()
            if answer is None:
                connection.close()
        found = event | {"invoked": invoked, "returned": time.monotonic()}
        self.answer = answer
        if answer is not None:
            found |= self._told(answer)
        noted = Event(**found)
        if noted.id:
            self.history.add(noted)
        return noted

    def _told(self, answer: Answer) -> dict[str, t.Any]:
        told = answer.json
        found = {name: told.get(name) for name in ("code", "state", "version")}
        found |= {"status": answer.status, "location": "location" in told}
        if "profile" in told:
            found["profile"] = told["profile"]["name"]
        if "id" in told:
            found["id"] = told["id"]
        session = answer.cookies.get("session")
        if session is not None:
            found["login"] = self._who(session)
        return found

    def _who(self, session: str) -> str | None:
        """Ask the host whom it knows by a session cookie."""
        end = time.monotonic() + PATIENCE
        while True:
            connection = Connection(self._connection.port)
            try:
                found = connection.exchange("GET", "/me", Cookie=f"session={session}").body
            except OSError:  # That worker may die, too.
                if time.monotonic() > end:
                    raise
            else:
                return found.decode() or None
            finally:
                connection.close()


class Browser(Client):
    """A browser that waits."""

    id = ""
    token = ""
    #: What it has seen.
    version = 0
    _cookie = ""

    def start(self) -> Event:
        """Show a new code."""
        event = self._post("/qrlogin/requests", {}, "start", id="")
        if event.done:
            assert self.answer is not None
            self.id, self.version = event.id, 1
            self.token = self.answer.json["qr"]["url"].rpartition("/")[2]
            self._cookie = "; ".join("=".join(item) for item in self.answer.cookies.items())
        return event

    def poll(
        self,
        *,
        since: int | None = None,
        wait: int = 0,
        copies: int = 1,
        hang_up: bool = False,
    ) -> Event:
        """Look how far it is, having seen the newest version unless told otherwise."""
        since = self.version if since is None else since
        body = {"since": since, "wait": wait}
        event = self._post(
            f"/qrlogin/requests/{self.id}/poll",
            body,
            "poll",
            copies=copies,
            hang_up=hang_up,
            since=since,
        )
        if event.done:
            assert event.version is not None
            self.version = max(self.version, event.version)
            if self.answer is not None and "qr" in self.answer.json:
                self.token = self.answer.json["qr"]["url"].rpartition("/")[2]
        return event

    def cancel(self, **how: t.Any) -> Event:
        """Withdraw it."""
        return self._post(f"/qrlogin/requests/{self.id}/cancel", {}, "cancel", **how)

    def _post(
        self,
        path: str,
        body: Json,
        action: str,
        *,
        copies: int = 1,
        hang_up: bool = False,
        **values: t.Any,
    ) -> Event:
        headers = {"Origin": "http://host.example", "Cookie": self._cookie}
        event = {"action": action, "id": self.id} | values
        return self._ask(path, body, headers, event, copies=copies, hang_up=hang_up)


class Phone(Client):
    """A phone with a native app, in which a person is logged in."""

    def __init__(self, history: History, ports: t.Sequence[int], person: int) -> None:
        super().__init__(history, ports)
        self.person = str(person)
        self._fields: Json = {}
        self._id = ""

    def scan(self, browser: Browser, **how: t.Any) -> Event:
        """Scan the code that is on a browser's screen."""
        token = browser.token
        # Of this very code, since the browser may show another one now.
        self._id = base64.urlsafe_b64decode(f"{token}==")[:16].hex()
        self._fields = {"token": token}
        event = self.decide("scan", **how)
        if event.done and self.answer is not None:
            self._fields["confirm_token"] = self.answer.json["confirm_token"]
        return event

    def approve(self, **how: t.Any) -> Event:
        """Agree."""
        return self.decide("approve", **how)

    def deny(self, **how: t.Any) -> Event:
        """Refuse, or take back."""
        return self.decide("deny", **how)

    def decide(self, action: str, **how: t.Any) -> Event:
        """Send one of the three."""
        headers = {"Authorization": f"Bearer {self.person}"}
        event = {"action": action, "id": self._id, "person": self.person}
        return self._ask(f"/qrlogin/api/{action}", self._fields, headers, event, **how)
