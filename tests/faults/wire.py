"""HTTP at little cost: the clients share the processors with the servers that they test."""

from __future__ import annotations

import dataclasses
import json
import re
import socket
import typing as t

#: Seconds that a client waits for an answer.
PATIENCE = 60.0
_FLAGS = re.IGNORECASE | re.MULTILINE

Json: t.TypeAlias = dict[str, t.Any]


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What a server answered."""

    status: int
    head: str
    body: bytes

    @property
    def json(self) -> Json:
        """The body."""
        return t.cast(Json, json.loads(self.body)) if self.body.startswith(b"{") else {}

    def header(self, name: str) -> str | None:
        """Return a header's value."""
        found = re.search(rf"^{name}: (.*)\r$", self.head, _FLAGS)
        return found and found[1]

    @property
    def cookies(self) -> dict[str, str]:
        """What it sets, without what it deletes."""
        found = re.findall(r"^set-cookie: ([^=]+)=([^;\r]+)", self.head, _FLAGS)
        return dict(found)


class Connection:
    """One connection to a server, opened when it is needed."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._socket: socket.socket | None = None

    def send(self, method: str, path: str, body: Json | None = None, **headers: str) -> None:
        """Send a request.

        Raises:
            OSError: it did not get there.
        """
        text = b"" if body is None else json.dumps(body).encode()
        headers |= {"Host": "host.example"}
        if body is not None:
            headers |= {"Content-Type": "application/json", "Content-Length": str(len(text))}
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), PATIENCE)
        self._socket.sendall(f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + text)

    def receive(self) -> Answer:
        """Read the answer.

        Raises:
            OSError: it was lost.
        """
        assert self._socket is not None
        data = b""
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._read()
        head = data[: end + 2].decode("latin-1")
        found = re.search(r"^content-length: (\d+)", head, _FLAGS)
        length = int(found[1]) if found else 0
        body = data[end + 4 :]
        while len(body) < length:
            body += self._read()
        answer = Answer(int(head.split(" ", 2)[1]), head, body)
        if answer.header("Connection") == "close":
            self.close()
        return answer

    def exchange(self, method: str, path: str, body: Json | None = None, **headers: str) -> Answer:
        """Send a request and read the answer."""
        self.send(method, path, body, **headers)
        return self.receive()

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _read(self) -> bytes:
        assert self._socket is not None
        data = self._socket.recv(65536)
        if not data:
            raise ConnectionResetError("The server hung up.")
        return data
