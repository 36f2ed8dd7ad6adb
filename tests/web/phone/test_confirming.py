"""What a person has to do to approve, depending on what is known of the login."""

from __future__ import annotations

import typing as t
from datetime import datetime
from datetime import UTC

import flask
import pytest
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_qrlogin import Confirmation
from flask_qrlogin import Place
from flask_qrlogin import qr_device
from flask_qrlogin import RiskSignals
from tests.web.conftest import MakeHost
from tests.web.host import Host
from tests.web.parties import Browser
from tests.web.parties import Json
from tests.web.parties import NativeApp
from tests.web.parties import problem

HOME, NEXT_DOOR, ELSEWHERE = "192.0.2.1", "192.0.2.200", "198.51.100.1"
COUNTRIES = {HOME: "Chile", NEXT_DOOR: "Chile", ELSEWHERE: "Chile", "203.0.113.1": "Peru"}


@pytest.fixture
def host(make_host: MakeHost) -> Host:
    return make_host(QRLOGIN_CONFIRMATION="auto")


@pytest.fixture
def browser(host: Host) -> Browser:
    """A browser at home, in which Anna has logged in by QR code before."""
    return known_browser(host)


def known_browser(host: Host, name: str = "anna", address: str = HOME) -> Browser:
    browser = host.browser()
    browser.move_to(address)
    log_in(host, browser, name)
    browser.log_out()
    return browser


def log_in(host: Host, browser: Browser, name: str = "anna") -> None:
    """Log in with the number, which is right."""
    browser.start()
    app = host.native_app(name)
    answer = scan(app, browser)
    assert answer["confirmation"] == "match"
    number = browser.poll(since=0)["number"]
    assert app.decide("approve", number=number).status_code == 200
    assert browser.poll()["state"] == "redeemed"


def scan(app: NativeApp, browser: Browser) -> Json:
    response = app.scan(browser.token)
    assert response.status_code == 200, response.text
    return t.cast(Json, response.json)


def app_at(host: Host, address: str, name: str = "anna") -> NativeApp:
    app = host.native_app(name)
    app.move_to(address)
    return app


def wrong(choices: list[str], browser: Browser) -> str:
    right = browser.poll(since=0)["number"]
    assert right in choices
    return next(choice for choice in choices if choice != right)


# What is asked for


def test_a_browser_that_is_new_to_the_person_asks_for_the_number(host: Host) -> None:
    browser = host.browser()
    browser.move_to(HOME)
    browser.start()
    answer = scan(app_at(host, HOME), browser)
    assert (answer["confirmation"], answer["warnings"]) == ("match", ["new_browser"])
    assert len(answer["choices"]) == 3


def test_a_known_browser_in_the_same_network_asks_for_a_tap(host: Host, browser: Browser) -> None:
    browser.start()
    app = app_at(host, NEXT_DOOR)
    answer = scan(app, browser)
    assert (answer["confirmation"], answer["warnings"], answer["choices"]) == ("tap", [], [])
    assert "number" not in browser.poll(since=0)
    assert app.decide("approve").status_code == 200
    assert browser.poll()["state"] == "redeemed"


@pytest.mark.parametrize(
    ("phone", "confirmation", "warnings"),
    [
        (ELSEWHERE, "tap", ["other_network"]),
        ("203.0.113.1", "match", ["other_network", "other_country"]),
        # No country is known.
        ("203.0.113.99", "match", ["other_network"]),
        # The same computer may well have both.
        ("2001:db8::1", "match", []),
        ("127.0.0.1", "match", []),
    ],
)
def test_browser_and_phone_have_to_share_a_network_or_a_country(
    host: Host, browser: Browser, phone: str, confirmation: str, warnings: list[str]
) -> None:
    host.qrlogin.locate(lambda ip: Place(COUNTRIES[ip]) if ip in COUNTRIES else None)
    browser.start()
    answer = scan(app_at(host, phone), browser)
    assert (answer["confirmation"], answer["warnings"]) == (confirmation, warnings)


def test_two_on_the_same_loopback_are_not_known_to_be_near(host: Host) -> None:
    browser = known_browser(host, address="127.0.0.1")
    browser.start()
    assert scan(host.native_app(), browser)["confirmation"] == "match"


