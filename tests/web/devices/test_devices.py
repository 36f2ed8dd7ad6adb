"""The page and the API where a person sees their logins by QR code, and the notice of each."""

from __future__ import annotations

import typing as t

import flask
import pytest
from werkzeug.test import TestResponse

from flask_qrlogin import LinkedDevice
from flask_qrlogin import signals
from flask_qrlogin.core.ports import FOUND_AT_MOST
from tests.web.conftest import MakeHost
from tests.web.host import Host
from tests.web.host import PEOPLE
from tests.web.host import User
from tests.web.parties import Browser
from tests.web.parties import forms
from tests.web.parties import Json
from tests.web.parties import NativeApp
from tests.web.parties import PAGE
from tests.web.parties import problem
from tests.web.parties import set_cookies

from .test_session import device_of
from .test_session import logged_in

PAGES = "/qrlogin/devices"
API = "/qrlogin/api/devices"


def page(browser: Browser) -> str:
    answer = browser.get(PAGES, Accept=PAGE)
    assert answer.status_code == 200
    return answer.text


def tap(browser: Browser, action: str, **fields: str) -> TestResponse:
    """Submit the form of the page that has this address."""
    shown = browser.get(PAGES, Accept=PAGE)
    (form,) = (form for form in forms(shown) if form.action == f"{PAGES}/{action}")
    return browser.post(form.action, form=form.fields | fields)


def listed(app: NativeApp) -> list[Json]:
    answer = app.get(API, **app.post_headers)
    assert answer.status_code == 200
    return t.cast(list[Json], t.cast(Json, answer.json)["devices"])


def with_password(host: Host) -> Browser:
    browser = host.browser()
    browser.log_in("anna")
    return browser


class TestThePage:
    def test_lists_the_persons_own(self, host: Host) -> None:
        host.qrlogin.describe_browser(lambda user_agent: "Firefox <on> Linux")
        browser = logged_in(host)
        logged_in(host)
        of_ben = logged_in(host, "ben")
        shown = page(browser)
        assert shown.count("<h2>") == 2
        assert "Firefox &lt;on&gt; Linux" in shown
        assert shown.count("this browser") == 1
        assert device_of(host, of_ben).id not in shown

    def test_is_for_a_password_login_too(self, host: Host) -> None:
        browser, password = logged_in(host), host.browser()
        password.log_in("anna")
        assert device_of(host, browser).id in page(password)
        assert tap(password, "end-others").status_code == 303
        assert browser.who() == "nobody"
        assert "None at the moment" in page(password)
        assert password.who() == "anna"

    def test_leads_to_the_login_and_back(self, host: Host) -> None:
        answer = host.browser().get(PAGES, Accept=PAGE)
        assert answer.status_code == 302
        assert answer.headers["Location"] == "/login?next=%2Fqrlogin%2Fdevices"

    def test_says_so_where_there_is_no_login(self, host: Host) -> None:
        host.login_manager.login_view = None
        assert host.browser().get(PAGES, Accept=PAGE).status_code == 401

    def test_changes_nothing_by_a_get(self, host: Host) -> None:
        browser = logged_in(host)
        id = device_of(host, browser).id
        for action in (f"{id}/end", f"{id}/rename", "end-others"):
            answer = browser.get(f"{PAGES}/{action}", Accept=PAGE)
            assert (answer.status_code, answer.headers["Location"]) == (303, PAGES)
        assert browser.who() == "anna"

    def test_of_a_login_by_qr_ends_no_others(self, host: Host) -> None:
        browser, other = logged_in(host), logged_in(host)
        id = device_of(host, other).id
        assert f"{id}/end" not in page(browser)
        assert "end-others" not in page(browser)
        for action in (f"{id}/end", f"{id}/rename", "end-others"):
            answer = browser.post(f"{PAGES}/{action}", form={"name": "Mine"})
            assert answer.status_code == 403
            assert "with your password" in answer.text
        assert other.who() == "anna"
        assert tap(browser, f"{device_of(host, browser).id}/rename", name="Mine").status_code == 303

    def test_ends_one(self, host: Host) -> None:
        browser, other = with_password(host), logged_in(host)
        answer = tap(browser, f"{device_of(host, other).id}/end")
        assert (answer.status_code, answer.headers["Location"]) == (303, PAGES)
        assert other.who() == "nobody"
        assert browser.who() == "anna"
        assert device_of(host, other).end_reason == "ended"

    @pytest.mark.parametrize(
        ("login_view", "location"),
        [("login", "/login"), (None, "/qrlogin/"), ("https://sso.example", "https://sso.example")],
    )
    def test_ends_its_own_browser(
        self, make_host: MakeHost, login_view: str | None, location: str
    ) -> None:
        host = make_host(QRLOGIN_DEVICE_CHECK_SECONDS=60)
        host.login_manager.login_view = login_view
        browser = logged_in(host)
        answer = tap(browser, f"{device_of(host, browser).id}/end")
        assert (answer.status_code, answer.headers["Location"]) == (303, location)
        assert "_user_id" not in browser.session()
        assert device_of(host, browser).end_reason == "ended"

    def test_ends_all_others(self, make_host: MakeHost) -> None:
        # Where a login by QR is as good as any other.
        host = make_host(QRLOGIN_APPROVE_FROM_LINKED=True)
        browser, *others = (logged_in(host) for _ in range(3))
        of_ben = logged_in(host, "ben")
        tap(browser, "end-others")
        assert [other.who() for other in others] == ["nobody", "nobody"]
        assert (browser.who(), of_ben.who()) == ("anna", "ben")
        assert "end-others" not in page(browser)

    def test_renames_one(self, host: Host) -> None:
        browser = logged_in(host)
        id = device_of(host, browser).id
        assert tap(browser, f"{id}/rename", name="The office").status_code == 303
        assert "The office" in page(browser)
        assert tap(browser, f"{id}/rename", name=" ").status_code == 400

    @pytest.mark.parametrize("action", ["end", "rename"])
    @pytest.mark.parametrize("whose", ["ben", "nobody", "bad"])
    def test_knows_only_the_persons_own(self, host: Host, action: str, whose: str) -> None:
        browser = with_password(host)
        of_ben = logged_in(host, "ben")
        id = {"ben": of_ben.request["id"], "nobody": "0" * 32, "bad": "%00"}[whose]
        answer = browser.post(f"{PAGES}/{id}/{action}", form={"name": "Mine"})
        assert answer.status_code == 404
        assert "This login is not known." in answer.text
        assert of_ben.who() == "ben"

    @pytest.mark.parametrize("action", ["ID/end", "ID/rename", "end-others"])
    def test_refuses_what_comes_from_elsewhere(self, host: Host, action: str) -> None:
        browser, other = logged_in(host), logged_in(host)
        url = f"{PAGES}/{action.replace('ID', other.request['id'])}"
        browser.post_headers = {"Origin": "https://evil.example"}
        assert browser.post(url, form={"name": "x"}).status_code == 403
        browser.post_headers = {}
        assert browser.post(url, form={"name": "x"}).status_code == 403
        assert other.who() == "anna"

    @pytest.mark.parametrize("action", ["ID/end", "ID/rename", "end-others"])
    def test_refuses_who_is_not_logged_in(self, host: Host, action: str) -> None:
        other = logged_in(host)
        url = f"{PAGES}/{action.replace('ID', other.request['id'])}"
        assert host.browser().post(url, form={"name": "x"}).status_code == 401
        assert other.who() == "anna"

    def test_saves_no_session_with_a_form(self, host: Host) -> None:
        browser, other = with_password(host), logged_in(host)
        assert not set_cookies(tap(browser, f"{device_of(host, other).id}/end"))


