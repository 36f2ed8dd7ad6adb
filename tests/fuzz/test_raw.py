"""What no test client can send, over a socket to the servers that people run us on."""

from __future__ import annotations

import collections.abc as c
import re
import socket

import pytest
from hypothesis import strategies as st

from tests.waiting.programs import Browser
from tests.waiting.programs import Phone
from tests.waiting.programs import WebServer

from .conftest import Fuzz
from .shots import JSON

#: What a server may say of itself: of a method or an encoding, and of a version of HTTP.
_OWN_TROUBLE = {501, 505}
_PATIENCE = 10.0
_HEAD = b"Host: 127.0.0.1\r\nOrigin: http://127.0.0.1\r\nContent-Type: application/json\r\n"
_START = b"POST /qrlogin/requests HTTP/1.1\r\n"


class Line:
    """A server with a code that nobody has scanned and one that somebody has."""

    def __init__(self, server: WebServer) -> None:
        self.server = server
        self.browsers = [Browser(server.port), Browser(server.port)]
        for browser in self.browsers:
            browser.start()
        Phone(server.port).scan(self.browsers[1].token)

    def send(self, message: bytes) -> list[int]:
        """Send bytes and nothing after them; return the status of each answer."""
        with socket.create_connection(("127.0.0.1", self.server.port), _PATIENCE) as connection:
            answer = b""
            try:
                connection.sendall(message)
                connection.shutdown(socket.SHUT_WR)
                while data := connection.recv(65536):
                    answer += data
            except (ConnectionResetError, BrokenPipeError):
                pass  # It has read enough of what is too long or wrong.
        assert b"Traceback" not in answer
        statuses = [
            int(found) for found in re.findall(rb"^HTTP/1\.[01] (\d+)", answer, re.MULTILINE)
        ]
        assert all(status < 500 or status in _OWN_TROUBLE for status in statuses), answer[:500]
        return statuses

    def check(self) -> None:
        """See that nothing has changed, and that the server is well."""
        states = [browser.poll().json["state"] for browser in self.browsers]
        assert states == ["pending", "scanned"]
        log = self.server.process.log()
        assert "Traceback" not in log, log[-4000:]


