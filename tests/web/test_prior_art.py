"""What broke elsewhere (prior-art.md): each lesson that concerns these parts, as a test."""

from __future__ import annotations

import re
import typing as t

import pytest

from flask_qrlogin.core.errors import StoreUnavailable

from .conftest import MakeHost
from .host import Host
from .parties import Browser
from .parties import Json
from .parties import problem
from .parties import set_cookies


def test_a_polls_bookkeeping_never_erases_an_approval(
    host: Host, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = host.native_app()
    app.scan(browser.token)
    with host.app.app_context():
        store = host.state.store
    get, between = store.get, [lambda: app.decide("approve")]

    def get_and_be_overtaken(id: str) -> t.Any:
        request = get(id)
        if between:
            between.pop()()
        return request

    monkeypatch.setattr(store, "get", get_and_be_overtaken)
    assert browser.poll(since=2)["state"] == "scanned"
    assert host.row()["state"] == "approved"
    assert browser.poll(since=2)["state"] == "redeemed"


def test_the_first_poll_right_after_the_start_is_welcome(browser: Browser) -> None:
    for _ in range(20):
        answer = browser.poll()
        assert answer["state"] == "pending"
        assert answer["interval"] == pytest.approx(2, rel=0.16)


def test_the_number_of_codes_that_a_page_asks_for_by_itself_is_capped(
    make_host: MakeHost,
) -> None:
    assert 'renewals="5"' in make_host().browser().get("/qrlogin/").text
    assert 'renewals="2"' in make_host(QRLOGIN_AUTO_RENEWALS=2).browser().get("/login").text


def test_trouble_of_the_store_passes(
    host: Host, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(id: str) -> t.Any:
        raise StoreUnavailable

    with host.app.app_context():
        store = host.state.store
    with monkeypatch.context() as patch:
        patch.setattr(store, "get", broken)
        answer = browser.try_poll()
        assert problem(answer) == (503, "store_unavailable")
        assert not set_cookies(answer)
    assert browser.poll()["state"] == "pending"


def test_a_dead_code_is_said_to_be_dead(host: Host, browser: Browser) -> None:
    host.clock.advance(300)
    assert browser.poll()["state"] == "expired"
    # Also to a page that slept, whose cookie and row are long gone.
    answer = browser.try_poll()
    assert problem(answer) == (404, "request_not_found")


def test_no_window_outlives_the_request(make_host: MakeHost) -> None:
    host = make_host(QRLOGIN_DECISION_LIFETIME=3600, QRLOGIN_PICKUP_LIFETIME=3600)
    browser, app = host.browser(), host.native_app()
    browser.start()
    end = host.row()["expires_at"]
    app.scan(browser.token)
    assert host.row()["deadline"] == end
    host.clock.advance(200)
    app.decide("approve")
    assert host.row()["deadline"] == end
    assert browser.poll(since=1)["expires_in"] == 100
    host.clock.advance(100)
    assert browser.poll(since=3)["state"] == "expired"
    assert browser.who() == "nobody"


def test_an_approval_that_is_not_picked_up_runs_out(host: Host, browser: Browser) -> None:
    app = host.native_app()
    app.scan(browser.token)
    app.decide("approve")
    host.clock.advance(120)
    assert browser.poll(since=3)["state"] == "expired"
    assert browser.who() == "nobody"


def test_a_poll_prolongs_nothing(host: Host, browser: Browser) -> None:
    for _ in range(30):
        host.clock.advance(10)
        last = browser.poll()
        if last["state"] == "expired":
            break
    assert (last["state"], host.clock.now.minute) == ("expired", 5)


def test_the_state_and_the_person_are_written_at_once(host: Host) -> None:
    browser = host.browser()
    host.log_in_by_qr(browser)
    row = host.row()
    assert (row["state"], row["user_id"]) == ("redeemed", "470011")
    assert len(row["nonce"]) == 43


def test_the_url_in_the_code_is_short_and_has_no_query(make_host: MakeHost) -> None:
    host = make_host(QRLOGIN_BASE_URL="https://example.com")
    url = host.browser("https://example.com").start()["qr"]["url"]
    assert re.fullmatch(r"https://example\.com/qrlogin/s/[\w-]{38}", url)
    assert len(url) <= 70


@pytest.mark.parametrize("seconds", [-30, -5, 5, 60])
def test_the_clocks_of_hosts_and_phones_may_differ(
    host: Host, browser: Browser, seconds: int
) -> None:
    host.clock.advance(seconds)
    assert host.native_app().scan(browser.token).status_code == 200


def test_there_is_time_to_find_the_phone(host: Host, browser: Browser) -> None:
    for _ in range(9):
        host.clock.advance(30)
        browser.poll()
    # After four and a half minutes the code on the screen is still good.
    assert host.native_app().scan(browser.token).status_code == 200


def test_an_office_behind_one_address_is_not_locked_out(host: Host) -> None:
    browsers = [host.browser() for _ in range(30)]
    for browser in browsers:
        browser.start()
    host.native_app().scan(browsers[0].token)
    assert browsers[0].poll()["state"] == "scanned"
    assert {browser.poll()["state"] for browser in browsers[1:]} == {"pending"}


def test_old_rows_do_not_pile_up(host: Host) -> None:
    browser = host.browser()
    for _ in range(40):
        browser.start()
        host.clock.advance(361)
    assert len(host.rows()) <= 11


def test_nothing_decides_by_get_or_without_a_login(host: Host, browser: Browser) -> None:
    for action in ("scan", "approve", "deny"):
        assert host.phone("anna").get(f"{browser.url}/{action}").status_code == 303
        assert host.phone().post(f"{browser.url}/{action}", form={}).status_code == 401
        answer = host.native_app("nemo").post(
            f"/qrlogin/api/{action}", {"token": browser.token, "confirm_token": "x"}
        )
        assert problem(answer) == (401, "login_required")
    assert host.row()["state"] == "pending"


def test_the_answer_to_a_scan_gives_no_login(host: Host, browser: Browser) -> None:
    app = host.native_app()
    for answer in (app.scan(browser.token), app.decide("approve")):
        assert "location" not in t.cast(Json, answer.json)
        assert not set_cookies(answer)
    assert app.who() == "nobody"