class TestTheAPI:
    def test_describes_each(self, host: Host) -> None:
        host.qrlogin.describe_browser(lambda user_agent: "Firefox on Linux")
        browser = logged_in(host)
        (described,) = listed(host.native_app())
        assert described == {
            "id": browser.request["id"],
            "name": "Firefox on Linux",
            "browser": "Firefox on Linux",
            "place": None,
            "ip": "127.0.0.1",
            "created_at": "2030-01-31T12:00:00Z",
            "last_seen_at": "2030-01-31T12:00:00Z",
            "expires_at": "2030-03-02T12:00:00Z",
            "remembered": False,
            "current": False,
            "approved_by": {
                "browser": "Firefox on Linux",
                "ip": "127.0.0.1",
                "login": None,
                "login_at": None,
            },
        }

    def test_ends_and_renames(self, host: Host) -> None:
        app = host.native_app()
        one, other, last = (logged_in(host) for _ in range(3))
        answer = app.post(f"{API}/{one.request['id']}/end")
        assert answer.status_code == 200
        assert one.request["id"] not in answer.text
        answer = app.post(f"{API}/{last.request['id']}/rename", {"name": "Office"})
        assert answer.status_code == 200
        app.post(f"{API}/end-others", {"keep": last.request["id"]})
        assert [device["name"] for device in listed(app)] == ["Office"]
        assert [b.who() for b in (one, other, last)] == ["nobody", "nobody", "anna"]
        app.post(f"{API}/end-others")
        assert listed(app) == []

    def test_knows_only_the_persons_own(self, host: Host) -> None:
        of_ben, app = logged_in(host, "ben"), host.native_app("anna")
        for action in ("end", "rename"):
            answer = app.post(f"{API}/{of_ben.request['id']}/{action}", {"name": "x"})
            assert problem(answer) == (404, "device_not_found")
        app.post(f"{API}/end-others")
        assert of_ben.who() == "ben"

    def test_ignores_cookies(self, host: Host) -> None:
        browser = logged_in(host)
        assert problem(browser.get(API)) == (401, "login_required")
        assert problem(browser.post(f"{API}/end-others")) == (401, "login_required")
        answer = browser.get(API, Authorization="Bearer token of ben")
        assert answer.json == {"devices": []}
        url = f"{API}/{browser.request['id']}/end"
        answer = browser.post(url, Authorization="Bearer token of ben")
        assert problem(answer) == (404, "device_not_found")
        assert not set_cookies(answer)
        assert browser.who() == "anna"

    def test_needs_a_bearer_token_that_browsers_do_not_send(self, host: Host) -> None:
        answer = host.browser().get(API, Authorization="Basic YW5uYTo=")
        assert problem(answer) == (401, "login_required")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