@pytest.fixture(scope="module", params=["gunicorn gthread --threads=4", "werkzeug"])
def line(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> c.Iterator[Line]:
    server = WebServer(tmp_path_factory.mktemp("raw"), request.param, QRLOGIN_CONFIRMATION="tap")
    try:
        server.until_it_answers()
        yield Line(server)
    finally:
        server.process.kill()


def _start(*headers: bytes, body: bytes = b"{}") -> bytes:
    return _START + _HEAD + b"".join(header + b"\r\n" for header in headers) + b"\r\n" + body


def _get(target: bytes, version: bytes = b"HTTP/1.1", method: bytes = b"GET") -> bytes:
    return method + b" " + target + b" " + version + b"\r\nHost: 127.0.0.1\r\n\r\n"


_LENGTHS = [
    *(b"0", b"1", b"3", b"99", b"16385", b"99999999999999999999", b"-1", b"+2", b"2 ", b"0x2"),
    *(b"", b"2,2", b"2, 3", b"two", b"\xc2\xb2", b"2\x00", b"1e1", b"2_0"),
]
_CHUNKS = [
    b"2\r\n{}\r\n0\r\n\r\n",
    b"2;x=y\r\n{}\r\n0\r\nTrailer: x\r\n\r\n",
    *(b"2\r\n{}", b"2\r\n{}\r\n", b"zz\r\n{}\r\n0\r\n\r\n", b"-2\r\n{}\r\n0\r\n\r\n", b"\r\n", b""),
    *(b"ffffffffffffffffff\r\n{}\r\n0\r\n\r\n", b"0x2\r\n{}\r\n0\r\n\r\n", b"1\n{\n1\n}\n0\n\n"),
    b"8000\r\n" + b"x" * 0x8000 + b"\r\n0\r\n\r\n",
    b"1\r\n \r\n" * 20000 + b"0\r\n\r\n",
]
_HEADERS = [
    *(b"X", b"X : y", b" X: y", b"X: y\r\n folded", b": y", b"X: a\x00b", b"X: a\rb", b"X: a\nb"),
    *(b"X\x00: y", b"X\xff: y", b"Cookie: \xff\xfe=\x80", b"Cookie: a=\x00", b"Origin: \xff"),
    *(b"Authorization: Bearer \xff\xfe", b"User-Agent: \x80\x81", b"Accept: \xff", b"Host: evil"),
    *(b"Content-Type: text/html", b"Content_Length: 1", b"X-Forwarded-For: \xff", b"Expect: x"),
    *(b"Expect: 100-continue", b"Connection: Upgrade\r\nUpgrade: h2c", b"X: " + b"y" * 9000),
    *(b"X: " + b"y" * 70000, b"\r\n".join(b"X-%d: y" % i for i in range(200))),
]
_TARGETS = [
    *(b"*", b"/", b"//qrlogin/", b"/qrlogin", b"/qrlogin//", b"/QRLOGIN/", b"/qrlogin/%00"),
    *(b"/qrlogin/requests/%ff%fe", b"/qrlogin/s/\xff", b"/qrlogin/s/\x00", b"/qrlogin/s/%zz"),
    *(b"/qrlogin/../login", b"/qrlogin/%2e%2e/login", b"/qrlogin/s/..%2f..", b"/qrlogin/./"),
    *(b"http://evil.example/qrlogin/", b"http://127.0.0.1/qrlogin/", b"//evil.example/qrlogin/"),
    *(b"evil.example:80", b"/qrlogin/?next=%ff%00", b"/qrlogin/?next=//evil", b"/qrlogin/#x", b""),
    *(b"/qrlogin/?" + b"a=b&" * 2000, b"/qrlogin/s/" + b"x" * 9000, b"/qrlogin/s/" + b"/" * 500),
    *(
        b"/qrlogin/;x=y",
        b"\\qrlogin\\",
        b"/qrlogin/ x",
        b"/qrlogin\t/",
        b"/qrlogin/static/x/%2e%2e",
    ),
]
_VERSIONS = [
    b"HTTP/0.9",
    b"HTTP/1.0",
    b"HTTP/2.0",
    b"HTTP/9.9",
    b"HTTP/1.1 x",
    b"http/1.1",
    b"",
    b"x",
]
_METHODS = [
    b"HEAD",
    b"OPTIONS",
    b"TRACE",
    b"CONNECT",
    b"get",
    b"FOO",
    b"PO\x00ST",
    b"\xff",
    b"",
    b"G" * 99,
]
MESSAGES = [
    b"",
    b"\r\n\r\n",
    b"\x00" * 100,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    _START,
    _START + b"\r\n{}",
    *(_start(b"Content-Length: " + length) for length in _LENGTHS),
    *(_start(b"Content-Length: " + length, b"Content-Length: 2") for length in _LENGTHS),
    *(_start(b"Content-Length: 2", b"Transfer-Encoding: " + x) for x in (b"chunked", b"x", b"")),
    *(_start(b"Transfer-Encoding: " + x, body=_CHUNKS[0]) for x in (b"gzip", b"x", b"chunked, x")),
    *(_start(b"Transfer-Encoding: chunked", body=chunks) for chunks in _CHUNKS),
    *(_start(header, b"Content-Length: 2") for header in _HEADERS),
    _start(b"Content-Length: 2") * 3,
    _start(b"Content-Length: 4") * 3,
    *(_get(target) for target in _TARGETS),
    *(_get(b"/qrlogin/", version) for version in _VERSIONS),
    *(_get(b"/qrlogin/requests", method=method) for method in _METHODS),
]


def test_messages_that_are_wrong(line: Line) -> None:
    for message in MESSAGES:
        line.send(message)
    line.check()


def test_a_body_may_be_chunked(line: Line) -> None:
    message = _start(b"Transfer-Encoding: chunked", b"Connection: close", body=_CHUNKS[0])
    assert line.send(message) == [201]


def test_messages_with_a_few_bytes_changed(line: Line, fuzz: Fuzz) -> None:
    bodies = [b'{"since": 1, "wait": 0}', b'{"token": "' + b"A" * 38 + b'", "confirm_token": ""}']
    paths = [f"/qrlogin/requests/{line.browsers[0].id}/poll", "/qrlogin/api/approve"]
    good = [_message(line, path, body) for path, body in zip(paths, bodies, strict=True)]
    places = st.lists(
        st.tuples(st.floats(0, 1, exclude_max=True), st.binary(max_size=3)), max_size=4
    )

    @fuzz(st.sampled_from(good), places, examples=60)
    def check(message: bytes, changes: list[tuple[float, bytes]]) -> None:
        for place, junk in changes:
            at = int(place * len(message))
            message = message[:at] + junk + message[at + 1 :]
        line.send(message)

    line.check()


def _message(line: Line, path: str, body: bytes) -> bytes:
    own = {
        "Authorization": "Bearer anna",
        "Content-Type": JSON,
        "Content-Length": str(len(body)),
    }
    headers = line.browsers[0].headers_of("POST", own)
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body
