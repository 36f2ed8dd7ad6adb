"""A login by QR code lasts as long as its linked device, on Flask's client-side cookie too."""

from __future__ import annotations

import dataclasses
import typing as t
from datetime import timedelta

import flask
import flask_login
import pytest
import sqlalchemy as sa

from flask_qrlogin import end_qr_logins
from flask_qrlogin import is_qr_login
from flask_qrlogin.core import errors
from flask_qrlogin.core import tokens
from flask_qrlogin.core.linked_device import LinkedDevice
from flask_qrlogin.core.login_request import State
from flask_qrlogin.stores.sql_devices import SQLDeviceStore
from tests.web.conftest import MakeHost
from tests.web.host import db
from tests.web.host import Host
from tests.web.host import User
from tests.web.parties import Browser
from tests.web.parties import set_cookies
from tests.web.server_sessions import ServerSessions

DAY = 86400


def logged_in(host: Host, name: str = "anna") -> Browser:
    browser = host.browser()
    host.log_in_by_qr(browser, name)
    return browser


def store_of(host: Host) -> SQLDeviceStore:
    with host.app.app_context():
        return t.cast(SQLDeviceStore, host.state.opened_device_store().part)


def device_of(host: Host, browser: Browser) -> LinkedDevice:
    device = store_of(host).get(browser.request["id"])
    assert device is not None
    return device


def end(host: Host, browser: Browser, reason: str = "ended") -> None:
    """End a login as another process does."""
    store, device = store_of(host), device_of(host, browser)
    with host.app.app_context():
        store.end([device.id], host.clock(), reason=reason)


def approve_with(host: Host, browser: Browser, **fields: t.Any) -> None:
    """Start, and have Anna's phone approve, with more fields of the request than it can set."""
    browser.start()
    app = host.native_app()
    app.scan(browser.token)
    app.decide("approve")
    with host.app.app_context():
        store = host.state.store
        request = store.get(browser.request["id"])
        assert request is not None
        changed = dataclasses.replace(request, version=request.version + 1, **fields)
        assert store.swap(request, changed, host.clock())


@pytest.fixture
def queries(host: Host) -> list[str]:
    """The statements that our engines ran, with those that go past SQLAlchemy."""
    seen: list[str] = []
    engine = store_of(host).engine
    sa.event.listen(engine, "checkout", lambda *call: seen.append("checkout"))
    return seen


