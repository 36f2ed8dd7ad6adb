"""What the browser and the phone of the test kit do, and say when they cannot."""

from __future__ import annotations

import flask
import flask_limiter
import pytest

from flask_qrlogin import Profile
from flask_qrlogin.testing import Clock
from flask_qrlogin.testing import FakeApp
from flask_qrlogin.testing import FakeBrowser
from flask_qrlogin.testing import FakePhone
from flask_qrlogin.testing import Refused

from .factory import add_user
from .factory import create_app
from .factory import db
from .factory import User


@pytest.fixture
def host() -> flask.Flask:
    """An application with one user."""
    app = create_app()
    add_user(app)
    return app


@pytest.fixture
def browser(host: flask.Flask) -> FakeBrowser:
    """One that shows a code."""
    browser = FakeBrowser(host)
    browser.show_code()
    return browser


@pytest.fixture
def phone(host: flask.Flask) -> FakePhone:
    return FakePhone(host, 1)


class TestTheBrowser:
    def test_goes_on_to_where_it_wanted(self, host: flask.Flask, phone: FakePhone) -> None:
        browser = FakeBrowser(host)
        assert browser.get("/account").status_code == 302
        assert browser.log_in_by(phone, next="/account") == "/account"
        assert browser.get("/account").text == "The account of Ann"
        assert browser.session()["_user_id"] == "1"
        assert "session" in browser.cookies()

    def test_shows_who_scanned_and_the_number(self, browser: FakeBrowser, phone: FakePhone) -> None:
        assert browser.profile is None
        assert browser.number is None
        phone.scan(browser.code)
        assert browser.state == "pending"
        assert browser.profile == Profile("Ann")
        assert browser.state == "scanned"
        assert browser.number in phone.asked["choices"]

    def test_has_no_number_where_a_tap_is_enough(self) -> None:
        app = create_app(QRLOGIN_CONFIRMATION="tap")
        add_user(app)
        browser, phone = FakeBrowser(app), FakePhone(app, 1)
        phone.scan(browser.show_code())
        assert browser.number is None
        phone.approve(number=browser.number)
        assert browser.wait_for_login() == "/"

    def test_says_what_it_would_wait_for(self, browser: FakeBrowser, phone: FakePhone) -> None:
        with pytest.raises(AssertionError, match=r"Nobody is logged in here: .* is pending\."):
            browser.wait_for_login()
        phone.scan(browser.code)
        with pytest.raises(AssertionError, match=r"is scanned\."):
            browser.wait_for_login()
        wrong = next(n for n in phone.asked["choices"] if n != browser.number)
        with pytest.raises(Refused, match="number_mismatch"):
            phone.approve(number=wrong)
        for _ in range(2):
            with pytest.raises(AssertionError, match=r"is denied \(number_mismatch\)\."):
                browser.wait_for_login()

    def test_withdraws_its_code(self, browser: FakeBrowser, phone: FakePhone) -> None:
        browser.cancel()
        assert browser.state == "cancelled"
        with pytest.raises(Refused, match="request_ended"):
            phone.scan(browser.code)

    def test_is_refused_a_next_of_another_site(self, browser: FakeBrowser) -> None:
        with pytest.raises(Refused, match="bad_request") as refused:
            browser.show_code(next="https://example.com/")
        assert refused.value.status == 400

    def test_shows_a_fresh_code_in_time(self, host: flask.Flask) -> None:
        browser = FakeBrowser(host)
        with Clock().set_in(host) as clock:
            first = browser.show_code()
            clock.advance(31)
            browser.poll()
            assert browser.code != first

    def test_logs_a_person_out(self, host: flask.Flask, phone: FakePhone) -> None:
        browser = FakeBrowser(host)
        browser.log_in_by(phone)
        phone.not_me()
        assert browser.user_id is None