def test_a_browser_that_another_person_used_is_new(host: Host) -> None:
    browser = known_browser(host, "ben")
    browser.start()
    assert scan(app_at(host, HOME), browser)["warnings"] == ["new_browser"]


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP"])
def test_a_forwarding_header_that_nobody_was_told_to_trust_makes_nobody_near(
    host: Host, browser: Browser, header: str
) -> None:
    app = app_at(host, HOME)
    app.headers = {header: HOME}
    browser.start()
    assert scan(app, browser)["confirmation"] == "match"
    browser.headers = {header: HOME}
    browser.start()
    answer = scan(app_at(host, HOME), browser)
    assert answer["confirmation"] == "match"
    # It would be the proxy's.
    assert answer["asking"]["ip"] is None


def test_behind_a_proxy_the_clients_addresses_are_compared(make_host: MakeHost) -> None:
    def behind_proxy(app: flask.Flask) -> None:
        app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]

    host = make_host(QRLOGIN_CONFIRMATION="auto", prepare=behind_proxy)
    browser = host.browser()
    browser.headers = {"X-Forwarded-For": HOME}
    log_in(host, browser)
    for phone, confirmation in ((NEXT_DOOR, "tap"), (ELSEWHERE, "match")):
        browser.start()
        app = host.native_app()
        app.headers = {"X-Forwarded-For": phone}
        answer = scan(app, browser)
        assert (answer["asking"]["ip"], answer["confirmation"]) == (HOME, confirmation)


def test_an_old_request_and_many_in_one_network_are_warned_of(host: Host, browser: Browser) -> None:
    browser.start()
    host.clock.advance(121)
    browser.poll()
    for _ in range(30):
        crowd = host.browser()
        crowd.move_to(NEXT_DOOR)
        crowd.start()
    assert scan(app_at(host, HOME), browser)["warnings"] == ["old_request", "many_requests"]


@pytest.mark.parametrize("least", ["tap", "match", "reauth"])
def test_the_configuration_can_ask_for_the_same_always(make_host: MakeHost, least: str) -> None:
    host = make_host(QRLOGIN_CONFIRMATION=least)
    browser = host.browser()
    browser.start()
    assert scan(host.native_app(), browser)["confirmation"] == least


def test_the_application_decides_with_a_hook(host: Host, browser: Browser) -> None:
    seen: list[RiskSignals] = []

    @host.qrlogin.confirmation_policy
    def policy(user: t.Any, login_request: t.Any, signals: RiskSignals) -> Confirmation | None:
        seen.append(signals)
        return {"anna": Confirmation.MATCH, "ben": None}[user.name]

    browser.start()
    assert scan(app_at(host, HOME), browser)["confirmation"] == "match"
    assert (seen[0].same_address, seen[0].same_network, seen[0].known_browser) == (True, True, True)
    browser.start()
    assert scan(app_at(host, HOME, "ben"), browser)["confirmation"] == "match"


def test_the_application_can_refuse_what_looks_wrong(host: Host, browser: Browser) -> None:
    host.qrlogin.confirmation_policy(lambda *args: Confirmation.REFUSE)
    browser.start()
    assert problem(app_at(host, HOME).scan(browser.token)) == (403, "not_allowed")
    assert browser.poll(since=0)["state"] == "pending"


def test_a_policy_that_fails_lets_nobody_in(host: Host, browser: Browser) -> None:
    app = app_at(host, HOME)
    browser.start()
    scan(app, browser)
    host.qrlogin.confirmation_policy(lambda *args: t.cast(t.Any, "perhaps"))
    with pytest.raises(ValueError, match="perhaps"):
        app.decide("approve")
    assert browser.poll(since=0)["state"] == "scanned"


# The number


def test_the_browser_shows_the_number_only_between_scan_and_approval(host: Host) -> None:
    browser, app = host.browser(), host.native_app()
    assert "number" not in browser.start()
    assert "number" not in browser.poll()
    scan(app, browser)
    number = browser.poll()["number"]
    assert number in browser.show().text
    assert app.decide("approve", number=number).status_code == 200
    assert "number" not in browser.poll(since=0)


