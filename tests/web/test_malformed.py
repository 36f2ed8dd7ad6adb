"""Whatever is sent: never an error of the server, and never a change."""

from __future__ import annotations

import collections.abc as c
import json
import typing as t
from urllib.parse import quote
from urllib.parse import urlencode

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from .host import Host
from .parties import Browser
from .parties import Json
from .parties import NativeApp
from .parties import problem

CODES = {"bad_request", "token_invalid", "unsupported_media_type", "confirm_invalid"}
FIELDS = ("next", "since", "wait", "issued_at", "token", "confirm_token")

text = st.text(max_size=50) | st.text(alphabet="\x00\ud800\udfff\u202e'\"<>%/\\{}", max_size=50)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(10**400), max_value=10**400)
    | st.floats()
    | text
    | st.datetimes(timezones=st.timezones()).map(str)
)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
bodies = values | st.dictionaries(st.sampled_from(FIELDS), values, max_size=6)

deep = b"[" * 16000
deep_object = b'{"next":' * 2000 + b"1" + b"}" * 2000


class Party(t.NamedTuple):
    """A host with one scanned request, its browser and the app that scanned it."""

    host: Host
    browser: Browser
    app: NativeApp


@pytest.fixture(scope="module")
def party(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[Party]:
    host = Host(tmp_path_factory.mktemp("malformed"))
    browser, app = host.browser(), host.native_app()
    browser.start()
    app.scan(browser.token)
    yield Party(host, browser, app)
    host.close()


def send(party: Party, data: bytes, content_type: str) -> c.Iterator[TestResponse]:
    """Send a body to every address that takes one."""
    links = party.browser.request["links"]
    phone = f"/qrlogin/s/{party.browser.token}"
    for client, url in [
        (party.browser, links["poll"]),
        (party.app, "/qrlogin/api/scan"),
        (party.app, "/qrlogin/api/approve"),
        (party.app, "/qrlogin/api/deny"),
        (party.browser, f"{phone}/approve"),
        (party.browser, f"{phone}/deny"),
    ]:
        yield client.jar.post(
            url,
            data=data,
            content_type=content_type,
            headers={"Accept": "application/json", **client.post_headers},
        )


def check(party: Party, data: bytes, content_type: str = "application/json") -> None:
    rows = party.host.rows()
    for answer in send(party, data, content_type):
        assert answer.status_code < 500, (answer.request.path, answer.status_code)
        if answer.mimetype == "application/problem+json":
            assert problem(answer)[1] in {*CODES, "login_required"}
    assert party.host.rows() == rows


@given(bodies)
@settings(max_examples=60, deadline=None)
@example({"since": 10**4299})
@example({"since": -1})
@example({"since": 1.0})
@example({"since": True})
@example({"issued_at": "0001-01-01T00:00:00+23:59"})
@example({"issued_at": "9999-12-31T23:59:59-23:59"})
@example({"issued_at": "2030-01-31T12:00:00"})
@example({"issued_at": "\ud800"})
@example({"token": "\ud800" * 38, "confirm_token": "\x00"})
@example({"token": "A" * 38, "confirm_token": "=" * 27})
def test_any_json(party: Party, body: t.Any) -> None:
    check(party, json.dumps(body).encode())


@given(st.binary(max_size=200))
@settings(max_examples=40, deadline=None)
@example(b"")
@example(b"{")
@example(b"\xff\xfe{\x00}\x00")
@example(b'{"since": 1e400}')
@example(b'{"since": ' + b"9" * 5000 + b"}")
@example(b'{"since": NaN}')
@example(deep)
@example(deep_object)
def test_what_is_no_json(party: Party, data: bytes) -> None:
    check(party, data)


@given(st.dictionaries(st.sampled_from(FIELDS), st.text(max_size=50), max_size=6))
@settings(max_examples=40, deadline=None)
@example({"since": "9" * 10000})
@example({"since": "\u0663"})
@example({"since": "-1", "issued_at": "x"})
def test_any_form(party: Party, fields: dict[str, str]) -> None:
    encoded = urlencode({k: v.encode("utf-8", "surrogatepass") for k, v in fields.items()})
    check(party, encoded.encode(), "application/x-www-form-urlencoded")


@pytest.mark.parametrize(
    "content_type",
    [
        *("", "text/plain", "application/xml", "application/octet-stream"),
        *("application/json; charset=utf-16", "multipart/form-data"),
        *("multipart/form-data; boundary=x", "application/x-www-form-urlencoded; charset=x"),
    ],
)
@pytest.mark.parametrize("data", [b"", b'{"since": 1}', b"\x00\xff", b"--x\r\n\r\n--x--", b"a=%ff"])
def test_any_content_type(party: Party, content_type: str, data: bytes) -> None:
    check(party, data, content_type)


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_what_is_too_large(party: Party, content_type: str) -> None:
    for data in (b"x" * 17000, b'{"next": "' + b"x" * 10**6 + b'"}'):
        check(party, data, content_type)
        answer = party.browser.jar.post(
            "/qrlogin/requests",
            data=data,
            content_type=content_type,
            headers=party.browser.post_headers,
        )
        assert answer.status_code in (400, 413, 415)


@given(bodies)
@settings(max_examples=60, deadline=None)
def test_any_start(party: Party, body: t.Any) -> None:
    before = len(party.host.rows())
    answer = party.browser.jar.post(
        "/qrlogin/requests",
        data=json.dumps(body),
        content_type="application/json",
        headers=party.browser.post_headers,
    )
    assert answer.status_code in (201, 400)
    assert len(party.host.rows()) == before + (answer.status_code == 201)
    if answer.status_code == 201:
        row = party.host.row(t.cast(Json, answer.json)["id"])
        assert row["next"] == (body.get("next") if isinstance(body, dict) else None)


@given(st.text(alphabet=st.characters(exclude_characters="/?#"), min_size=1, max_size=60))
@settings(max_examples=60, deadline=None)
@example("A" * 38)
@example("..")
@example("\x00")
@example("\ud800")
def test_any_token_or_id_in_an_address(party: Party, text: str) -> None:
    row = party.host.rows()[0]
    part = quote(text.encode("utf-8", "surrogatepass"), safe="")
    anna = party.host.phone()
    for answer in (
        anna.get(f"/qrlogin/s/{part}"),
        anna.post(f"/qrlogin/s/{part}/scan", form={}),
        anna.get(f"/qrlogin/requests/{part}"),
        anna.post(f"/qrlogin/requests/{part}/poll"),
        anna.get(f"/qrlogin/requests/{part}/qr.svg"),
    ):
        assert 300 <= answer.status_code < 500
    assert party.host.rows()[0] == row


@given(st.text(alphabet=st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=300))
@settings(max_examples=40, deadline=None)
def test_any_header(party: Party, value: str) -> None:
    client = party.host.native_app()
    client.headers |= dict.fromkeys(("User-Agent", "Accept", "Cookie", "X-Forwarded-For"), value)
    client.post_headers = {"Origin": "http://localhost", "Authorization": value or "x"}
    for answer in (
        client.post("/qrlogin/requests"),
        client.post("/qrlogin/api/scan", {"token": party.browser.token}),
        client.get("/qrlogin/"),
        client.get(party.browser.url),
    ):
        assert answer.status_code < 500
    for header in ("Origin", "Sec-Fetch-Site", "Content-Type"):
        client.post_headers = {header: value}
        assert client.post("/qrlogin/requests", form={}).status_code < 500
