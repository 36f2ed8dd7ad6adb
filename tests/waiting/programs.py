"""Web servers as processes of their own, and the parties that talk to them."""

from __future__ import annotations

import concurrent.futures
import json
import pathlib
import socket
import sys

from tests import parties
from tests.openapi import contract
from tests.parties import Answer
from tests.parties import Headers
from tests.parties import Json
from tests.parties import OverHTTP
from tests.processes import environment
from tests.processes import free_port
from tests.processes import Process
from tests.processes import until

_ROOT = pathlib.Path(__file__).parents[2]
#: Seconds until a test gives up on what ought to happen at once: fewer than a poll is held.
PATIENCE = 10.0

_POOL = concurrent.futures.ThreadPoolExecutor(64)


class WebServer:
    """A server that runs the host; ``name`` is its kind, with the options of gunicorn's."""

    def __init__(self, folder: pathlib.Path, name: str, **config: object) -> None:
        self.port = free_port()
        kind, *options = name.split()
        if kind == "gunicorn":
            program = ["-m", "gunicorn", f"--bind=127.0.0.1:{self.port}", "--no-control-socket"]
            program += ["--worker-class", *options, "tests.waiting.host:app"]
        else:
            program = [str(_ROOT / "tests/waiting/serve.py"), kind, str(self.port)]
        keys = {f"FLASK_{key}": json.dumps(value) for key, value in config.items()}
        self.process = Process(
            [sys.executable, *program], folder / f"{self.port}.log", env=environment(**keys)
        )

    def until_it_answers(self) -> None:
        """Return when it answers."""
        self.process.until_it_answers(self.home)

    def home(self) -> Json:
        """Return what the host tells about the process that answers."""
        answer = OverHTTP(self.port)("GET", "/", {}, None)
        assert answer.status == 200, answer.text
        return answer.json

    def until_waiting(self, count: int, *held: concurrent.futures.Future[Json]) -> None:
        """Return when so many polls are held, by the one process it has; ``held`` among them."""

        def waiting() -> bool:
            for poll in held:
                assert not poll.done(), poll.result()
            return bool(self.home()["waiting"] == count)

        until(waiting, f"{count} polls are held", seconds=PATIENCE)

    def hold(self, browser: Browser) -> concurrent.futures.Future[Json]:
        """Send a poll, and return when it is held; nobody else's is."""
        self.until_waiting(0)  # One that was answered just now may still be counted.
        held = browser.hold()
        self.until_waiting(1, held)
        return held


class Client(parties.Client):
    """Talks to one server, whose answers have to be good ones."""

    wire: OverHTTP

    def send(self, method: str, path: str, body: str | None, headers: Headers) -> Answer:
        answer = super().send(method, path, body, headers)
        assert answer.status in (200, 201), answer.text
        told = answer.status, answer.headers.items(), answer.body
        assert contract.faults_over_http(method, path, *told) == []
        return answer


class Browser(Client, parties.Browser):
    """A browser that waits."""

    def __init__(self, port: int) -> None:
        super().__init__(OverHTTP(port), origin=f"http://127.0.0.1:{port}")

    def who(self) -> str | None:
        """Return who is logged in here."""
        who: str | None = self.get("/").json["who"]
        return who

    def wait(self, seconds: int = 20) -> Json:
        """Poll once, and let the answer be held for so long."""
        return self.poll(wait=seconds).json

    def hold(self) -> concurrent.futures.Future[Json]:
        """Poll in another thread."""
        return _POOL.submit(self.wait)

    def send_poll(self) -> socket.socket:
        """Poll, and return the connection, which the answer is to come over."""
        headers = self.headers_of("POST", {"Content-Type": "application/json"})
        body = json.dumps(self.seen(wait=20))
        return self.wire.send("POST", self.links["poll"], headers, body)


class Phone(Client, parties.App):
    """A native app that holds a bearer token."""

    def __init__(self, port: int, name: str = "anna") -> None:
        super().__init__(OverHTTP(port), origin=f"http://127.0.0.1:{port}", bearer=name)
