"""Rule 1: the browser secret, in a cookie of its own for each request."""

from __future__ import annotations

import http.cookies

import pytest

from .conftest import MakeHost
from .host import Host
from .parties import Browser
from .parties import problem
from .parties import set_cookies

HTTPS = "https://example.com"


def secret_cookie(browser: Browser) -> http.cookies.Morsel[str]:
    """Start, and return the cookie that comes with it."""
    answer = browser.post("/qrlogin/requests")
    ((_, morsel),) = set_cookies(answer).items()
    return morsel


@pytest.fixture
def https(make_host: MakeHost) -> Host:
    return make_host(QRLOGIN_BASE_URL=HTTPS)


class TestOverHTTPS:
    def test_has_every_protection(self, https: Host) -> None:
        morsel = secret_cookie(https.browser(HTTPS))
        assert morsel.key.startswith("__Host-qrlogin-")
        assert len(morsel.key) == len("__Host-qrlogin-") + 32
        assert len(morsel.value) == 43
        assert morsel["httponly"] is True
        assert morsel["secure"] is True
        assert morsel["samesite"] == "Lax"
        assert morsel["path"] == "/"
        assert morsel["domain"] == ""
        assert morsel["max-age"] == "300"

    def test_only_the_prefixed_name_is_read(self, https: Host) -> None:
        # A subdomain, or the site over plain HTTP, can set the other name (cookie tossing).
        browser = https.browser(HTTPS)
        browser.start()
        ((name, value),) = browser.cookies().items()
        browser.jar.delete_cookie(name, domain="example.com")
        browser.keep_cookie(name.removeprefix("__Host-"), value)
        assert problem(browser.try_poll()) == (404, "request_not_found")
        browser.keep_cookie(name, value)
        assert browser.try_poll().status_code == 200

    def test_the_proof_of_a_phone_is_protected_alike(self, https: Host) -> None:
        browser = https.browser(HTTPS)
        browser.start()
        answer = https.phone("anna", HTTPS).open(browser.url)
        morsel = set_cookies(answer)["__Host-qrlogin-opened"]
        assert (morsel["httponly"], morsel["secure"], morsel["samesite"]) == (True, True, "Lax")
        assert (morsel["path"], morsel["domain"], morsel["max-age"]) == ("/", "", "300")

    def test_is_deleted_so_that_browsers_obey(self, https: Host) -> None:
        # They ignore a __Host- cookie without Secure, also one that deletes.
        browser = https.browser(HTTPS)
        browser.start()
        ((_, morsel),) = set_cookies(browser.cancel()).items()
        assert (morsel["max-age"], morsel["secure"], morsel["path"]) == ("0", True, "/")

    def test_counts_where_a_proxy_ends_it(self, https: Host) -> None:
        browser = https.browser("http://10.0.0.1")
        browser.post_headers = {"Origin": HTTPS}
        assert secret_cookie(browser)["secure"] is True


def test_over_plain_http_it_has_no_prefix(host: Host) -> None:
    morsel = secret_cookie(host.browser())
    assert morsel.key.startswith("qrlogin-")
    assert morsel["secure"] == ""
    assert morsel["httponly"] is True


def test_the_store_keeps_its_hash_alone(host: Host, browser: Browser) -> None:
    (secret,) = browser.cookies().values()
    assert secret not in str(host.row())
    assert len(host.row()["secret_hash"]) == 64


def test_each_request_has_its_own(host: Host) -> None:
    browser = host.browser()
    requests = [browser.start() for _ in range(3)]
    assert len(set(browser.cookies().values())) == 3
    # Tabs work side by side.
    for browser.request in requests:
        assert browser.poll()["state"] == "pending"


def test_at_most_five_are_kept_and_the_oldest_goes(host: Host) -> None:
    browser = host.browser()
    browser.keep_cookie("other", "x")
    ids = [browser.start()["id"] for _ in range(7)]
    assert [*browser.cookies()] == ["other", *(f"qrlogin-{id}" for id in ids[-5:])]


def test_more_than_five_that_got_in_are_dropped_together(host: Host) -> None:
    browser = host.browser()
    for number in range(8):
        browser.keep_cookie(f"qrlogin-{number:032x}", "x")
    browser.start()
    assert len(browser.cookies()) == 5


def test_many_that_were_planted_do_not_swell_the_answer(host: Host) -> None:
    browser = host.browser()
    for number in range(100):
        browser.keep_cookie(f"qrlogin-{number:032x}", "planted")
    answer = browser.post("/qrlogin/requests")
    assert len(answer.headers.getlist("Set-Cookie")) == 6


def test_cookies_of_others_with_a_like_name_are_left_alone(host: Host) -> None:
    browser = host.browser()
    names = [f"qrlogin-{text}" for text in ("theme", "opened", "x" * 32, "A" * 32)]
    for name in names:
        browser.keep_cookie(name, "x")
    for _ in range(6):
        browser.start()
    assert set(names) <= set(browser.cookies())


@pytest.mark.parametrize("end", ["redeemed", "denied", "cancelled", "expired"])
def test_it_ends_with_the_request(host: Host, browser: Browser, end: str) -> None:
    app = host.native_app()
    if end == "cancelled":
        browser.cancel()
    elif end == "expired":
        host.clock.advance(300)
        browser.poll()
    else:
        app.scan(browser.token)
        app.decide("approve" if end == "redeemed" else "deny")
        assert browser.poll(since=2)["state"] == end
    assert f"qrlogin-{browser.request['id']}" not in browser.cookies()


def test_it_ends_with_the_login_by_form_too(host: Host, browser: Browser) -> None:
    app = host.native_app()
    app.scan(browser.token)
    app.decide("approve")
    answer = browser.post(browser.request["links"]["poll"], form={"since": "2"})
    assert answer.headers["Location"] == "/"
    assert set(browser.cookies()) == {"session", "qrlogin-browser"}


def test_an_open_request_keeps_it(host: Host, browser: Browser) -> None:
    host.native_app().scan(browser.token)
    assert not set_cookies(browser.try_poll())


class TestWhoDoesNotHoldIt:
    def answers(self, browser: Browser, id: str) -> list[tuple[int, bytes]]:
        base = f"/qrlogin/requests/{id}"
        return [
            (answer.status_code, answer.data)
            for answer in (
                browser.get(base),
                browser.post(f"{base}/poll", {"since": 5}),
                browser.post(f"{base}/cancel"),
                browser.get(f"{base}/qr.svg"),
                browser.get(f"{base}/qr.png"),
            )
        ]

    def test_learns_nothing(self, host: Host, browser: Browser) -> None:
        host.native_app().scan(browser.token)
        stranger, id = host.browser(), browser.request["id"]
        unknown = self.answers(stranger, "0" * 32)
        assert {status for status, _ in unknown} == {404}
        assert self.answers(stranger, id) == unknown
        assert self.answers(stranger, "nonsense") == unknown
        for wrong in ("", "x", "A" * 43, host.row()["secret_hash"], "\u00e9"):
            stranger.keep_cookie(f"qrlogin-{id}", wrong)
            assert self.answers(stranger, id) == unknown
        assert host.row()["state"] == "scanned"

    def test_may_hold_that_of_another_request(self, host: Host, browser: Browser) -> None:
        other = host.browser()
        other.start()
        (secret,) = other.cookies().values()
        other.keep_cookie(f"qrlogin-{browser.request['id']}", secret)
        other.request = browser.request
        assert problem(other.try_poll()) == (404, "request_not_found")
