"""Typing a code on a phone that cannot scan."""

from __future__ import annotations

import collections.abc as c
import re
import typing as t

import flask
import pytest
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.test import TestResponse

from flask_qrlogin import ConfigurationError
from flask_qrlogin.config import budgets
from flask_qrlogin.core import user_code
from flask_qrlogin.core.confirmation import RiskSignals
from flask_qrlogin.stores.memory import MemoryStore
from tests.web.conftest import MakeHost
from tests.web.host import Host
from tests.web.parties import Browser
from tests.web.parties import NativeApp
from tests.web.parties import PAGE
from tests.web.parties import Phone
from tests.web.parties import problem

URL = "/qrlogin/code"
OFFICE, ELSEWHERE = "192.0.2.7", "198.51.100.9"

MakeTyped: t.TypeAlias = c.Callable[..., Host]


def add_limiter(app: flask.Flask) -> None:
    Limiter(get_remote_address, app=app, storage_uri="memory://")


@pytest.fixture
def make_typed(make_host: MakeHost) -> MakeTyped:
    """Make hosts where codes can be typed."""

    def make(**arguments: t.Any) -> Host:
        return make_host(**{"prepare": add_limiter, "QRLOGIN_USER_CODE": True} | arguments)

    return make


@pytest.fixture
def host(make_typed: MakeTyped) -> Host:
    return make_typed()


def code_on(browser: Browser) -> str:
    """Read the code off a browser's screen."""
    return t.cast(str, browser.request["user_code"]["text"])


def enter(phone: Phone, code: str) -> TestResponse:
    """Type a code on the phone's page, and load the page that it leads to."""
    assert phone.open(URL).status_code == 200
    return phone.tap("code", code=code)


def enter_in_app(app: NativeApp, code: object) -> TestResponse:
    return app.post("/qrlogin/api/code", {"code": code})


class TestTheBrowser:
    def test_is_told_a_code_and_where_to_type_it(self, host: Host, browser: Browser) -> None:
        told = browser.request["user_code"]
        assert re.fullmatch("[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", told["text"])
        assert told["url"] == "http://localhost/qrlogin/code"
        assert host.row()["user_code"] == told["text"].replace("-", "")
        # It does not change as the picture does.
        host.clock.advance(31)
        assert "qr" in (answer := browser.poll())
        assert "user_code" not in answer

    def test_is_told_none_where_codes_cannot_be_typed(self, make_host: MakeHost) -> None:
        host = make_host()
        assert "user_code" not in host.browser().start()
        assert host.row()["user_code"] is None


class TestThePhone:
    def test_goes_on_as_if_it_had_scanned(self, host: Host, browser: Browser) -> None:
        phone = host.phone("anna")
        page = enter(phone, code_on(browser).lower())
        assert page.status_code == 200
        assert phone.buttons() == {"scan"}
        assert "The code was typed in. If somebody told it to you, deny." in page.text
        # Nothing has happened yet.
        assert browser.poll()["state"] == "pending"
        assert "The code was typed in." in phone.tap("scan").text
        assert browser.poll()["profile"]["name"] == "Anna Berg"
        phone.tap("approve")
        assert browser.poll()["state"] == "redeemed"
        assert host.row()["warnings"].split()[0] == "user_code"

    def test_may_take_longer_than_a_picture_lives(self, host: Host, browser: Browser) -> None:
        phone = host.phone("anna")
        host.clock.advance(200)
        enter(phone, code_on(browser))
        host.clock.advance(90)
        assert phone.tap("scan").status_code == 200
        assert browser.poll()["state"] == "scanned"

    def test_logs_in_first_and_comes_back(self, host: Host, browser: Browser) -> None:
        phone = host.phone()
        asked = phone.open(URL)
        assert asked.status_code == 302
        assert asked.headers["Location"].startswith("/login?next=")
        back = phone.log_in("anna", url=asked.headers["Location"])
        assert back.headers["Location"] == URL
        assert enter(phone, code_on(browser)).status_code == 200

    def test_cannot_type_without_being_logged_in(self, host: Host, browser: Browser) -> None:
        answer = host.phone().post(URL, form={"code": code_on(browser)})
        assert answer.status_code == 401
        assert f'href="{URL}"' in answer.text

    def test_has_no_way_to_log_in_where_the_app_has_no_login_view(self, host: Host) -> None:
        host.login_manager.login_view = None
        answer = host.phone().open(URL)
        assert answer.status_code == 401
        assert "then type the code." in answer.text

    def test_that_was_logged_in_by_a_code_cannot_approve(
        self, host: Host, browser: Browser
    ) -> None:
        phone = host.phone_by_qr()
        assert phone.open(URL).status_code == 403
        assert phone.post(URL, form={"code": code_on(browser)}).status_code == 403

    def test_shows_what_was_wrong_beside_what_was_typed(self, host: Host) -> None:
        phone = host.phone("anna")
        page = enter(phone, 'BCDF-"GHJ<K')
        assert page.status_code == 404
        assert page.headers["Cache-Control"] == "no-store"
        assert 'value="BCDF-&#34;GHJ&lt;K"' in page.text
        assert 'aria-describedby="qrlogin-code-error qrlogin-code-hint"' in page.text
        assert "No login waits for this code." in page.text
        # It is written back, and not at any length.
        assert "x" * 41 not in phone.post(URL, form={"code": "x" * 5000}).text
        assert phone.post(URL, form={}).status_code == 400

    def test_is_not_sent_by_other_sites(self, host: Host, browser: Browser) -> None:
        phone = host.phone("anna")
        phone.post_headers = {"Origin": "https://evil.example"}
        assert phone.post(URL, form={"code": code_on(browser)}).status_code == 403

    def test_has_a_page_that_keeps_what_is_typed_to_itself(self, host: Host) -> None:
        phone = host.phone("anna")
        page = phone.open(f"{URL}?code=WDJB-MJHT")
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert 'value=""' in page.text
        for attribute in (
            'autocapitalize="characters"',
            'autocomplete="off"',
            'spellcheck="false"',
            'inputmode="text"',
        ):
            assert attribute in page.text
        assert "<bdi>localhost</bdi>" in page.text
        assert "not by phone, mail or chat" in page.text

    def test_page_may_be_the_apps_own(self, host: Host) -> None:
        host.write_template(
            "qrlogin/code.html",
            '{% extends "qrlogin/_code.html" %}{% block warning %}Mind the gap.{% endblock %}',
        )
        page = host.phone("anna").open(URL)
        assert "Mind the gap." in page.text
        assert "not by phone, mail or chat" not in page.text