class TestThePhone:
    def test_sees_who_asks(self, host: flask.Flask) -> None:
        browser = FakeBrowser(host, address="198.51.100.7")
        phone = FakePhone(host, 1, address="203.0.113.9")
        phone.scan(browser.show_code())
        assert phone.page is not None
        assert "Firefox on Linux" in phone.page.text
        assert phone.asked["asking"]["ip"] == "198.51.100.7"
        assert "other_network" in phone.asked["warnings"]
        assert phone.asked["confirmation"] == "match"

    def test_denies_and_takes_back(self, browser: FakeBrowser, phone: FakePhone) -> None:
        phone.scan(browser.code)
        phone.deny()
        assert browser.poll()["state"] == "denied"
        phone.scan(browser.show_code())
        phone.approve(number=browser.number)
        phone.deny()
        assert browser.poll()["state"] == "denied"

    def test_opens_a_code_twice(self, browser: FakeBrowser, phone: FakePhone) -> None:
        assert phone.open(browser.code).status_code == 200
        assert browser.poll()["state"] == "pending"
        for _ in range(2):
            phone.scan(browser.code)
        phone.approve(number=browser.number, remember=True)
        browser.wait_for_login()
        assert browser.session()["_permanent"] is True

    def test_logs_in_with_the_app_s_own_form(self, host: flask.Flask, browser: FakeBrowser) -> None:
        phone = FakePhone(host)
        with pytest.raises(Refused, match=r"login_required \(401\): .* sent to /login\?next="):
            phone.scan(browser.code)
        assert phone.user_id is None
        phone.post("/login", data={"id": "1"})
        phone.scan(browser.code)
        assert phone.user_id == "1"

    def test_logs_in_again_where_the_number_is_typed(self) -> None:
        app = create_app(QRLOGIN_CONFIRMATION="reauth")
        add_user(app)
        browser, phone = FakeBrowser(app), FakePhone(app, 1)
        with Clock().set_in(app) as clock:
            clock.advance(1)
            phone.scan(browser.show_code())
            with pytest.raises(Refused, match=r"step_up_required .* phone\.log_in\(user\)"):
                phone.approve(number=browser.number)
            phone.log_in(1)
            phone.approve(number=browser.number)
            browser.wait_for_login()

    def test_types_a_code_where_it_cannot_scan(self) -> None:
        app = create_app(QRLOGIN_USER_CODE=True)
        flask_limiter.Limiter(lambda: "everybody", app=app, storage_uri="memory://")
        add_user(app)
        browser, phone = FakeBrowser(app), FakePhone(app)
        browser.show_code()
        assert browser.user_code is not None
        with pytest.raises(Refused, match="login_required"):
            phone.type_code(browser.user_code)
        phone.log_in(1)
        with pytest.raises(Refused, match="code_not_found"):
            phone.type_code("ZZZZ-ZZZZ")
        phone.type_code(browser.user_code.lower())
        assert "user_code" in phone.asked["warnings"]
        phone.approve(number=browser.number)
        assert browser.wait_for_login() == "/"

    def test_cannot_type_one_that_is_not_shown(
        self, browser: FakeBrowser, phone: FakePhone
    ) -> None:
        assert browser.user_code is None
        with pytest.raises(Refused, match=r"not_allowed .*Scan the code"):
            phone.type_code("ZZZZ-ZZZZ")

    def test_needs_the_number(self, browser: FakeBrowser, phone: FakePhone) -> None:
        phone.scan(browser.code)
        with pytest.raises(Refused, match=r"step_up_required .*approve\(number=browser\.number\)"):
            phone.approve()
        phone.approve(number=browser.number)

    def test_taps_only_what_is_there(self, browser: FakeBrowser, phone: FakePhone) -> None:
        for tap in (phone.approve, phone.deny):
            with pytest.raises(Refused, match="not_scanned"):
                tap()
        phone.scan(browser.code)
        phone.deny()
        with pytest.raises(Refused, match=r"no button to approve: the login is denied"):
            phone.approve()

    def test_is_told_why_it_is_refused(self, host: flask.Flask, browser: FakeBrowser) -> None:
        phone = FakePhone(host, add_user(host, locked=True))
        with pytest.raises(Refused, match=r"^not_allowed \(403\): This account is locked\.$") as it:
            phone.scan(browser.code)
        told = it.value.code, it.value.status, it.value.title, it.value.detail
        assert told == (
            "not_allowed",
            403,
            "This is not allowed.",
            "This account is locked.",
        )

    def test_runs_out_of_time(self, host: flask.Flask, phone: FakePhone) -> None:
        browser = FakeBrowser(host)
        with Clock().set_in(host) as clock:
            phone.scan(browser.show_code())
            clock.advance(121)
            with pytest.raises(Refused, match="request_expired"):
                phone.approve(number=browser.number)
            assert browser.state == "expired"
            browser.show_code()
            clock.advance(61)
            with pytest.raises(Refused, match="token_expired"):
                phone.scan(browser.code)
        browser.log_in_by(phone)

    def test_opens_only_the_site_that_the_app_is(self, phone: FakePhone) -> None:
        for code in ("https://example.com/qrlogin/s/x", "app://login", "http://localhost.example/"):
            with pytest.raises(ValueError, match="this phone opens http://localhost"):
                phone.open(code)