class TestTheNotice:
    @pytest.fixture
    def notices(self, host: Host) -> list[tuple[User, LinkedDevice, str]]:
        sent: list[tuple[User, LinkedDevice, str]] = []
        host.qrlogin.send_notice(lambda user, device, url: sent.append((user, device, url)))
        return sent

    def test_is_sent_with_each_login(
        self, host: Host, notices: list[tuple[User, LinkedDevice, str]]
    ) -> None:
        browser = logged_in(host)
        ((user, device, url),) = notices
        assert user.get_id() == "470011"
        assert device == device_of(host, browser)
        assert url.startswith("http://localhost/qrlogin/notices/")

    def test_that_fails_stops_nothing(self, host: Host, caplog: pytest.LogCaptureFixture) -> None:
        @host.qrlogin.send_notice
        def fail(user: User, device: LinkedDevice, url: str) -> None:
            raise RuntimeError("no mail")

        assert logged_in(host).who() == "anna"
        assert "send_notice of flask_qrlogin failed" in caplog.text

    def test_opens_a_page_that_ends_nothing(
        self, host: Host, notices: list[tuple[User, LinkedDevice, str]]
    ) -> None:
        browser = logged_in(host)
        before = device_of(host, browser)
        shown = host.browser().get(notices[0][2], Accept=PAGE)
        assert shown.status_code == 200
        assert "127.0.0.1" in shown.text
        assert not set_cookies(shown)
        assert device_of(host, browser) == before

    def test_ends_the_login_and_what_is_under_way(
        self, host: Host, notices: list[tuple[User, LinkedDevice, str]]
    ) -> None:
        browser, other, attacker = logged_in(host), logged_in(host), host.browser()
        attacker.start()
        host.native_app().scan(attacker.token)
        mail, url = host.browser(), notices[0][2]
        (form,) = forms(mail.get(url, Accept=PAGE))
        answer = mail.post(form.action, form=form.fields)
        assert answer.status_code == 303
        after = mail.get(answer.headers["Location"], Accept=PAGE)
        assert "Logged out" in after.text
        assert forms(after) == []
        assert (browser.who(), other.who()) == ("nobody", "anna")
        assert attacker.poll()["reason"] == "not_me"
        assert device_of(host, browser).end_reason == "not_me"

    def test_is_of_use_after_the_attacker_has_logged_out(
        self, host: Host, notices: list[tuple[User, LinkedDevice, str]]
    ) -> None:
        browser = logged_in(host)
        browser.log_out()
        mail, url = host.browser(), notices[0][2]
        (form,) = forms(mail.get(url, Accept=PAGE))
        mail.post(form.action, form=form.fields)
        assert device_of(host, browser).end_reason == "not_me"

    def test_refuses_what_comes_from_elsewhere(
        self, host: Host, notices: list[tuple[User, LinkedDevice, str]]
    ) -> None:
        browser = logged_in(host)
        mail = host.browser()
        mail.post_headers = {"Origin": "https://evil.example"}
        assert mail.post(notices[0][2], form={}).status_code == 403
        assert browser.who() == "anna"

    def test_is_good_for_as_long_as_configured(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_NOT_ME_LIFETIME=3600)
        urls: list[str] = []
        host.qrlogin.send_notice(lambda user, device, url: urls.append(url))
        browser = logged_in(host)
        host.clock.advance(3600)
        assert host.browser().get(urls[0], Accept=PAGE).status_code == 200
        host.clock.advance(1)
        answer = host.browser().post(urls[0], form={})
        assert answer.status_code == 404
        assert "too old" in answer.text
        assert browser.who() == "anna"

    def test_cannot_be_made_by_others(
        self, host: Host, notices: list[tuple[User, LinkedDevice, str]]
    ) -> None:
        browser = logged_in(host)
        token = notices[0][2].rpartition("/")[2]
        for forged in ("x", token[:-1] + ("A" if token[-1] != "A" else "B"), browser.token):
            answer = host.browser().post(f"/qrlogin/notices/{forged}", form={})
            assert answer.status_code == 404
        assert browser.who() == "anna"

    def test_outlives_the_row(
        self, host: Host, notices: list[tuple[User, LinkedDevice, str]]
    ) -> None:
        logged_in(host)
        host.execute("DELETE FROM qrlogin_linked_device")
        assert host.browser().get(notices[0][2], Accept=PAGE).status_code == 404