class TestTheApp:
    def test_scans_with_the_token_that_it_is_given(self, host: Host, browser: Browser) -> None:
        app = host.native_app()
        answer = enter_in_app(app, code_on(browser))
        assert answer.status_code == 200
        token = answer.json["token"]  # type: ignore[index]
        assert len(token) == 38
        assert token != browser.token
        scanned = app.scan(token)
        assert scanned.json["warnings"][0] == "user_code"  # type: ignore[index]
        browser.poll()
        assert app.decide("approve").status_code == 200
        assert browser.poll()["state"] == "redeemed"

    def test_has_to_be_logged_in(self, host: Host, browser: Browser) -> None:
        app = host.native_app()
        app.post_headers = {}
        assert problem(enter_in_app(app, code_on(browser))) == (401, "login_required")
        app.post_headers = {"Authorization": "Bearer token of nobody"}
        assert problem(enter_in_app(app, code_on(browser))) == (401, "login_required")

    @pytest.mark.parametrize("code", [None, 7, ["WDJBMJHT"]])
    def test_has_to_send_a_text(self, host: Host, code: object) -> None:
        assert problem(enter_in_app(host.native_app(), code)) == (400, "bad_request")

    @pytest.mark.parametrize("code", ["", "WDJB-MJHT", "WDJB-MJHTX", "\x00", "\udc80"])
    def test_is_told_of_all_that_is_no_code_alike(self, host: Host, code: str) -> None:
        answers = [enter_in_app(host.native_app(), each) for each in (code, "ZZZZ-ZZZZ")]
        assert {problem(answer) for answer in answers} == {(404, "code_not_found")}
        assert answers[0].data == answers[1].data


class TestWhatHasBecomeOfTheRequest:
    """It is told as to who scans, and no more."""

    def told(self, host: Host, browser: Browser, name: str = "anna") -> tuple[int, str]:
        app, phone = host.native_app(name), host.phone(name)
        answer = enter_in_app(app, code_on(browser))
        refused = problem(app.scan(answer.json["token"]))  # type: ignore[index]
        assert enter(phone, code_on(browser)).status_code == refused[0]
        assert phone.page.text.count(URL) == 1
        assert "Anna" not in phone.page.text
        return refused

    def test_its_time_has_run_out(self, host: Host, browser: Browser) -> None:
        host.clock.advance(300)
        assert self.told(host, browser) == (410, "request_expired")

    def test_it_was_cancelled(self, host: Host, browser: Browser) -> None:
        browser.cancel()
        assert self.told(host, browser) == (409, "request_ended")

    def test_somebody_else_was_faster(self, host: Host, browser: Browser) -> None:
        host.native_app("anna").scan(browser.token)
        assert self.told(host, browser, "ben") == (409, "already_scanned")

    def test_it_is_forgotten(self, host: Host, browser: Browser) -> None:
        host.execute("DELETE FROM qrlogin_login_request")
        assert problem(enter_in_app(host.native_app(), code_on(browser))) == (404, "code_not_found")


