"""What nobody sends by accident: texts, fields, bodies and headers."""

from __future__ import annotations

import json
import typing as t
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st

from .shots import FORM
from .shots import JSON

TEXTS = [
    *("", " ", "\x00", "\ud800", "A" * 38, "=" * 27, "0" * 32, "x" * 5000, "9" * 10000, "\u202e"),
    *(
        "//evil.example",
        "/\\evil.example",
        "/%0d%0aSet-Cookie:a=b",
        "/a\r\nX: y",
        "/\ud800",
        "/a\x00",
    ),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2030-01-31T12:00:00", "<b>&'\"}{"),
    *(
        "-1",
        "1e9",
        "0x10",
        "\u00b2",
        "\u0663\u0663",
        "1_0",
        "True",
        "null",
        "{{7*7}}",
        "%s%n",
        "..",
        "/",
    ),
]
#: For fields of JSON; what is too large for a number of Python is among the bodies.
VALUES: list[t.Any] = [
    *(None, True, False, 0, -1, 1, 1.0, 1e300, float("nan"), float("inf"), 2**31, 2**63, 2**64),
    *(-(10**400), 10**4200, [], {}, [[]], [None], {"a": 1}, {"": {}}, ["a"], {"token": "a"}),
]
texts = st.text(max_size=20) | st.sampled_from(TEXTS)
values = st.sampled_from(VALUES) | texts

DEEP = b"[" * 16000
DEEP_OBJECT = b'{"next":' * 2000 + b"1" + b"}" * 2000
HUGE_NUMBER = b'{"since": ' + b"9" * 5000 + b"}"
TOO_LARGE = b'{"next": "' + b"x" * 10**6 + b'"}'
#: Bodies that are no objects of fields.
BODIES = [
    *(b"", b"{", b"{}", b"[]", b"null", b"\xff\xfe{\x00}\x00", b"\xef\xbb\xbf{}", b'"a"', b"1"),
    *(b'{"since": 1e400}', b'{"since": NaN}', b"a=%ff", b"\x00\xff", b"a&b&=c&==;", b'{"a": 1,}'),
    *(b"--x\r\n\r\n--x--", b'--x\r\nContent-Disposition: form-data; name="next"\r\n', b"--x--\r\n"),
    *(b'{"token": "\\ud800"}', b'{"\\u0000": "\\u0000"}', b'{"token": "\xff"}', b"token=%ED%A0%80"),
    *(DEEP, DEEP_OBJECT, HUGE_NUMBER, TOO_LARGE, b"a=1&" * 5000, b"x" * 17000),
]
bodies = st.sampled_from(BODIES) | st.binary(max_size=30)
CONTENT_TYPES = [
    *(JSON, FORM, "multipart/form-data; boundary=x", "multipart/form-data", "", "text/plain", "x"),
    *("application/xml", "application/problem+json", "*/*", f"{JSON}; charset=utf-16", f"{JSON};"),
    *(f"{FORM}; charset=x", f"{FORM}, {JSON}", "multipart/form-data; boundary=" + "x" * 300),
    *(
        f"{JSON}\t",
        JSON.upper(),
        "\xff/\xff",
        "application/json+x",
        "multipart/form-data; boundary=",
    ),
]
LENGTHS = [None, None, -1, 0, 3, 10**6, 2**63, "x", "-5", "", "1,2", "\xb2"]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "FOO"]

#: Values that a server lets through: neither NUL nor line ends, one byte for each character.
header_values = st.text(
    alphabet=st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=20
)
_ODD = ["", " ", ",", ";", "=", "x" * 7000, "\xff" * 50, "\t", '"', "%00", "(" * 99, "=?utf-8?"]
#: Headers that we, Flask, Flask-Login or a proxy read, each with what matters there.
HEADERS: list[tuple[str, str]] = [
    (name, value)
    for name, found in {
        "Accept": ["*/*", "text/html", JSON, "text/html;q=x", "text/html;q=1e9," * 50, "image/png"],
        "Origin": ["null", "https://localhost", "http://localhost:80", "http://localhost.", "x"],
        "Sec-Fetch-Site": ["same-origin", "same-site", "cross-site", "none", "Same-Origin"],
        "Sec-Fetch-Dest": ["document", "image", "iframe"],
        "Sec-Purpose": ["prefetch"],
        "Authorization": ["Bearer", "Bearer ", "bearer token of anna", "Basic YW5uYTp4", "Digest"],
        "Cookie": ["=", ";;;", "session", "session=", "a=b; " * 500, '__Host-qrlogin-="', "\xff=x"],
        "Content-Encoding": ["gzip", "identity"],
        "Forwarded": ["for=192.0.2.1;proto=https;host=evil.example", "for=", ";,"],
        "X-Forwarded-For": [
            "192.0.2.1",
            "::1",
            "::ffff:192.0.2.1",
            "fe80::1%eth0",
            ",,",
            "x" * 300,
        ],
        "X-Forwarded-Proto": ["https", "javascript", "https,http"],
        "X-Forwarded-Host": ["evil.example", "localhost"],
        "X-Forwarded-Prefix": ["/evil", "//evil.example"],
        "X-Real-Ip": ["192.0.2.1", "x"],
        "Host": ["localhost:80", "evil.example", "localhost:x@evil.example", "[::1", "a b"],
        "X-HTTP-Method-Override": ["DELETE", "GET"],
        "If-None-Match": ["*", '"x"'],
        "Range": ["bytes=0-1", "bytes=-999999999999999999999"],
        "User-Agent": ["Mozilla/5.0 " * 200, "\x7f\x80\xad\xff"],
        "Referer": ["https://evil.example/", "x"],
        "X-Requested-With": ["XMLHttpRequest"],
        "Accept-Language": ["de", "x" * 300, "*;q=9"],
    }.items()
    for value in [*found, *_ODD]
]

#: Parts of a path, as they are in the request line.
PATH_PARTS = [
    "..",
    "%2e%2e",
    ".",
    "%2f",
    "a%2fb",
    "%00",
    "%ff",
    "%",
    "%zz",
    ";",
    "//",
    "*",
    "%ED%A0%80",
]
PATH_PARTS += ["A" * 38, "0" * 32, "x" * 2000, "%C2%B2", "%E2%80%AE", "'\"<>", "{}", "%0d%0a"]


def in_path(text: str) -> str:
    """Write any text, lone surrogates included, as one part of a path."""
    return quote_from_bytes(text.encode("utf-8", "surrogatepass"), safe="")


def json_object(fields: t.Iterable[tuple[str, t.Any]]) -> bytes:
    """Write fields as an object, by hand: a dict would have each name once."""
    pairs = (f"{json.dumps(name)}: {json.dumps(value)}" for name, value in fields)
    return f"{{{', '.join(pairs)}}}".encode()


def multipart(fields: t.Iterable[tuple[str, str]], *, file: bool) -> bytes:
    """Write fields as a form with parts, whose boundary is ``x``; as files if told so."""
    name = '; filename="f"' if file else ""
    parts = b"".join(
        b'--x\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n'
        % (key.encode(), name.encode(), value.encode("utf-8", "surrogatepass"))
        for key, value in fields
    )
    return parts + b"--x--\r\n"
