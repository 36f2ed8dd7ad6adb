"""The six flaws of QR login in the field (USENIX Security 2025): none of them is here."""

from __future__ import annotations

import typing as t

import pytest

from .host import Host
from .parties import Browser
from .parties import Json
from .parties import problem
from .parties import set_cookies


def test_flaw_1_the_poll_is_bound_to_the_browser_that_asked(host: Host, browser: Browser) -> None:
    app = host.native_app()
    app.scan(browser.token)
    app.decide("approve")
    other = host.browser()
    other.start()
    other.request = browser.request
    assert problem(other.try_poll(since=3)) == (404, "request_not_found")
    assert other.who() == "nobody"
    assert browser.poll(since=3)["state"] == "redeemed"


def test_flaw_2_a_code_logs_in_once(host: Host) -> None:
    browser, app = host.browser(), host.native_app()
    host.log_in_by_qr(browser)
    assert problem(app.scan(browser.token)) == (409, "request_ended")
    phone = host.phone("anna")
    phone.open(browser.url)
    assert phone.buttons() == {"not-me"}
    other = host.browser()
    other.request = browser.request
    assert problem(other.try_poll(since=9)) == (404, "request_not_found")
    assert host.row()["state"] == "redeemed"


def test_flaw_3_ids_and_secrets_are_unpredictable(host: Host) -> None:
    browser = host.browser()
    ids, secrets, tokens = set(), set(), set()
    for _ in range(20):
        browser.start()
        ids.add(browser.request["id"])
        tokens.add(browser.token)
        secrets.add(browser.cookies()[f"qrlogin-{browser.request['id']}"])
    assert (len(ids), len(secrets), len(tokens)) == (20, 20, 20)
    # Nothing counts up, and nothing is the time: no two begin alike.
    assert len({id[:8] for id in ids}) == 20
    assert len({secret[:8] for secret in secrets}) == 20


@pytest.mark.parametrize(
    "body",
    [
        {"id": "0" * 32},
        {"request_id": "0" * 32, "secret": "x", "token": "A" * 38},
        {"secret_hash": "0" * 64, "version": 9, "state": "approved", "user_id": "470011"},
    ],
)
def test_flaw_4_the_client_chooses_no_id(host: Host, body: Json) -> None:
    browser = host.browser()
    browser.keep_cookie(f"qrlogin-{'0' * 32}", "chosen")
    answer = browser.post("/qrlogin/requests", body)
    row = host.row()
    assert t.cast(Json, answer.json)["id"] == row["id"] != "0" * 32
    assert (row["state"], row["version"], row["user_id"]) == ("pending", 1, None)
    (name,) = set_cookies(answer)
    assert name == f"qrlogin-{row['id']}"


def test_flaw_5_the_approval_trusts_the_login_and_no_id_in_the_body(
    host: Host, browser: Browser
) -> None:
    app, phone = host.native_app("ben"), host.phone("ben")
    claims = dict.fromkeys(("user_id", "user", "id", "name", "email", "sub"), "470011")
    app.post("/qrlogin/api/scan", {"token": browser.token} | claims)
    assert host.row()["user_id"] == "470012"
    phone.open(browser.url)
    confirm_token = phone.post(f"{browser.url}/scan", form=claims)
    assert confirm_token.status_code == 303
    app.scan(browser.token)
    assert app.decide("approve", **claims).status_code == 200
    browser.poll(since=2)
    assert browser.who() == "ben"


def test_flaw_6_no_personal_data_is_in_the_answers(host: Host, browser: Browser) -> None:
    app = host.native_app()
    scanned = app.scan(browser.token)
    approved = app.decide("approve")
    shown = browser.try_poll(since=1)
    redeemed = browser.try_poll(since=3)
    for answer in (scanned, approved, shown, redeemed):
        for secret in ("470011", "anna@example.org", "5550100"):
            assert secret not in answer.text
    # The app learns of the browser only what the person needs to decide.
    assert set(t.cast(Json, scanned.json)["asking"]) == {"browser", "ip", "place", "age"}
    assert set(t.cast(Json, shown.json)["profile"]) == {"name", "avatar_url"}
