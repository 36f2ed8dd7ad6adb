"""Web servers as processes of their own, and the parties that talk to them."""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import contextlib
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import typing as t

from ..openapi import contract
from ..servers import free_port

_ROOT = pathlib.Path(__file__).parents[2]
#: Seconds until a test gives up on what ought to happen at once: fewer than a poll is held.
PATIENCE = 10.0
#: Seconds until it gives up on an answer: more.
_ANSWERED = 25.0

Json: t.TypeAlias = dict[str, t.Any]

_POOL = concurrent.futures.ThreadPoolExecutor(64)


class WebServer:
    """A server that runs the host; ``name`` is its kind, with the options of gunicorn's."""

    def __init__(self, folder: pathlib.Path, name: str, **config: object) -> None:
        self.port = free_port()
        self.log = folder / f"{self.port}.log"
        kind, *options = name.split()
        if kind == "gunicorn":
            program = ["-m", "gunicorn", f"--bind=127.0.0.1:{self.port}", "--no-control-socket"]
            program += ["--worker-class", *options, "tests.waiting.host:app"]
        else:
            program = [str(_ROOT / "tests/waiting/serve.py"), kind, str(self.port)]
        keys = {f"FLASK_{key}": json.dumps(value) for key, value in config.items()}
        environment = os.environ | keys | {"PYTHONPATH": str(_ROOT)}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, *program],
                cwd=folder,
                env=environment,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for the tests, which end it.
            )

    def until_it_answers(self) -> None:
        """Return when it answers."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            with contextlib.suppress(OSError):
                self.home()
                return
            time.sleep(0.02)
        raise RuntimeError(f"The server does not start:\n{self.log.read_text()}")

    def home(self) -> Json:
        """Return what the host tells about the process that answers."""
        return Client(self.port).ask("GET", "/")

    def until_waiting(self, count: int) -> None:
        """Return when so many polls are held, by the one process it has."""
        until(lambda: self.home()["waiting"] == count, f"{count} polls are held")

    def end(self) -> int:
        """End it with SIGTERM, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def kill(self) -> None:
        """Kill it and its workers."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)


class Client:
    """Talks to one server, over a new connection for each request unless ``connection`` is set."""

    connection: http.client.HTTPConnection | None = None

    def __init__(self, port: int) -> None:
        self.port = port
        self.headers = {"Origin": f"http://127.0.0.1:{port}"}

    def ask(self, method: str, path: str, body: Json | None = None) -> Json:
        """Send a request and return the answer's JSON."""
        if self.connection is not None:
            return self._ask(self.connection, method, path, body)
        with contextlib.closing(self.connect()) as connection:
            return self._ask(connection, method, path, body)

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection to the server."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=_ANSWERED)

    def _ask(
        self, connection: http.client.HTTPConnection, method: str, path: str, body: Json | None
    ) -> Json:
        headers = self.headers | {"Content-Type": "application/json"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        response = connection.getresponse()
        for cookie in response.headers.get_all("Set-Cookie") or ():
            self.headers["Cookie"] = cookie.partition(";")[0]
        text = response.read()
        assert response.status in (200, 201), text
        told = response.status, response.headers.items(), text
        assert contract.faults_over_http(method, path, *told) == []
        return t.cast(Json, json.loads(text))


class Browser(Client):
    """A browser that waits."""

    request: Json

    def start(self) -> Json:
        """Show a new code."""
        self.request = self.ask("POST", "/qrlogin/requests", {})
        return self.request

    def poll(self, wait: int = 20) -> Json:
        """Poll once, having seen the newest answer."""
        answer = self.ask("POST", *self._poll(wait))
        self.request |= answer
        return answer

    def hold(self) -> concurrent.futures.Future[Json]:
        """Poll in another thread."""
        return _POOL.submit(self.poll)

    def send_poll(self) -> socket.socket:
        """Poll, and return the connection, which the answer is to come over."""
        path, body = self._poll(20)
        text = json.dumps(body)
        headers = self.headers | {
            "Host": f"127.0.0.1:{self.port}",
            "Content-Type": "application/json",
            "Content-Length": str(len(text)),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        connection = socket.create_connection(("127.0.0.1", self.port), _ANSWERED)
        connection.sendall(f"POST {path} HTTP/1.1\r\n{head}\r\n{text}".encode())
        return connection

    def _poll(self, wait: int) -> tuple[str, Json]:
        body = {
            "since": self.request["version"],
            "wait": wait,
            "issued_at": self.request["issued_at"],
        }
        return self.request["links"]["poll"], body


class Phone(Client):
    """A native app that holds a bearer token."""

    def __init__(self, port: int, name: str = "anna") -> None:
        super().__init__(port)
        self.headers = {"Authorization": f"Bearer {name}"}

    def scan(self, browser: Browser) -> None:
        """Scan the code of a browser."""
        token = browser.request["qr"]["url"].rpartition("/")[2]
        answer = self.ask("POST", "/qrlogin/api/scan", {"token": token})
        self.decision = {"token": token, "confirm_token": answer["confirm_token"]}

    def approve(self) -> None:
        """Approve what was scanned."""
        self.ask("POST", "/qrlogin/api/approve", self.decision)


def until(condition: c.Callable[[], object], what: str) -> None:
    """Return when something is so, which ``what`` says in words."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"In {PATIENCE:g} s it has not come to this: {what}."
        time.sleep(0.02)