class TestTheUserOfThePhone:
    def test_is_an_object_or_its_id(self, host: flask.Flask) -> None:
        for user in (add_user(host), 2, "2"):
            assert FakePhone(host, user).user_id == "2"

    def test_is_one_that_the_app_finds(self, host: flask.Flask) -> None:
        with pytest.raises(LookupError, match=r"finds no user '9'\. Is it committed\?"):
            FakePhone(host, 9)

    def test_is_active(self, host: flask.Flask) -> None:
        with pytest.raises(LookupError, match="user '2' in: it is not active"):
            FakePhone(host, add_user(host, active=False))

    def test_may_not_have_expired(self, host: flask.Flask) -> None:
        with host.app_context():
            user = User(name="Ben")
            db.session.add(user)
            db.session.commit()
        with pytest.raises(TypeError, match=r"Give its id: FakePhone\(app, user_id\)"):
            FakePhone(host, user)

    def test_keeps_the_rest_of_its_session(self, host: flask.Flask) -> None:
        phone = FakePhone(host)
        with phone.jar.session_transaction() as session:
            session["basket"] = ["a book"]
        phone.log_in(1)
        assert phone.session()["basket"] == ["a book"]

    def test_takes_the_place_of_a_login_by_qr(self, host: flask.Flask, phone: FakePhone) -> None:
        other = FakePhone(host)
        FakeBrowser.log_in_by(waiting := FakeBrowser(host), phone)
        other.jar = waiting.jar
        with pytest.raises(Refused, match="logged in here by a QR code yourself"):
            other.scan(FakeBrowser(host).show_code())
        other.log_in(1)
        other.scan(FakeBrowser(host).show_code())

    def test_may_be_another_one_later(self, host: flask.Flask, browser: FakeBrowser) -> None:
        phone = FakePhone(host, 1)
        phone.log_in(add_user(host, name="Ben"))
        phone.scan(browser.code)
        assert browser.profile == Profile("Ben")


class TestTheNativeApp:
    @pytest.fixture
    def native(self, host: flask.Flask) -> FakeApp:
        return FakeApp(host, authorization="Bearer token")

    @pytest.fixture(autouse=True)
    def loader(self, monkeypatch: pytest.MonkeyPatch) -> None:
        from .factory import load_user
        from .factory import qrlogin

        monkeypatch.setattr(qrlogin.hooks, "app_user_loader", lambda request: load_user("1"))

    def test_approves_and_takes_back(self, browser: FakeBrowser, native: FakeApp) -> None:
        asked = native.scan(browser.code)
        assert asked["site"] == "localhost"
        assert asked == native.asked
        assert native.approve(number=browser.number)["state"] == "approved"
        assert native.deny()["state"] == "denied"
        with pytest.raises(AssertionError, match="is denied"):
            browser.wait_for_login()

    def test_is_told_why_it_is_refused(self, browser: FakeBrowser, native: FakeApp) -> None:
        with pytest.raises(Refused, match="token_invalid"):
            native.approve()
        native.scan(browser.code.rpartition("/")[2])
        with pytest.raises(Refused, match="step_up_required"):
            native.approve()

    def test_types_a_code(self, loader: None) -> None:
        app = create_app(QRLOGIN_USER_CODE=True)
        flask_limiter.Limiter(lambda: "everybody", app=app, storage_uri="memory://")
        add_user(app)
        browser, native = FakeBrowser(app), FakeApp(app, authorization="Bearer token")
        browser.show_code()
        assert "user_code" in native.type_code(str(browser.user_code))["warnings"]
        native.approve(number=browser.number)
        assert browser.wait_for_login() == "/"

    def test_lists_the_logins_that_it_approved(self, browser: FakeBrowser, native: FakeApp) -> None:
        browser.log_in_by(native)
        (device,) = native.get("/qrlogin/api/devices").json["devices"]  # type: ignore[index]
        assert device["name"] == "Firefox on Linux"

    def test_has_no_session(self, browser: FakeBrowser, native: FakeApp) -> None:
        browser.log_in_by(native)
        assert native.cookies() == {}


def test_an_error_of_the_app_s_own_is_told() -> None:
    app = create_app(TESTING=False, PROPAGATE_EXCEPTIONS=False)
    with pytest.raises(AssertionError, match="POST /qrlogin/requests was answered with 500"):
        FakeBrowser(app).show_code()


def test_a_browser_moves_to_another_network(host: flask.Flask, phone: FakePhone) -> None:
    browser = FakeBrowser(host)
    browser.move_to("198.51.100.7")
    phone.scan(browser.show_code())
    assert phone.asked["asking"]["ip"] == "198.51.100.7"


def test_an_address_of_the_app_can_be_chosen() -> None:
    app = create_app(TRUSTED_HOSTS=["one.example", "two.example"])
    browser = FakeBrowser(app, base_url="https://two.example/")
    assert browser.show_code().startswith("https://two.example/qrlogin/s/")


def test_a_page_whose_path_begins_like_the_app_s_is_found() -> None:
    app = create_app(APPLICATION_ROOT="/account")
    add_user(app)
    browser = FakeBrowser(app)
    assert browser.log_in_by(FakePhone(app, 1), next="/account") == "/account"
    assert browser.get("/accounts").request.path == "/accounts"
    assert browser.get("/account/account").text == "The account of Ann"