class TestADevice:
    def test_comes_with_the_login(self, host: Host) -> None:
        host.qrlogin.describe_browser(lambda user_agent: "Firefox on Linux")
        browser = logged_in(host)
        device = device_of(host, browser)
        assert device.user_id == "470011"
        assert device.name == "Firefox on Linux"
        assert device.address == "127.0.0.1"
        assert device.expires_at == host.clock() + timedelta(days=30)
        assert not device.remembered

    def test_that_ended_is_out_at_the_next_request(self, host: Host) -> None:
        browser, other = logged_in(host), logged_in(host)
        end(host, browser)
        assert browser.who() == "nobody"
        assert other.who() == "anna"
        session = browser.session()
        assert not {"_user_id", "_id", "_qrlogin"} & set(session)
        assert browser.who() == "nobody"

    def test_that_ended_is_not_brought_back_by_a_late_answer(self, host: Host) -> None:
        browser = logged_in(host)
        old = browser.cookies()["session"]
        browser.log_out()
        browser.keep_cookie("session", old)
        assert browser.who() == "nobody"

    def test_that_ended_is_not_brought_back_by_a_remember_cookie(self, make_host: MakeHost) -> None:
        host = make_host()
        browser, password = logged_in(host), host.browser()
        password.log_in("anna", remember=True)
        browser.keep_cookie("remember_token", password.cookies()["remember_token"])
        end(host, browser)
        assert browser.who() == "nobody"
        assert "remember_token" not in browser.cookies()

    def test_whose_row_is_gone_is_out(self, host: Host) -> None:
        browser = logged_in(host)
        host.execute("DELETE FROM qrlogin_linked_device")
        assert browser.who() == "nobody"

    def test_is_over_after_its_lifetime(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_DEVICE_LIFETIME=2 * DAY)
        browser = logged_in(host)
        host.clock.advance(2 * DAY - 1)
        assert browser.who() == "anna"
        host.clock.advance(1)
        assert browser.who() == "nobody"

    def test_is_over_when_it_was_not_used_for_long(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_DEVICE_IDLE=3600)
        browser = logged_in(host)
        for _ in range(3):
            host.clock.advance(3000)
            assert browser.who() == "anna"
        host.clock.advance(3600)
        assert browser.who() == "nobody"

    def test_is_believed_to_live_for_as_long_as_configured(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_DEVICE_CHECK_SECONDS=60)
        browser = logged_in(host)
        assert browser.who() == "anna"
        end(host, browser)
        host.clock.advance(59)
        assert browser.who() == "anna"
        host.clock.advance(1)
        assert browser.who() == "nobody"

    def test_is_seen_every_five_minutes(self, host: Host) -> None:
        browser = logged_in(host)
        browser.move_to("192.0.2.9")
        host.clock.advance(299)
        browser.who()
        assert device_of(host, browser).address == "127.0.0.1"
        host.clock.advance(1)
        browser.who()
        seen = device_of(host, browser)
        assert (seen.address, seen.last_seen_at) == ("192.0.2.9", host.clock())

    def test_that_cannot_be_noted_stays(
        self, host: Host, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(*arguments: object, **named: object) -> None:
            raise errors.StoreUnavailable

        browser = logged_in(host)
        monkeypatch.setattr(SQLDeviceStore, "touch", fail)
        host.clock.advance(300)
        assert browser.who() == "anna"
        assert "could not be kept" in caplog.text


class TestTheCheck:
    def test_reads_nothing_without_the_mark(self, host: Host, queries: list[str]) -> None:
        browser = host.browser()
        browser.log_in("anna")
        queries.clear()
        assert browser.who() == "anna"
        assert host.browser().who() == "nobody"
        assert queries == []

    def test_reads_once_with_it(self, host: Host, queries: list[str]) -> None:
        browser = logged_in(host)
        queries.clear()
        assert browser.who() == "anna"
        assert queries == ["checkout"]

    def test_is_not_for_each_request_of_the_host(self, host: Host, queries: list[str]) -> None:
        host.app.get("/plain")(lambda: "plain")
        assert None not in host.app.before_request_funcs
        browser = logged_in(host)
        queries.clear()
        assert browser.get("/plain").text == "plain"
        assert queries == []

    @pytest.mark.parametrize("handler", [False, True])
    def test_answers_503_where_the_store_is_down_and_keeps_the_session(
        self, host: Host, monkeypatch: pytest.MonkeyPatch, handler: bool
    ) -> None:
        if handler:
            # The page of the error asks who is logged in, as most do.
            page = "{{ current_user.is_authenticated }}"
            host.app.errorhandler(503)(lambda error: (flask.render_template_string(page), 503))
        browser = logged_in(host)

        def fail(store: object, id: str) -> None:
            raise errors.StoreUnavailable

        with monkeypatch.context() as patch:
            patch.setattr(SQLDeviceStore, "get", fail)
            answer = browser.get("/")
        assert answer.status_code == 503
        assert "session" not in set_cookies(answer)
        if handler:
            assert answer.text == "False"
        else:
            assert answer.headers["Retry-After"] == "5"
        assert browser.who() == "anna"

    def test_is_for_a_mark_of_the_person_who_is_logged_in(self, host: Host) -> None:
        browser = logged_in(host)
        end(host, browser)
        with browser.jar.session_transaction() as session:
            session["_user_id"] = "470012"
        assert browser.who() == "ben"

    def test_tells_the_truth_to_is_qr_login(self, host: Host) -> None:
        host.app.get("/by")(lambda: str(is_qr_login()))
        browser = logged_in(host)
        assert browser.get("/by").text == "True"
        end(host, browser)
        assert browser.get("/by").text == "False"


class TestTheEnd:
    @pytest.fixture(params=["cookie", "server"])
    def host(self, make_host: MakeHost, request: pytest.FixtureRequest) -> Host:
        def prepare(app: flask.Flask) -> None:
            if request.param == "server":
                app.session_interface = ServerSessions()

            @app.get("/clear-and-log-out")
            def clear() -> str:
                flask.session.clear()
                flask_login.logout_user()
                return "bye"

        return make_host(prepare=prepare)

    @pytest.mark.parametrize("url", ["/logout", "/clear-and-log-out"])
    def test_comes_with_a_logout_to_that_one_only(self, host: Host, url: str) -> None:
        browser, other = logged_in(host), logged_in(host)
        browser.get(url)
        assert device_of(host, browser).end_reason == "logout"
        assert other.who() == "anna"
        assert device_of(host, other).end_reason is None

    @pytest.mark.parametrize("name", ["anna", "ben"])
    def test_comes_with_a_login_by_password(self, host: Host, name: str) -> None:
        browser = logged_in(host)
        browser.log_in(name)
        assert device_of(host, browser).end_reason == "replaced"
        assert "_qrlogin" not in browser.get("/").headers
        assert browser.who() == name

    @pytest.mark.parametrize("name", ["anna", "ben"])
    def test_comes_with_another_login_by_qr_code(self, host: Host, name: str) -> None:
        browser = logged_in(host)
        first = device_of(host, browser)
        host.log_in_by_qr(browser, name)
        ended = store_of(host).get(first.id)
        assert ended is not None
        assert ended.end_reason == "replaced"
        assert device_of(host, browser).end_reason is None
        assert browser.who() == name

    def test_comes_where_the_host_clears_the_session_at_a_login(self, make_host: MakeHost) -> None:
        host = make_host(clear_at_login=True)
        browser = logged_in(host)
        browser.log_in("anna")
        assert device_of(host, browser).end_reason == "replaced"

    def test_that_cannot_be_written_does_not_stop_the_logout(
        self, host: Host, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fail(*arguments: object, **named: object) -> None:
            raise errors.StoreUnavailable

        browser = logged_in(host)
        monkeypatch.setattr(SQLDeviceStore, "end", fail)
        browser.log_out()
        assert browser.who() == "nobody"
        assert "was not ended" in caplog.text


class TestAnAccount:
    @pytest.mark.parametrize("change", ["deactivated", "deleted"])
    def test_that_is_gone_ends_all(self, host: Host, change: str) -> None:
        browsers = [logged_in(host), logged_in(host)]
        if change == "deactivated":
            host.change_user("anna", active=False)
        else:
            host.delete_user("anna")
        host.clock.advance(300)
        assert browsers[0].who() == "nobody"
        assert {device_of(host, browser).end_reason for browser in browsers} == {"account"}
        assert browsers[1].who() == "nobody"

    def test_is_told_to_be_gone_at_once(self, host: Host) -> None:
        @host.app.post("/lock")
        def lock() -> str:
            user = db.session.get(User, 470011)
            assert user is not None
            user.active = False
            db.session.commit()
            end_qr_logins(user)
            return "locked"

        browser, of_ben = logged_in(host), logged_in(host, "ben")
        assert of_ben.post("/lock").text == "locked"
        assert browser.who() == "nobody"
        assert device_of(host, browser).end_reason == "account"
        assert of_ben.who() == "ben"

    def test_that_cannot_be_looked_at_stays(
        self, host: Host, caplog: pytest.LogCaptureFixture
    ) -> None:
        browser = logged_in(host)
        loads = iter([RuntimeError("no database"), None])

        def load(id: str) -> User | None:
            if error := next(loads):
                raise error
            return db.session.get(User, int(id))

        host.login_manager.user_loader(load)
        host.clock.advance(300)
        assert browser.who() == "anna"
        assert "could not be looked after" in caplog.text


class TestWhatALinkedDeviceApproved:
    def test_ends_with_it(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_APPROVE_FROM_LINKED=True)
        first, second = logged_in(host), host.browser()
        phone = host.phone()
        phone.jar = first.jar
        second.start()
        phone.approve(second.url)
        assert second.poll(since=2)["state"] == "redeemed"
        assert device_of(host, second).approver_device_id == first.request["id"]
        first.log_out()
        assert second.who() == "nobody"
        assert device_of(host, second).end_reason == "approver_ended"

    def test_logs_nobody_in_once_it_has_ended(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_APPROVE_FROM_LINKED=True)
        browser = host.browser()
        approve_with(host, browser, approver_device_id=tokens.new_id())
        assert browser.try_poll(since=2).status_code == 403
        assert browser.who() == "nobody"
        assert host.row()["state"] == State.REDEEMED

    def test_is_denied_if_it_was_not_picked_up(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_APPROVE_FROM_LINKED=True)
        first, second = logged_in(host), host.browser()
        phone = host.phone()
        phone.jar = first.jar
        second.start()
        phone.approve(second.url)
        first.log_out()
        assert second.poll(since=2)["reason"] == "device_ended"


class TestKeepMeSignedIn:
    def test_is_a_permanent_session_that_ends_with_the_device(self, host: Host) -> None:
        browser, short = host.browser(), host.browser()
        for each, remember in ((browser, True), (short, False)):
            each.start()
            app = host.native_app()
            app.scan(each.token)
            assert app.decide("approve", remember=remember).status_code == 200
            each.poll(since=2)
            assert each.session().get("_permanent", False) is remember
            assert device_of(host, each).remembered is remember
        end(host, browser)
        assert browser.who() == "nobody"

    def test_is_over_with_a_login_that_is_not_to_be_kept(self, host: Host) -> None:
        browser = host.browser()
        with browser.jar.session_transaction() as session:
            session.permanent = True
        host.log_in_by_qr(browser)
        assert not browser.session()["_permanent"]


class TestFreshness:
    @pytest.mark.parametrize("login", ["fresh", "remembered", None])
    def test_may_be_that_of_the_phone(self, make_host: MakeHost, login: str | None) -> None:
        host = make_host(QRLOGIN_LOGIN_FRESH="phone")
        browser = host.browser()
        approve_with(host, browser, approver_login=login)
        browser.poll(since=2)
        assert browser.session()["_fresh"] is (login == "fresh")
        assert device_of(host, browser).approver_login == login


class TestASecondStep:
    @pytest.fixture
    def host(self, make_host: MakeHost) -> Host:
        return make_host(QRLOGIN_REQUIRE_LOGIN=True)

    @pytest.mark.parametrize("fresh", [True, False])
    def test_keeps_the_freshness_of_the_first(self, host: Host, fresh: bool) -> None:
        browser = host.browser()
        browser.log_in("anna")
        with browser.jar.session_transaction() as session:
            session["_fresh"] = fresh
            session["basket"] = ["book"]
        host.log_in_by_qr(browser)
        assert browser.session()["_fresh"] is fresh
        assert browser.session()["basket"] == ["book"]
        assert device_of(host, browser).end_reason is None

    @pytest.mark.parametrize("now", ["nobody", "ben"])
    def test_needs_the_first_to_last(self, host: Host, now: str) -> None:
        browser = host.browser()
        browser.log_in("anna")
        browser.start()
        app = host.native_app()
        app.scan(browser.token)
        app.decide("approve")
        browser.log_out()
        if now == "ben":
            browser.log_in("ben")
        assert browser.try_poll(since=2).status_code == 403
        assert browser.who() == now


class TestTheBrowser:
    def test_is_recognised_after_its_first_login(self, host: Host) -> None:
        browser = host.browser()
        host.log_in_by_qr(browser)
        first = device_of(host, browser)
        browser.log_out()
        host.log_in_by_qr(browser, "ben")
        assert device_of(host, browser).browser_id == first.browser_id
        assert host.row(browser.request["id"])["browser_id"] == first.browser_id
        assert device_of(host, logged_in(host)).browser_id != first.browser_id

    def test_is_not_recognised_by_what_others_made(self, make_host: MakeHost) -> None:
        host, other = make_host(), make_host(SECRET_KEY="of another site")
        foreign = logged_in(other).cookies()["qrlogin-browser"]
        for planted in (foreign, "", "x" * 38):
            browser = host.browser()
            browser.keep_cookie("qrlogin-browser", planted)
            browser.start()
            assert host.row(browser.request["id"])["browser_id"] is None

    def test_has_a_cookie_of_this_host_only(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_BASE_URL="https://example.com")
        browser = host.browser("https://example.com")
        browser.start()
        app = host.native_app(base_url="https://example.com")
        app.scan(browser.token)
        app.decide("approve")
        answer = browser.try_poll(since=2)
        (cookie,) = (
            line for line in answer.headers.getlist("Set-Cookie") if "qrlogin-browser" in line
        )
        assert cookie.startswith("__Host-qrlogin-browser=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax", "Max-Age=34560000"} <= set(
            cookie.split("; ")
        )
