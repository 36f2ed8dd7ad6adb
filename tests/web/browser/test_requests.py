"""The browser that waits: start, poll, cancel, the pages and the picture."""

from __future__ import annotations

import re
import typing as t

import pytest

from tests.web.conftest import MakeHost
from tests.web.host import Host
from tests.web.parties import Browser
from tests.web.parties import Json
from tests.web.parties import problem


def test_start_answers_what_the_contract_lists(host: Host) -> None:
    browser = host.browser()
    started = browser.start()
    assert set(started) == {
        *("id", "state", "version", "qr", "issued_at", "expires_at", "expires_in"),
        *("interval", "links"),
    }
    assert started["issued_at"] == "2030-01-31T12:00:00Z"
    assert started["expires_at"] == "2030-01-31T12:05:00Z"
    assert started["expires_in"] == 300
    assert started["interval"] == pytest.approx(2, rel=0.16)
    assert re.fullmatch(r"http://localhost/qrlogin/s/[\w-]{38}", started["qr"]["url"])
    assert started["qr"]["svg"].startswith("<svg")
    base = f"/qrlogin/requests/{started['id']}"
    assert started["links"] == {
        "self": base,
        "poll": f"{base}/poll",
        "cancel": f"{base}/cancel",
        "qr_svg": f"{base}/qr.svg",
        "qr_png": f"{base}/qr.png",
    }


def test_the_row_holds_what_the_browser_said_of_itself(host: Host) -> None:
    browser = host.browser()
    browser.headers["User-Agent"] = "Mozilla/5.0 " + "x" * 1000
    browser.start(next="/docs?page=2")
    row = host.row()
    assert row["user_agent"] == ("Mozilla/5.0 " + "x" * 1000)[:255]
    assert row["address"] == "127.0.0.1"
    assert row["next"] == "/docs?page=2"


def test_the_time_left_is_that_of_the_present_state(make_host: MakeHost) -> None:
    host = make_host(QRLOGIN_DECISION_LIFETIME=100, QRLOGIN_PICKUP_LIFETIME=50)
    browser, phone = host.browser(), host.phone("anna")
    browser.start()
    host.clock.advance(10.5)
    assert browser.poll()["expires_in"] == 290
    phone.scan(browser.url)
    assert browser.poll()["expires_in"] == 100
    phone.tap("approve")
    assert browser.poll(since=1)["expires_in"] == 50
    host.clock.advance(50)
    expired = browser.poll()
    assert (expired["state"], expired["expires_in"]) == ("expired", 0)


@pytest.mark.parametrize(("configured", "watched"), [(7, 1), (0.1, 1)])
def test_the_interval_says_when_to_ask_again(
    make_host: MakeHost, configured: float, watched: float
) -> None:
    host = make_host(QRLOGIN_POLL_INTERVAL=configured)
    browser, phone = host.browser(), host.phone("anna")
    assert browser.start()["interval"] == pytest.approx(configured, rel=0.16)
    assert browser.poll()["interval"] == pytest.approx(configured, rel=0.16)
    # Somebody watches the page now.
    phone.scan(browser.url)
    assert browser.poll()["interval"] == watched
    phone.tap("approve")
    assert browser.poll(since=1)["interval"] == watched
    assert browser.poll()["interval"] == 0


def test_a_fresh_code_comes_when_it_is_due_and_not_before(host: Host, browser: Browser) -> None:
    first = browser.url
    host.clock.advance(29)
    assert "qr" not in browser.poll()
    host.clock.advance(1)
    answer = browser.poll()
    assert browser.url != first
    assert answer["issued_at"] == "2030-01-31T12:00:30Z"
    assert answer["version"] == 1
    host.clock.advance(29)
    assert "qr" not in browser.poll()
    host.clock.advance(1)
    assert "qr" in browser.poll()


def test_no_fresh_code_once_somebody_has_scanned(host: Host, browser: Browser) -> None:
    host.phone("anna").scan(browser.url)
    host.clock.advance(45)
    assert "qr" not in browser.poll()


def test_a_browser_that_forgot_when_its_code_was_issued_gets_one(
    host: Host, browser: Browser
) -> None:
    host.clock.advance(31)
    answer = browser.post(browser.request["links"]["poll"], {"since": 1})
    assert "qr" in t.cast(Json, answer.json)


def test_cancel_withdraws_in_every_open_state(host: Host) -> None:
    for taps in ((), ("scan",), ("scan", "approve")):
        browser, phone = host.browser(), host.phone("anna")
        browser.start()
        phone.open(browser.url)
        for tap in taps:
            phone.tap(tap)
        answer = browser.cancel()
        assert t.cast(Json, answer.json)["state"] == "cancelled"
        assert host.rows()[-1]["state"] == "cancelled"
        host.clock.advance(1)


def test_cancel_of_an_ended_request_says_how_it_ended(host: Host, browser: Browser) -> None:
    host.phone("anna").approve(browser.url)
    browser.poll(since=1)
    secret = browser.cookies()[f"qrlogin-{browser.request['id']}"]
    browser.poll()
    browser.keep_cookie(f"qrlogin-{browser.request['id']}", secret)
    answer = browser.cancel()
    assert problem(answer) == (409, "request_ended")
    assert t.cast(Json, answer.json)["state"] == "redeemed"


def test_cancel_by_form_leads_to_a_new_start(browser: Browser) -> None:
    answer = browser.post(browser.request["links"]["cancel"], form={})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/qrlogin/")
    assert browser.show().status_code == 404


def test_the_picture_is_fresh_and_bound_to_the_browser(host: Host, browser: Browser) -> None:
    url = browser.request["links"]["qr_svg"]
    first = browser.get(url)
    assert first.mimetype == "image/svg+xml"
    assert first.text == browser.request["qr"]["svg"]
    host.clock.advance(1)
    assert browser.get(url).text != first.text
    assert problem(host.browser().get(url)) == (404, "request_not_found")


def test_the_picture_as_png(browser: Browser) -> None:
    answer = browser.get(browser.request["links"]["qr_png"])
    assert answer.mimetype == "image/png"
    assert answer.data.startswith(b"\x89PNG")


@pytest.mark.parametrize("picture", ["qr_svg", "qr_png"])
def test_the_picture_ends_with_the_scan(host: Host, browser: Browser, picture: str) -> None:
    url = browser.request["links"][picture]
    phone = host.phone("anna")
    phone.scan(browser.url)
    assert problem(browser.get(url)) == (409, "already_scanned")
    phone.tap("deny")
    assert problem(browser.get(url)) == (409, "request_ended")


def test_the_picture_ends_with_the_request(host: Host, browser: Browser) -> None:
    host.clock.advance(300)
    assert problem(browser.get(browser.request["links"]["qr_svg"])) == (410, "request_expired")


def test_without_the_extra_the_png_is_refused(
    browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def png(text: str, style: object) -> bytes:
        raise ModuleNotFoundError("No module named 'PIL'")

    monkeypatch.setattr("flask_qrlogin.qr.image.png", png)
    assert problem(browser.get(browser.request["links"]["qr_png"])) == (501, "extra_missing")


def test_a_form_whose_address_is_opened_again_leads_to_its_page(browser: Browser) -> None:
    links = browser.request["links"]
    for url, page in [
        ("/qrlogin/requests", "/qrlogin/"),
        (links["poll"], links["self"]),
        (links["cancel"], links["self"]),
    ]:
        answer = browser.get(url)
        assert (answer.status_code, answer.headers["Location"]) == (303, page)
