r"""Where the browser goes after the login: never to another site, and never nowhere."""

from __future__ import annotations

import typing as t
from urllib.parse import urljoin
from urllib.parse import urlsplit

import flask_login
import pytest
from hypothesis import given
from hypothesis import strategies as st
from werkzeug.test import TestResponse

from flask_qrlogin import LoginRequest
from flask_qrlogin.core.next_path import is_own_path

from .conftest import MakeHost
from .host import Host
from .host import User
from .parties import Browser
from .parties import Json
from .parties import problem

GOOD = [
    "/",
    "/docs",
    "/docs/",
    "/docs?page=2&sort=name",
    "/docs#top",
    "/docs?back=https://other.example/",
    "/straße/東京",
    "/stra%C3%9Fe",
    "/search?q=two%20words",
    "/files/My%20Report.pdf",
    "/files/100%",
    "/a//b",
    "/user:anna",
    "/qrlogins",
    "/docs/qrlogin/",
    "/" + "x" * 1999,
]

EVIL = [
    "",
    "docs",
    "https://evil.example/",
    "HTTPS://evil.example/",
    "https:evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "//evil.example",
    "///evil.example",
    "//evil.example@localhost/",
    "//localhost@evil.example/",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "/docs\\..",
    "/\t/evil.example",
    "/\n/evil.example",
    "/\r\nLocation: https://evil.example/",
    "/\x00",
    "/\x7f",
    "/\x85",
    " /docs",
    "\t//evil.example",
    "/ /evil.example",
    "/%2fevil.example",
    "/%2F%2Fevil.example",
    "%2f%2fevil.example",
    "/%5cevil.example",
    "/%252e/qrlogin/",
    "/docs/%252e%252E/qrlogin/s/x",
    "/%5C%5Cevil.example",
    "/%09/evil.example",
    "/%0d%0aSet-Cookie:x=y",
    "/%00",
    "/\ud800",
    "/qrlogin",
    "/qrlogin/",
    "/qrlogin?x",
    "/qrlogin#x",
    "/qrlogin/s/x",
    "/qrlogin%2fs%2fx",
    "/%71rlogin/",
    "/" + "x" * 2000,
]

#: Browsers take the dots away before they ask, so these lead to our own pages too.
EVIL_DOTS = ["/./qrlogin/", "/docs/../qrlogin/s/x", "/docs/%2e%2e/qrlogin/", "/%2e/qrlogin"]


def start(host: Host, next: str) -> TestResponse:
    return host.browser().post("/qrlogin/requests", {"next": next})


@pytest.mark.parametrize("next", GOOD)
def test_a_path_of_this_site_is_where_the_browser_goes(host: Host, next: str) -> None:
    assert host.log_in_by_qr(host.browser(), next=next)["location"] == next


@pytest.mark.parametrize("next", EVIL + EVIL_DOTS)
def test_anything_else_is_refused_at_the_start(host: Host, next: str) -> None:
    assert problem(start(host, next)) == (400, "bad_request")
    assert host.rows() == []


@pytest.mark.parametrize("next", EVIL + EVIL_DOTS)
def test_anything_else_is_checked_again_at_the_end(host: Host, next: str) -> None:
    # A row that was written otherwise: an older version, a restored backup.
    assert not is_own_path(next, prefix="/qrlogin")


@given(st.text(max_size=40))
def test_what_is_accepted_stays_on_this_site(text: str) -> None:
    path = "/" + text
    if is_own_path(path, prefix="/qrlogin"):
        joined = urlsplit(urljoin("https://example.com/login", path))
        assert (joined.scheme, joined.netloc) == ("https", "example.com")
        assert path[1:2] not in ("/", "\\")


def test_that_was_written_by_others_is_not_followed(host: Host, browser: Browser) -> None:
    app = host.native_app()
    app.scan(browser.token)
    app.decide("approve")
    host.execute("UPDATE qrlogin_login_request SET next = '//evil.example'")
    assert browser.poll(since=2)["location"] == "/"


class TestWithoutNext:
    def test_the_hook_decides(self, host: Host) -> None:
        asked: list[tuple[str, str]] = []

        @host.qrlogin.default_next
        def default_next(user: User, login_request: LoginRequest) -> str | None:
            asked.append((user.name, login_request.state))
            return f"/people/{user.name}"

        assert host.log_in_by_qr(host.browser())["location"] == "/people/anna"
        assert asked == [("anna", "redeemed")]

    def test_next_goes_before_the_hook(self, host: Host) -> None:
        host.qrlogin.default_next(lambda user, login_request: "/hook")
        assert host.log_in_by_qr(host.browser(), next="/docs")["location"] == "/docs"

    def test_the_configuration_comes_last(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_REDIRECT="/start")
        host.qrlogin.default_next(lambda user, login_request: None)
        assert host.log_in_by_qr(host.browser())["location"] == "/start"