def test_one_wrong_number_ends_the_request_for_both(host: Host) -> None:
    browser, app = host.browser(), host.native_app()
    browser.start()
    choices = scan(app, browser)["choices"]
    assert problem(app.decide("approve", number=wrong(choices, browser))) == (
        403,
        "number_mismatch",
    )
    answer = browser.poll()
    assert (answer["state"], answer["reason"]) == ("denied", "number_mismatch")
    assert problem(app.decide("approve", number=choices[0])) == (409, "request_ended")


def test_number_and_choices_stay_when_it_is_scanned_again(host: Host) -> None:
    browser, app = host.browser(), host.native_app()
    browser.start()
    first = scan(app, browser)
    number = browser.poll(since=0)["number"]
    host.clock.advance(30)
    second = scan(app, browser)
    assert second["choices"] == first["choices"]
    assert second["confirm_token"] != first["confirm_token"]
    assert browser.poll(since=0)["number"] == number


@pytest.mark.parametrize("fields", [{}, {"number": None}])
def test_without_a_number_the_app_is_told_what_is_missing(
    host: Host, fields: dict[str, None]
) -> None:
    browser, app = host.browser(), host.native_app()
    browser.start()
    scan(app, browser)
    response = app.decide("approve", **fields)
    assert problem(response) == (403, "step_up_required")
    assert t.cast(Json, response.json)["confirmation"] == "match"
    assert browser.poll(since=0)["state"] == "scanned"


def test_on_the_web_page_the_person_taps_one_of_three(host: Host) -> None:
    browser, phone = host.browser(), host.phone("anna")
    browser.start()
    phone.scan(browser.url)
    number = browser.poll(since=0)["number"]
    assert phone.page.text.count('name="number"') == 3
    assert f'value="{number}"' in phone.page.text
    phone.tap("approve", number=number)
    assert browser.poll()["state"] == "redeemed"


def test_on_the_web_page_a_wrong_number_says_what_happened(host: Host) -> None:
    browser, phone = host.browser(), host.phone("anna")
    browser.start()
    phone.scan(browser.url)
    assert phone.tap("approve", number="00").status_code == 403
    assert phone.open(browser.url).status_code == 200
    assert "number" in phone.page.text
    assert phone.buttons() == set()


@pytest.mark.parametrize("form", [{}, {"number": "47"}, {"confirm_token": "", "number": "47"}])
def test_no_single_step_goes_round_the_number(host: Host, form: dict[str, str]) -> None:
    browser, phone = host.browser(), host.phone("anna")
    browser.start()
    phone.open(browser.url)
    response = phone.post(f"/qrlogin/s/{browser.token}/approve", form=form)
    assert response.status_code == 303
    assert browser.poll(since=0)["state"] == "scanned"
    # The page asks for it.
    assert phone.reload().text.count('name="number"') == 3


# More is asked for later


def test_a_phone_that_moved_since_the_scan_is_asked_again(host: Host, browser: Browser) -> None:
    app = app_at(host, HOME)
    browser.start()
    assert scan(app, browser)["confirmation"] == "tap"
    app.move_to(ELSEWHERE)
    assert problem(app.decide("approve")) == (403, "step_up_required")
    number = browser.poll(since=0)["number"]
    app.move_to(HOME)
    assert problem(app.decide("approve")) == (403, "step_up_required")
    assert app.decide("approve", number=number).status_code == 200


def test_somebody_else_who_scans_makes_the_owner_look_twice(host: Host, browser: Browser) -> None:
    app, page = app_at(host, HOME), host.phone("anna")
    page.move_to(HOME)
    browser.start()
    page.scan(browser.url)
    assert problem(app_at(host, HOME, "ben").scan(browser.token)) == (409, "already_scanned")
    page.tap("approve")
    assert page.page.status_code == 200
    assert page.page.text.count('name="number"') == 3
    assert browser.poll(since=0)["state"] == "scanned"
    assert scan(app, browser)["warnings"] == ["scanned_by_others"]


# A fresh login


