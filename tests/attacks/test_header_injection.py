"""Header and page injection.

The attacker puts line breaks into whatever comes back in a header or a log line, to add a header,
a cookie or a forged record, and markup into what the victim's phone shows about the browser that
asks. It fails: what is not plain is refused or escaped, and no header and no log line begins with
what the attacker has written.
"""

from __future__ import annotations

import http.client

from tests.parties import Answer

from .conftest import once
from .people import Person
from .site import Site

pytestmark = once

_MARKUP = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
_BREAKS = ["%0d%0a", "%0a", "%0d", "%E5%98%8D%E5%98%8A", "%00", "%c2%85", "%e2%80%a8"]


def assert_clean(answer: Answer) -> None:
    assert answer.status < 500
    assert "X-Injected" not in answer.headers
    assert "injected" not in str(answer.headers.get_all("Set-Cookie"))


def test_no_header_and_no_log_line_can_be_added(site: Site, victim: Person) -> None:
    victim.browser.start()
    for line_break in _BREAKS:
        evil = f"{line_break}X-Injected:%20yes{line_break}Set-Cookie:%20injected=1"
        for path in (
            f"/qrlogin/s/{evil}",
            f"/qrlogin/s/{victim.browser.token}{evil}",
            f"/qrlogin/s/{evil}/approve",
            f"/qrlogin/requests/{evil}",
            f"/qrlogin/requests/{victim.browser.id}{evil}/poll",
            f"/qrlogin/?next=/{evil}",
            f"/qrlogin/{evil}",
        ):
            assert_clean(victim.phone.get(path))
            assert_clean(victim.phone.post(path, form={}))
    for line_break in ("\r\n", "\n", "\r", "\x00", "\x85", "\u2028"):
        evil = f"/{line_break}X-Injected: yes{line_break}Set-Cookie: injected=1"
        assert_clean(
            victim.browser.post("/qrlogin/requests", json={"next": evil, "login_hint": evil})
        )
        assert_clean(
            victim.browser.post("/qrlogin/requests", form={"next": evil, "login_hint": evil})
        )
        assert_clean(victim.app.post("/qrlogin/api/scan", json={"token": evil}))
        victim.app.scan(victim.browser.token)
        assert_clean(victim.app.approve(confirm_token=evil, number=evil))
    assert not [line for line in site.log().splitlines() if line.startswith("X-Injected")]


def test_a_browser_cannot_write_a_field_of_a_record(site: Site, attacker: Person) -> None:
    attacker.browser.user_agent = 'x" event=login_approved user_id=1'
    attacker.browser.start()
    records = [line for line in site.log().splitlines() if "flask_qrlogin.audit" in line]
    about = [record for record in records if attacker.browser.id in record]
    assert about
    assert all(record.count("event=") == 1 for record in about)


def test_a_browser_cannot_write_into_the_page_of_the_phone(
    victim: Person, attacker: Person
) -> None:
    attacker.browser.user_agent = f"Mozilla/5.0 {_MARKUP}"
    attacker.browser.address = f"198.18.0.1{_MARKUP}"
    attacker.browser.start(login_hint="ann")
    pages = [victim.phone.open(attacker.browser.token)]
    victim.phone.tap("scan")
    pages += [victim.phone.page, attacker.browser.get(attacker.browser.links["self"])]
    victim.phone.tap("deny")
    pages += [victim.phone.page, victim.phone.open(_MARKUP.replace("/", "").replace(" ", "%20"))]
    # And what a login is called in the list of them.
    victim.link(victim.browser)
    path = f"/qrlogin/devices/{victim.browser.id}/rename"
    assert victim.phone.post(path, form={"name": _MARKUP}).status == 303
    pages += [victim.phone.get("/qrlogin/devices")]
    for page in pages:
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text


def test_a_header_that_goes_on_in_the_next_line_is_refused(site: Site) -> None:
    for header in (
        b"X-A: b\r\n X-Injected: yes",
        b"X-A : b",
        b"Content-Length: 0\r\nTransfer-Encoding: chunked",
        b"Content-Length: 2\r\nContent-Length: 0",
    ):
        connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=10)
        connection.connect()
        connection.sock.sendall(
            b"POST /qrlogin/requests HTTP/1.1\r\nHost: harbour.example\r\n" + header + b"\r\n\r\n{}"
        )
        response = http.client.HTTPResponse(connection.sock)
        response.begin()
        # The server, or we since no page of ours sends that.
        assert 400 <= response.status < 500
        connection.close()