class TestIsNotLostOnTheWay:
    def test_from_the_page_to_the_code(self, host: Host) -> None:
        page = host.browser().get("/qrlogin/?next=/docs%3Fpage%3D2%26sort%3Dname")
        assert 'next="/docs?page=2&amp;sort=name"' in page.text

    def test_from_a_protected_page(self, host: Host) -> None:
        @host.app.get("/reports/<name>")
        @flask_login.login_required  # type: ignore[untyped-decorator]
        def reports(name: str) -> str:
            return name

        browser = host.browser()
        for path in ("/reports/may?all=1", "/reports/last%20year"):
            login_page = browser.get(browser.get(path).headers["Location"])
            assert f'next="{path}"' in login_page.text

    def test_where_flask_login_keeps_it_in_the_session(self, make_host: MakeHost) -> None:
        host = make_host(USE_SESSION_FOR_NEXT=True)
        browser = host.browser()
        with browser.jar.session_transaction() as session:
            session["next"] = "/docs"
        assert 'next="/docs"' in browser.get("/login").text

    def test_an_evil_one_is_dropped_from_the_page(self, host: Host) -> None:
        for next in ("//evil.example", "https://evil.example", "/qrlogin/", "%22%3E%3Cscript%3E"):
            page = host.browser().get(f"/qrlogin/?next={next}").text
            assert "evil.example" not in page
            assert "<script>" not in page
            assert " next=" not in page


class TestUnderAMountPoint:
    BASE = "http://localhost/mounted"

    def test_every_address_holds_it(self, host: Host) -> None:
        browser = host.browser(self.BASE)
        started = browser.start()
        assert started["qr"]["url"].startswith("http://localhost/mounted/qrlogin/s/")
        assert all(link.startswith("/mounted/qrlogin/") for link in started["links"].values())
        phone = host.phone("anna", self.BASE)
        phone.approve(browser.url)
        assert browser.poll(since=2)["state"] == "redeemed"
        assert browser.who() == "anna"

    def test_our_pages_are_under_it(self, host: Host) -> None:
        browser = host.browser(self.BASE)
        assert browser.post("/qrlogin/requests", {"next": "/mounted/qrlogin/"}).status_code == 400
        assert browser.post("/qrlogin/requests", {"next": "/qrlogin/"}).status_code == 201

    def test_the_main_page_is_the_applications(self, host: Host) -> None:
        browser = host.browser(self.BASE)
        assert host.log_in_by_qr(browser)["location"] == "/mounted/"

    def test_already_logged_in_is_sent_to_it(self, host: Host) -> None:
        browser = host.browser(self.BASE)
        host.log_in_by_qr(browser)
        assert browser.get("/qrlogin/").headers["Location"] == "/mounted/"


def test_with_a_prefix_of_its_own(make_host: MakeHost) -> None:
    host = make_host(QRLOGIN_URL_PREFIX="/auth/qr")
    browser = host.browser()
    started = browser.start(prefix="/auth/qr", next="/qrlogin/")
    assert started["qr"]["url"].startswith("http://localhost/auth/qr/s/")
    answer = browser.post("/auth/qr/requests", {"next": "/auth/qr/"})
    assert "next" in t.cast(Json, answer.json)["detail"]


class TestTheSitesOwnAddress:
    def test_is_taken_off_before_it_is_kept(self, host: Host) -> None:
        browser = host.browser()
        browser.start(next="http://localhost/welcome?x=1")
        assert host.row()["next"] == "/welcome?x=1"
        browser.post("/qrlogin/requests", {"next": f"http://localhost/{'a' * 1999}"})
        assert max(len(row["next"]) for row in host.rows()) == 2000

    def test_in_the_query_of_a_login_page_counts_as_the_path(self, host: Host) -> None:
        page = host.browser().get("/login?next=http://localhost/welcome").text
        assert 'next="/welcome"' in page
        # A phone on its way to a code is shown no other.
        assert (
            "<qr-login" not in host.browser().get("/login?next=http://localhost/qrlogin/s/x").text
        )

    @pytest.mark.parametrize(
        "next",
        [
            "http://localhost.evil/x",
            "http://localhost@evil/x",
            "http://localhost//evil/x",
            "http://localhost/\\evil",
            "https://localhost/x",
            "http://localhost:81/x",
            "http://localhost/qrlogin/devices",
            "http://localhost",
        ],
    )
    def test_is_not_what_merely_looks_like_it(self, host: Host, next: str) -> None:
        answer = host.browser().post("/qrlogin/requests", {"next": next})
        assert problem(answer) == (400, "bad_request")
