"""Rule 16, the headers of every answer, and hosts that protect their forms themselves."""

from __future__ import annotations

import collections.abc as c
import contextlib
import typing as t

import flask
import pytest
from flask_wtf.csrf import CSRFProtect
from werkzeug.test import TestResponse

from flask_qrlogin import ConfigurationError

from .conftest import MakeHost
from .host import Host
from .parties import Browser
from .parties import PAGE
from .parties import problem


class TestOrigin:
    @pytest.mark.parametrize(
        ("headers", "allowed"),
        [
            ({"Origin": "http://localhost"}, True),
            ({"Origin": "http://LOCALHOST"}, True),
            ({"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}, True),
            ({"Sec-Fetch-Site": "same-origin"}, True),
            ({}, False),
            ({"Sec-Fetch-Site": "same-site"}, False),
            ({"Sec-Fetch-Site": "cross-site"}, False),
            ({"Sec-Fetch-Site": "none"}, False),
            ({"Sec-Fetch-Site": ""}, False),
            ({"Origin": "null"}, False),
            ({"Origin": ""}, False),
            ({"Origin": "null", "Sec-Fetch-Site": "cross-site"}, False),
            ({"Origin": "null", "Sec-Fetch-Site": "same-origin"}, True),
            ({"Origin": "https://localhost"}, False),
            ({"Origin": "http://localhost:8080"}, False),
            ({"Origin": "http://sub.localhost"}, False),
            ({"Origin": "http://localhost.evil.example"}, False),
            ({"Origin": "http://localhost/"}, False),
            ({"Origin": "http://localhost, http://evil.example"}, False),
            ({"Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"}, False),
            ({"Referer": "http://localhost/qrlogin/"}, False),
        ],
        ids=str,
    )
    def test_decides_every_post(
        self, host: Host, browser: Browser, headers: dict[str, str], allowed: bool
    ) -> None:
        phone = host.phone("anna")
        phone.scan(browser.url)
        row = host.row()
        browser.post_headers = phone.post_headers = headers
        answers = [
            browser.post("/qrlogin/requests"),
            browser.post(browser.request["links"]["poll"]),
            phone.post(f"{browser.url}/scan"),
            phone.post(f"{browser.url}/deny", form={"confirm_token": "x"}),
            phone.post(f"{browser.url}/approve", form={"confirm_token": "x"}),
            browser.post(browser.request["links"]["cancel"]),
        ]
        refused = [answer.status_code == 403 for answer in answers]
        if allowed:
            assert not any(refused[:3])
            assert not refused[5]
        else:
            assert all(refused)
            assert problem(answers[0]) == (403, "origin_refused")
            assert host.rows() == [row]

    def test_is_that_of_the_base_url(self, make_host: MakeHost) -> None:
        host = make_host(TESTING=False, QRLOGIN_BASE_URL="https://Example.com/")
        # A proxy in front speaks HTTPS; the app itself sees another address.
        browser = host.browser("http://10.0.0.1:8000")
        for origin, status in [("https://example.com", 201), ("http://10.0.0.1:8000", 403)]:
            answer = browser.post("/qrlogin/requests", Origin=origin)
            assert answer.status_code == status

    def test_may_be_any_trusted_host(self, make_host: MakeHost) -> None:
        host = make_host(TESTING=False, TRUSTED_HOSTS=["one.example", ".two.example"])
        for name in ("one.example", "www.two.example"):
            started = host.browser(f"http://{name}").start()
            assert started["qr"]["url"].startswith(f"http://{name}/qrlogin/s/")
        browser = host.browser("http://one.example")
        answer = browser.post("/qrlogin/requests", Origin="http://www.two.example")
        assert problem(answer) == (403, "origin_refused")


class TestHostHeader:
    def test_that_is_not_trusted_is_refused(self, make_host: MakeHost) -> None:
        host = make_host(TESTING=False, TRUSTED_HOSTS=["one.example"])
        answer = host.browser("http://evil.example").post("/qrlogin/requests")
        assert answer.status_code == 400
        assert host.rows() == []

    def test_never_gets_into_a_code_unchecked(self, make_host: MakeHost) -> None:
        host = make_host(TESTING=False, PROPAGATE_EXCEPTIONS=True)
        browser = host.browser("http://evil.example")
        with pytest.raises(ConfigurationError, match=r"QRLOGIN_BASE_URL.*TRUSTED_HOSTS"):
            browser.get("/qrlogin/")
        with pytest.raises(ConfigurationError, match="QRLOGIN_BASE_URL"):
            browser.post("/qrlogin/requests")

    def test_is_overruled_by_the_base_url(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_BASE_URL="http://example.com")
        started = host.browser("http://evil.example").start()
        assert started["qr"]["url"].startswith("http://example.com/qrlogin/s/")

    def test_over_plain_http_is_not_the_same_site(self, make_host: MakeHost) -> None:
        # A proxy ends HTTPS; whoever is on the network can make pages of http://example.com.
        host = make_host(
            TESTING=False, TRUSTED_HOSTS=["example.com"], QRLOGIN_BASE_URL="https://example.com"
        )
        browser = host.browser("http://example.com")
        answer = browser.post("/qrlogin/requests", Origin="http://example.com")
        assert problem(answer) == (403, "origin_refused")
        answer = browser.post("/qrlogin/requests", Origin="https://example.com")
        assert answer.status_code == 201

    def test_is_overruled_by_the_server_name(self, make_host: MakeHost) -> None:
        host = make_host(TESTING=False, SERVER_NAME="example.com")
        started = host.browser("https://example.com").start()
        assert started["qr"]["url"].startswith("https://example.com/qrlogin/s/")


def test_a_host_that_lacks_a_part_is_told_at_our_first_page(make_host: MakeHost) -> None:
    def remove_login_manager(app: flask.Flask) -> None:
        del app.login_manager  # type: ignore[attr-defined]

    browser = make_host(prepare=remove_login_manager).browser()
    with pytest.raises(ConfigurationError, match="LoginManager"):
        browser.get("/qrlogin/")
    with pytest.raises(ConfigurationError, match="LoginManager"):
        browser.get("/qrlogin/s/x")


class TestHeaders:
    def answers(self, host: Host) -> c.Iterator[TestResponse]:
        browser, phone = host.browser(), host.phone("anna")
        yield browser.get("/qrlogin/")
        yield browser.post("/qrlogin/requests")
        browser.start()
        links = browser.request["links"]
        yield browser.show()
        yield browser.get(links["qr_svg"])
        yield browser.get(links["poll"])
        yield browser.try_poll()
        yield browser.post(links["poll"], form={})
        yield phone.open(browser.url)
        yield host.phone().open(browser.url)
        yield phone.tap("scan")
        yield phone.tap("approve")
        yield phone.get(f"{browser.url}/approve")
        yield browser.try_poll(since=1)
        yield browser.try_poll()
        yield phone.reload()
        yield browser.try_poll()
        yield browser.cancel()
        yield host.native_app().scan("x")
        yield browser.jar.options("/qrlogin/requests")

    def test_of_all_answers(self, host: Host) -> None:
        for answer in self.answers(host):
            assert answer.headers["Cache-Control"] == "no-store", answer.request.path
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            if answer.mimetype == "text/html" and answer.data:
                assert answer.headers["Referrer-Policy"] == "same-origin"
                assert answer.headers["Content-Security-Policy"] == "frame-ancestors 'none'"
                assert answer.headers["X-Frame-Options"] == "DENY"

    def test_of_an_answer_after_a_crash(self, host: Host) -> None:
        host.app.config["PROPAGATE_EXCEPTIONS"] = False
        host.qrlogin.may_start(lambda request: t.cast(str, 1 / 0))
        answer = host.browser().post("/qrlogin/requests")
        assert (answer.status_code, answer.headers["Cache-Control"]) == (500, "no-store")

    def test_static_files_may_be_kept(self, host: Host) -> None:
        page = host.browser().get("/qrlogin/").text
        (url,) = {part for part in page.split('"') if part.endswith("/qrlogin.css")}
        assert url == "/qrlogin/static/0.1.0/qrlogin.css"
        with contextlib.closing(host.browser().get(url)) as first:
            assert first.status_code == 200
            assert "no-store" not in first.headers.get("Cache-Control", "")
            assert "Cookie" not in first.headers.get("Vary", "")
        etag = first.headers["ETag"]
        with contextlib.closing(host.browser().get(url, If_None_Match=etag)) as again:
            assert again.status_code == 304

    def test_pages_have_neither_inline_script_nor_style(self, host: Host) -> None:
        for answer in self.answers(host):
            if answer.mimetype == "text/html":
                for bad in ("<style", " style=", "javascript:", " onclick=", "<script>", "data:"):
                    assert bad not in answer.text.replace("<script type=", "")


def before(app: flask.Flask) -> None:
    CSRFProtect(app)


def by_hand(app: flask.Flask) -> None:
    """As Flask-WTF's documentation shows it for a host that calls it itself."""
    app.config["WTF_CSRF_CHECK_DEFAULT"] = False
    protect = CSRFProtect(app)
    app.before_request(lambda: protect.protect())


class TestCSRFProtectOfTheHost:
    def run(self, host: Host) -> None:
        base_url = host.state.settings.base_url or "http://localhost"
        anna = host.phone(base_url=base_url)
        # The host's own form needs the host's own token, which is not what is tested.
        with anna.jar.session_transaction(base_url=base_url) as session:
            session["_user_id"], session["_fresh"] = "470011", True
        browser, app = host.browser(base_url), host.native_app("ben", base_url)
        browser.start()
        anna.approve(browser.url)
        browser.poll(since=1)
        assert browser.poll()["state"] == "redeemed"
        browser.start()
        assert app.scan(browser.token).status_code == 200
        assert browser.cancel().status_code == 200
        form = browser.post("/qrlogin/requests", form={})
        assert form.status_code == 303

    @pytest.mark.parametrize("check_default", [True, False])
    @pytest.mark.parametrize("base_url", ["http://localhost", "https://example.com"])
    def test_set_up_before_us(
        self, make_host: MakeHost, base_url: str, check_default: bool
    ) -> None:
        self.run(
            make_host(
                prepare=before, QRLOGIN_BASE_URL=base_url, WTF_CSRF_CHECK_DEFAULT=check_default
            )
        )

    @pytest.mark.parametrize("base_url", ["http://localhost", "https://example.com"])
    def test_set_up_after_us(self, make_host: MakeHost, base_url: str) -> None:
        host = make_host(QRLOGIN_BASE_URL=base_url)
        CSRFProtect(host.app)
        self.run(host)

    def test_called_by_hand(self, make_host: MakeHost) -> None:
        self.run(make_host(prepare=by_hand))

    def test_still_protects_the_host(self, make_host: MakeHost) -> None:
        host = make_host(prepare=before)
        browser = host.browser()
        browser.start()
        assert browser.post("/login", form={"name": "anna"}).status_code == 400
        # Where it is not there, the host is as it was.
        assert make_host().browser().post("/login", form={"name": "anna"}).status_code == 302

    def test_is_not_weakened_for_what_the_host_does_with_each_request(
        self, make_host: MakeHost
    ) -> None:
        acted: list[str] = []

        def act(app: flask.Flask) -> None:
            by_hand(app)
            app.before_request(lambda: acted.append(flask.request.path))

        browser = make_host(prepare=act).browser()
        browser.post("/qrlogin/requests", Origin="http://evil.example")
        browser.post("/qrlogin/api/scan", {"token": "x"}, Origin="http://evil.example")
        assert acted == []

    def test_is_not_needed(self, host: Host, browser: Browser) -> None:
        answer = browser.post(browser.request["links"]["cancel"], Origin="http://evil.example")
        assert problem(answer) == (403, "origin_refused")
        page = host.phone("anna").post(
            f"{browser.url}/scan", form={}, Origin="http://evil.example", Accept=PAGE
        )
        assert page.status_code == 403
