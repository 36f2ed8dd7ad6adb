"""One HTTP request as it goes over the wire, and how it is changed a little."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import io
import json
import typing as t
from urllib.parse import unquote_to_bytes
from urllib.parse import urlencode

from hypothesis import strategies as st

JSON = "application/json"
FORM = "application/x-www-form-urlencoded"

T = t.TypeVar("T")
Pairs: t.TypeAlias = tuple[tuple[str, str], ...]


@dataclasses.dataclass(frozen=True)
class Shot:
    """A request; headers, cookies and fields may come twice.

    ``length`` is what it says of its body's length: the truth if None, and -1 is a chunked body.
    """

    method: str
    #: As in the request line: percent-encoded, with a query.
    target: str
    headers: Pairs = ()
    cookies: Pairs = ()
    body: bytes = b""
    length: int | str | None = None
    address: str = "127.0.0.1"

    def environ(self) -> dict[str, t.Any]:
        """Return what a WSGI server makes of it."""
        path, _, query = self.target.partition("?")
        environ: dict[str, t.Any] = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "REQUEST_URI": self.target,
            "RAW_URI": self.target,
            "SERVER_NAME": "localhost",
            "SERVER_PORT": "80",
            "SERVER_PROTOCOL": "HTTP/1.1",
            "REMOTE_ADDR": self.address,
            "HTTP_HOST": "localhost",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(self.body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        if self.length == -1:
            environ |= {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True}
        elif self.body or self.length is not None:
            environ["CONTENT_LENGTH"] = str(len(self.body) if self.length is None else self.length)
        found: dict[str, list[str]] = {}
        for name, value in self.headers:
            found.setdefault(name.upper().replace("-", "_"), []).append(value)
        for key, values in found.items():
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = ",".join(values)
        if self.cookies:
            environ["HTTP_COOKIE"] = "; ".join(f"{name}={value}" for name, value in self.cookies)
        return environ

    def header(self, name: str) -> str | None:
        """Return a header as a server joins it."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ",".join(values) if values else None

    def with_fields(self, fields: dict[str, t.Any], *, form: bool = False) -> Shot:
        """Return it with a body of these fields."""
        body = urlencode(fields) if form else json.dumps(fields)
        kind = ("Content-Type", FORM if form else JSON)
        return dataclasses.replace(self, body=body.encode(), headers=(*self.headers, kind))


class Picks:
    """Chooses by numbers that Hypothesis draws: much faster than strategies made on the way."""

    _NUMBERS = st.integers(0, 10**6)

    def __init__(self, draw: c.Callable[[st.SearchStrategy[t.Any]], t.Any]) -> None:
        self.draw = draw

    def below(self, limit: int) -> int:
        """Return a number that is at least 0 and less."""
        return int(self.draw(self._NUMBERS)) % limit

    def one(self, of: c.Sequence[T]) -> T:
        """Return one of these; the first is the simplest."""
        return of[self.below(len(of))]

    def rarely(self, times: int = 8) -> bool:
        """Return True once in so many times."""
        return self.below(times) == times - 1


def altered(picks: Picks, text: str) -> str:
    """Return nearly the same text: cut, lengthened, or with a character changed."""
    at, other = picks.below(len(text) + 1), chr(32 + picks.below(95))
    return picks.one(
        [
            *(text[:at], text[at:], text[:at] + other + text[at + 1 :]),
            *(text + other, other + text, text + "=", text.swapcase(), text * 2, f'"{text}"'),
        ]
    )


def changed(picks: Picks, shot: Shot) -> Shot:
    """Return nearly the same request."""
    parts = ["target", "body", "method", "length", "headers", "cookies"]
    part = picks.one([name for name in parts if name in parts[:4] or getattr(shot, name)])
    if part == "target":
        return dataclasses.replace(shot, target="/" + altered(picks, shot.target).lstrip("/"))
    if part == "body":
        return dataclasses.replace(
            shot, body=altered(picks, shot.body.decode("latin-1")).encode("latin-1")
        )
    if part == "method":
        methods = ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"]
        return dataclasses.replace(shot, method=picks.one(methods))
    if part == "length":
        lengths: list[int | str] = [-1, 0, 1, 5, len(shot.body) + 9, "x"]
        return dataclasses.replace(shot, length=picks.one(lengths))
    pairs: list[tuple[str, str]] = [*getattr(shot, part)]
    index = picks.below(len(pairs))
    key, value = pairs[index]
    other = key, altered(picks, value)
    # Away, twice, another one, and another one before or after it.
    pairs[index : index + 1] = picks.one(
        [[], [(key, value)] * 2, [other], [other, (key, value)], [(key, value), other]]
    )
    found = tuple(pairs)
    if part == "headers":
        return dataclasses.replace(shot, headers=found)
    return dataclasses.replace(shot, cookies=found)