class TestTheNumber:
    def test_is_asked_for_even_at_home(self, make_typed: MakeTyped) -> None:
        host = make_typed(QRLOGIN_CONFIRMATION="auto")
        browser, app = host.browser(), host.native_app()
        for party in (browser, app):
            party.move_to(OFFICE)
        browser.start()
        app.scan(browser.token)
        browser.poll()
        app.decide("approve", number=browser.poll()["number"])
        assert browser.poll()["state"] == "redeemed"
        browser.log_out()
        # By its picture a browser that is known needs a tap only.
        browser.start()
        assert app.scan(browser.token).json["confirmation"] == "tap"  # type: ignore[index]
        browser.start()
        token = enter_in_app(app, code_on(browser)).json["token"]  # type: ignore[index]
        assert app.scan(token).json["confirmation"] == "match"  # type: ignore[index]
        # Having typed it, scanning does not help.
        assert app.scan(browser.token).json["confirmation"] == "match"  # type: ignore[index]
        assert problem(app.decide("approve")) == (403, "step_up_required")

    def test_is_what_the_app_decides_about(self, host: Host, browser: Browser) -> None:
        seen: list[RiskSignals] = []
        host.qrlogin.confirmation_policy(lambda user, request, signals: seen.append(signals))
        app = host.native_app()
        app.scan(browser.token)
        app.scan(enter_in_app(app, code_on(browser)).json["token"])  # type: ignore[index]
        assert [signals.user_code for signals in seen] == [False, True]