def test_signals_tell_of_each(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    told: list[tuple[str, str | None]] = []

    def tell(sender: flask.Flask, *, device: LinkedDevice) -> None:
        told.append((device.user_id, device.end_reason))
        raise RuntimeError("wrong")

    signals.device_linked.connect(tell, host.app)
    signals.device_ended.connect(tell, host.app)
    browser = logged_in(host)
    browser.log_out()
    assert told == [("470011", None), ("470011", "logout")]
    assert "A receiver of a flask_qrlogin signal failed" in caplog.text


class TestALoginThatIsAboutToBe:
    def test_is_ended_with_all_others(self, host: Host) -> None:
        # An attacker would wait with the poll until the list was cleared.
        browser, app = host.browser(), host.native_app()
        browser.start()
        app.scan(browser.token)
        app.decide("approve")
        assert app.post(f"{API}/end-others").status_code == 200
        assert browser.poll()["state"] == "denied"

    @pytest.mark.parametrize("said", ["before", "after"])
    def test_is_not_linked_once_it_wasnt_me(
        self, host: Host, monkeypatch: pytest.MonkeyPatch, said: str
    ) -> None:
        browser, phone = host.browser(), host.phone("anna")
        browser.start()
        phone.approve(browser.url)
        with host.app.app_context():
            store = host.state.opened_device_store().part
        add = store.add
        not_me = f"/qrlogin/s/{browser.token}/not-me"

        def add_while_it_is_said(device: LinkedDevice) -> None:
            monkeypatch.setattr(store, "add", add)
            if said == "after":
                add(device)
            assert phone.post(not_me, form={}).status_code == 303
            if said == "before":
                add(device)

        monkeypatch.setattr(store, "add", add_while_it_is_said)
        answer = browser.try_poll(since=2)
        assert browser.who() == "nobody"
        assert answer.status_code == (403 if said == "before" else 200)
        assert phone.open(browser.url).text.count("<h1>Ended</h1>") == 1

    def test_all_that_a_person_has_scanned_is_denied_however_much(self, host: Host) -> None:
        app, browsers = host.native_app(), [host.browser() for _ in range(FOUND_AT_MOST + 1)]
        for browser in browsers:
            browser.start()
            app.scan(browser.token)
        app.decide("approve")
        with host.app.app_context():
            host.state.devices.end_all(str(PEOPLE["anna"][0]))
        assert {row["state"] for row in host.rows()} == {"denied"}


class TestWhatHasEndedLately:
    def test_can_be_disowned_by_its_owner(self, host: Host) -> None:
        browser, password = logged_in(host), with_password(host)
        id = device_of(host, browser).id
        assert "This wasn't me" not in page(password)
        browser.log_out()
        assert tap(password, f"{id}/not-me").status_code == 303
        assert device_of(host, browser).end_reason == "not_me"
        assert "This wasn't me" not in page(password)

    def test_is_not_shown_to_a_login_by_qr_nor_for_ever(self, host: Host) -> None:
        gone, browser, password = logged_in(host), logged_in(host), with_password(host)
        gone.log_out()
        assert "This wasn't me" not in page(browser)
        url = f"{PAGES}/{gone.request['id']}/not-me"
        assert browser.post(url, form={}).status_code == 403
        host.clock.advance(8 * 86400)
        assert "This wasn't me" not in page(password)


def test_a_notice_denies_what_is_under_way_once(make_host: MakeHost) -> None:
    host = make_host()
    urls: list[str] = []
    host.qrlogin.send_notice(lambda user, device, url: urls.append(url))
    logged_in(host)
    stranger, app, browser = host.browser(), host.native_app(), host.browser()
    for state in ("denied", "scanned"):
        browser.start()
        app.scan(browser.token)
        assert stranger.post(urls[0], form={}).status_code == 303
        assert browser.poll(since=0)["state"] == state


def test_the_page_leads_to_the_scanner_where_that_may_approve(host: Host) -> None:
    link = 'href="/qrlogin/scan"'
    assert link in host.phone("anna").get("/qrlogin/devices").text
    assert link not in host.phone_by_qr("anna").get("/qrlogin/devices").text