def test_a_typed_number_needs_a_fresh_login_on_the_phone(make_host: MakeHost) -> None:
    host = make_host(QRLOGIN_CONFIRMATION="reauth")
    host.login_manager.refresh_view = "login"
    browser, phone = host.browser(), host.phone()
    phone.log_in("anna", remember=True)
    with phone.jar.session_transaction() as session:
        session["_fresh"] = False
    browser.start()
    phone.scan(browser.url)
    number = browser.poll(since=0)["number"]
    assert f">{number}<" not in phone.page.text
    again = f"/qrlogin/s/{browser.token}/log-in-again"
    assert again in phone.page.text
    phone.post(f"/qrlogin/s/{browser.token}/approve", form={"number": number})
    assert browser.poll(since=0)["state"] == "scanned"
    to_login = phone.get(again)
    assert to_login.status_code == 302
    back = phone.log_in("anna", url=to_login.headers["Location"])
    assert back.headers["Location"] == again
    assert phone.get(again).headers["Location"] == f"/qrlogin/s/{browser.token}"
    phone.open(browser.url)
    phone.tap("approve", number=number)
    assert browser.poll()["state"] == "redeemed"


def test_somebody_elses_fresh_login_does_not_approve(make_host: MakeHost) -> None:
    host = make_host(QRLOGIN_CONFIRMATION="reauth")
    browser, phone = host.browser(), host.phone("anna")
    browser.start()
    phone.scan(browser.url)
    number = browser.poll(since=0)["number"]
    approve = next(iter(phone.page.text.split('name="confirm_token" value="')[1:]))
    phone.log_in("ben")
    response = phone.post(
        f"/qrlogin/s/{browser.token}/approve",
        form={"number": number, "confirm_token": approve.partition('"')[0]},
    )
    assert response.status_code == 409
    assert browser.poll(since=0)["state"] == "scanned"


def test_a_site_without_a_page_to_log_in_again_says_so(make_host: MakeHost) -> None:
    host = make_host(QRLOGIN_CONFIRMATION="reauth")
    browser, phone = host.browser(), host.phone("anna")
    with phone.jar.session_transaction() as session:
        session["_fresh"] = False
    browser.start()
    phone.scan(browser.url)
    response = phone.get(f"/qrlogin/s/{browser.token}/log-in-again", Accept="text/html")
    assert response.status_code == 403
    assert "no page for that" in response.text


def test_in_an_app_only_a_hook_can_ask_the_owner_again(make_host: MakeHost) -> None:
    host = make_host(QRLOGIN_CONFIRMATION="reauth")
    browser, app = host.browser(), host.native_app()
    browser.start()
    answer = scan(app, browser)
    assert (answer["confirmation"], answer["choices"]) == ("reauth", [])
    number = browser.poll(since=0)["number"]
    response = app.decide("approve", number=number)
    assert problem(response) == (403, "step_up_required")
    assert t.cast(Json, response.json)["login"] == "fresh"

    @host.qrlogin.step_up
    def check_pin(user: t.Any, request: flask.Request, login_request: t.Any) -> bool:
        return bool(request.json["pin"] == f"pin of {user.name}")

    assert problem(app.decide("approve", number=number, pin="1234"))[1] == "step_up_required"
    assert app.decide("approve", number=number, pin="pin of anna").status_code == 200


# Who may


def test_another_account_than_the_one_typed_on_the_browser_is_refused(host: Host) -> None:
    browser = host.browser()
    browser.start(login_hint=" ANNA@example.org ")
    response = host.native_app("ben").scan(browser.token)
    assert problem(response) == (403, "not_allowed")
    assert "anna" not in response.text.lower()
    assert scan(host.native_app("anna"), browser)["state"] == "scanned"


def test_a_hint_says_nothing_about_who_has_an_account(host: Host) -> None:
    browser = host.browser()
    answers = [browser.start(login_hint=hint) for hint in ("anna", "nobody", "")]
    assert len({frozenset(answer) for answer in answers}) == 1


def test_the_application_knows_other_names_of_a_person(host: Host) -> None:
    host.qrlogin.matches_hint(lambda user, hint: hint == user.phone)
    browser = host.browser()
    browser.start(login_hint="+49 30 5550100")
    assert scan(host.native_app("anna"), browser)["state"] == "scanned"