class TestGuesses:
    def test_are_counted_by_person_good_or_not(self, host: Host, browser: Browser) -> None:
        app = host.native_app()
        codes = [code_on(browser), "ZZZZ-ZZZZ", "no code"]
        statuses = [enter_in_app(app, codes[n % 3]).status_code for n in range(12)]
        assert statuses == [200, 404, 404] * 3 + [200, 429, 429]
        refused = enter_in_app(app, code_on(browser))
        assert problem(refused) == (429, "rate_limited")
        assert 1 <= int(refused.headers["Retry-After"]) <= 600
        # On the web too, where the page stays; others are not hurt, and scanning goes on.
        phone = host.phone("anna")
        page = enter(phone, code_on(browser))
        assert page.status_code == 429
        assert "Too many requests." in page.text
        assert code_on(browser) in page.text
        assert enter_in_app(host.native_app("ben"), code_on(browser)).status_code == 200
        assert app.scan(browser.token).status_code == 200

    def test_are_counted_by_address(self, make_typed: MakeTyped) -> None:
        host = make_typed(QRLOGIN_RATE_LIMITS={"code_address": "3 per hour"})
        apps = [host.native_app("anna"), host.native_app("ben")]
        for app in apps:
            app.move_to(OFFICE)
        statuses = [enter_in_app(apps[n % 2], "ZZZZ-ZZZZ").status_code for n in range(5)]
        assert statuses == [404, 404, 404, 429, 429]
        apps[0].move_to(ELSEWHERE)
        assert enter_in_app(apps[0], "ZZZZ-ZZZZ").status_code == 404

    def test_of_one_person_do_not_use_up_what_the_address_has(self, make_typed: MakeTyped) -> None:
        limits = {"code_person": "1 per hour", "code_address": "2 per hour"}
        host = make_typed(QRLOGIN_RATE_LIMITS=limits)
        apps = [host.native_app("anna"), host.native_app("ben")]
        for app in apps:
            app.move_to(OFFICE)
        assert [enter_in_app(apps[0], "X").status_code for _ in range(3)] == [404, 429, 429]
        assert enter_in_app(apps[1], "X").status_code == 404

    def test_are_counted_apart_from_what_is_invalid(self, make_typed: MakeTyped) -> None:
        host = make_typed(QRLOGIN_RATE_LIMITS={"invalid": "2 per hour"})
        app = host.native_app()
        app.move_to(OFFICE)
        assert [enter_in_app(app, "X").status_code for _ in range(4)] == [404] * 4
        statuses = [app.scan("A" * 38).status_code for _ in range(4)]
        assert statuses == [400, 400, 429, 429]
        assert enter_in_app(app, "X").status_code == 404

    def test_of_strangers_are_none(self, make_typed: MakeTyped) -> None:
        host = make_typed(QRLOGIN_RATE_LIMITS={"lookup_address": "1 per hour"})
        phone = host.phone()
        phone.move_to(OFFICE)
        assert [phone.open(URL).status_code for _ in range(2)] == [302, 429]

    def test_are_refused_where_they_cannot_be_counted(
        self, host: Host, browser: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (limiter,) = host.app.extensions["limiter"]

        def fail(*arguments: object, **options: object) -> int:
            raise ConnectionError("No storage.")

        monkeypatch.setattr(limiter.storage, "incr", fail)
        app, phone = host.native_app(), host.phone("anna")
        assert problem(enter_in_app(app, code_on(browser))) == (503, "store_unavailable")
        page = enter(phone, code_on(browser))
        assert page.status_code == 503
        assert code_on(browser) in page.text
        # Whoever scans is let through.
        assert app.scan(browser.token).status_code == 200

    def test_are_refused_where_nobody_counts_any_more(self, host: Host, browser: Browser) -> None:
        (limiter,) = host.app.extensions["limiter"]
        limiter.enabled = False
        answer = enter_in_app(host.native_app(), code_on(browser))
        assert problem(answer) == (503, "store_unavailable")


class TestConfiguration:
    def test_leaves_it_out(self, make_host: MakeHost) -> None:
        host = make_host()
        browser, phone = host.browser(), host.phone("anna")
        browser.start()
        for answer in (phone.open(URL), phone.post(URL, form={"code": "WDJB-MJHT"})):
            assert answer.status_code == 403
            assert "Codes cannot be typed on this site." in answer.text
        assert host.phone().open(URL).status_code == 403
        assert problem(enter_in_app(host.native_app(), "WDJB-MJHT")) == (403, "not_allowed")

    @pytest.mark.parametrize(
        ("prepare", "config"),
        [
            (None, {}),
            (add_limiter, {"RATELIMIT_ENABLED": False}),
            (add_limiter, {"QRLOGIN_RATE_LIMITS": {"code_person": None}}),
        ],
        ids=["no limiter", "switched off", "not counted"],
    )
    def test_needs_somebody_who_counts(
        self, make_typed: MakeTyped, prepare: t.Any, config: dict[str, t.Any]
    ) -> None:
        host = make_typed(prepare=prepare, **config)
        with pytest.raises(ConfigurationError, match=r"QRLOGIN_USER_CODE.*could guess"):
            host.browser().get("/qrlogin/", Accept=PAGE)
        output = host.app.test_cli_runner().invoke(args=["qrlogin", "config"]).output
        assert "QRLOGIN_USER_CODE lets people" in output

    def test_has_limits_by_which_guessing_is_in_vain(self) -> None:
        """As the comment beside them says."""
        assert len(user_code.ALPHABET) ** user_code.LENGTH == 25_600_000_000
        (person,) = budgets.items(str(budgets.DEFAULTS["code_person"]))
        (address,) = budgets.items(str(budgets.DEFAULTS["code_address"]))
        guesses = 25_600_000_000 / 1000
        years = [
            guesses / (each.amount / each.get_expiry()) / 86400 / 365 for each in (person, address)
        ]
        assert [round(each) for each in years] == [49, 5]


def test_no_log_tells_a_code(make_typed: MakeTyped, caplog: pytest.LogCaptureFixture) -> None:
    host = make_typed(QRLOGIN_CONFIRMATION="match")
    caplog.set_level("DEBUG")
    browser, phone, app = host.browser(), host.phone("anna"), host.native_app()
    browser.start()
    code = code_on(browser)
    enter(phone, code)
    phone.tap("scan")
    host.native_app("ben").scan(enter_in_app(host.native_app("ben"), code).json["token"])  # type: ignore[index]
    enter_in_app(app, f"{code}x")
    browser.cancel()
    app.scan(enter_in_app(app, code).json["token"])  # type: ignore[index]
    assert "code_not_found" in caplog.text
    assert "request_ended" in caplog.text
    with host.app.app_context():
        request = host.state.store.get(browser.request["id"])
    told = f"{caplog.text}{[record.__dict__ for record in caplog.records]}{request!r}"
    for text in (code, code.replace("-", "")):
        assert text not in told


def test_a_code_of_one_app_is_none_at_another_that_shares_its_store(make_typed: MakeTyped) -> None:
    # Number 470011 is a customer of the shop, and a clerk of the office.
    store = MemoryStore()
    shop = make_typed(store=store, SECRET_KEY="of the shop")
    office = make_typed(store=store, SECRET_KEY="of the office")
    clerk = office.browser()
    clerk.start()
    answer = enter(shop.phone("anna"), code_on(clerk))
    assert answer.status_code == 404
    assert enter(office.phone("anna"), code_on(clerk)).status_code == 200


def test_what_was_typed_does_not_open_an_old_picture_of_the_same_request(
    make_typed: MakeTyped,
) -> None:
    host = make_typed()
    browser, phone = host.browser(), host.phone("anna")
    browser.start()
    assert enter(phone, code_on(browser)).status_code == 200
    page = phone.page.request.path
    host.clock.advance(100)
    # The page that was typed for goes on, the picture would come without the warning.
    assert phone.open(page).status_code == 200
    assert phone.open(browser.url).status_code == 410