def test_logins_are_approved_only_from_the_networks_that_are_named(make_host: MakeHost) -> None:
    host = make_host(QRLOGIN_APPROVE_NETWORKS=["192.0.2.0/24", "2001:db8::/32"])
    browser = host.browser()
    browser.start()
    outside = app_at(host, ELSEWHERE)
    assert problem(outside.scan(browser.token)) == (403, "not_allowed")
    outside.headers = {"X-Forwarded-For": HOME}
    assert problem(outside.scan(browser.token)) == (403, "not_allowed")
    app = app_at(host, "::ffff:192.0.2.9")
    scan(app, browser)
    app.move_to(ELSEWHERE)
    assert problem(app.decide("approve")) == (403, "not_allowed")
    assert app.decide("deny").status_code == 200


def test_how_the_phone_was_logged_in_is_kept(host: Host) -> None:
    browser, phone = host.browser(), host.phone("anna")
    browser.start()
    phone.scan(browser.url)
    row = host.row(browser.request["id"])
    assert row["approver_login"] == "fresh"
    assert row["approver_login_at"] is not None
    host.qrlogin.phone_login(lambda user, request: ("passkey", None))
    host.native_app().scan(browser.token)
    row = host.row(browser.request["id"])
    assert (row["approver_login"], row["approver_login_at"]) == ("passkey", None)


def test_how_the_phone_was_logged_in_is_carried_over_to_the_browser(make_host: MakeHost) -> None:
    host = make_host(prepare=add_strength_view)
    host.qrlogin.phone_login(lambda user, request: ("passkey", SINCE))
    browser = host.browser()
    assert browser.get("/strength").json is None
    host.log_in_by_qr(browser)
    assert browser.get("/strength").json == ["passkey", SINCE.isoformat()]
    browser.log_in("anna")
    assert browser.get("/strength").json is None


SINCE = datetime(2030, 1, 31, 8, 15, tzinfo=UTC)


def add_strength_view(app: flask.Flask) -> None:
    @app.get("/strength")
    def strength() -> flask.Response:
        device = qr_device()
        at = device and device.approver_login_at
        return flask.jsonify(device and at and [device.approver_login, at.isoformat()])


# What the review found


def test_a_login_from_before_the_code_is_not_fresh_enough(make_host: MakeHost) -> None:
    """A phone that was found unlocked: to Flask-Login it is fresh for as long as the session."""
    host = make_host(QRLOGIN_CONFIRMATION="reauth")
    browser, phone = host.browser(), host.phone("anna")
    host.clock.advance(5)
    browser.start()
    phone.scan(browser.url)
    assert "log-in-again" in phone.page.text
    number = browser.poll(since=0)["number"]
    phone.post(f"/qrlogin/s/{browser.token}/approve", form={"number": number})
    assert browser.poll(since=0)["state"] == "scanned"
    with phone.jar.session_transaction() as session:
        session["_fresh"] = False
    phone.get("/confirm")
    assert "log-in-again" not in phone.open(browser.url).text


def test_scanning_again_after_the_approval_does_not_change_who_approved(host: Host) -> None:
    browser, phone, app = host.browser(), host.phone("anna"), host.native_app()
    phone.headers["User-Agent"], app.headers["User-Agent"] = "The phone", "The app"
    browser.start()
    phone.scan(browser.url)
    phone.tap("approve", number=browser.poll(since=0)["number"])
    assert app.scan(browser.token).status_code == 200
    assert host.row()["approver_user_agent"] == "The phone"


def test_a_browser_that_hides_where_it_is_is_warned_of(host: Host, browser: Browser) -> None:
    browser.headers = {"X-Real-Ip": "x"}
    browser.start()
    answer = scan(app_at(host, HOME), browser)
    assert (answer["warnings"], answer["confirmation"]) == (["unknown_address"], "match")


@pytest.mark.parametrize("redeemed", [True, False])
def test_a_browser_that_wasnt_me_is_not_known_any_more(
    host: Host, browser: Browser, redeemed: bool
) -> None:
    app, phone = app_at(host, HOME), host.phone("anna")
    phone.move_to(HOME)
    browser.start()
    assert scan(app, browser)["confirmation"] == "tap"
    app.decide("approve")
    if redeemed:
        assert browser.poll(since=2)["state"] == "redeemed"
        browser.log_out()
    phone.open(browser.url)
    phone.tap("not-me")
    browser.start()
    assert scan(app, browser)["warnings"] == ["new_browser"]
