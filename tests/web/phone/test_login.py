"""Somebody who is not logged in on the phone passes the app's login and comes back to the code."""

from __future__ import annotations

import flask
import pytest

from tests.web.conftest import MakeHost
from tests.web.host import Host
from tests.web.parties import Browser


def test_who_logs_in_comes_back_to_the_same_code(host: Host, browser: Browser) -> None:
    phone = host.phone()
    to_login = phone.open(browser.url)
    assert to_login.status_code == 302
    back = phone.log_in("anna", url=to_login.headers["Location"]).headers["Location"]
    assert back == browser.url.removeprefix("http://localhost")
    phone.open(back)
    assert phone.buttons() == {"scan"}


@pytest.mark.parametrize("clear_at_login", [False, True])
@pytest.mark.parametrize("next_in_session", [False, True])
def test_the_login_may_take_longer_than_a_code_is_fresh(
    make_host: MakeHost, clear_at_login: bool, next_in_session: bool
) -> None:
    host = make_host(clear_at_login=clear_at_login, USE_SESSION_FOR_NEXT=next_in_session)
    browser, phone = host.browser(), host.phone()
    browser.start()
    url = browser.url
    login_page = phone.open(url).headers["Location"]
    host.clock.advance(100)
    back = phone.log_in("anna", url=login_page).headers["Location"]
    phone.approve(back)
    assert host.row()["state"] == "approved"


def test_on_another_phone_the_old_code_stays_refused(host: Host, browser: Browser) -> None:
    host.phone().open(browser.url)
    host.clock.advance(100)
    assert host.phone("anna").open(browser.url).status_code == 410


def test_the_proof_is_for_one_code_and_scans_nothing(host: Host) -> None:
    one, other, phone = host.browser(), host.browser(), host.phone("anna")
    one.start()
    other.start()
    phone.open(one.url)
    host.clock.advance(100)
    assert phone.open(other.url).status_code == 410
    assert [row["state"] for row in host.rows()] == ["pending", "pending"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec_Fetch_Dest": "image"},
        {"Sec_Fetch_Dest": "iframe"},
        {"Sec_Purpose": "prefetch"},
        {"Sec_Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
    ],
)
def test_only_a_persons_own_visit_gives_a_proof(
    host: Host, browser: Browser, headers: dict[str, str]
) -> None:
    phone = host.phone()
    phone.open(browser.url, **headers)
    assert "qrlogin-opened" not in phone.cookies()
    phone.open(browser.url, Sec_Fetch_Dest="document")
    assert "qrlogin-opened" in phone.cookies()


@pytest.mark.parametrize("login_view", [None, "qrlogin.login"])
def test_who_has_no_login_view_of_use_is_told_what_to_do(
    host: Host, browser: Browser, login_view: str | None
) -> None:
    host.login_manager.login_view = login_view
    assert host.phone().open(browser.url).status_code == 401


@pytest.mark.parametrize(
    ("handler", "status"),
    [
        (lambda: ("Members only", 403), 403),
        (lambda: flask.redirect("/sso"), 302),
        (lambda: flask.abort(401), 401),
        (lambda: {"error": "login"}, 200),
    ],
)
@pytest.mark.usefixtures("answers_of_the_host")
def test_the_hosts_handler_is_asked(
    host: Host, browser: Browser, handler: object, status: int
) -> None:
    host.login_manager.unauthorized_handler(handler)
    assert host.phone().open(browser.url).status_code == status


def test_nobody_taps_without_a_login(host: Host, browser: Browser) -> None:
    phone = host.phone()
    for action in ("scan", "approve", "deny"):
        answer = phone.post(f"{browser.url}/{action}", form={})
        assert answer.status_code == 401
        # The one next step: the code, by way of the app's login.
        assert f'href="/qrlogin/s/{browser.token}"' in answer.text
    assert host.row()["state"] == "pending"


def test_who_is_inactive_is_nobody(host: Host, browser: Browser) -> None:
    phone = host.phone("anna")
    host.change_user("anna", active=False)
    assert phone.open(browser.url).status_code == 302
    assert phone.post(f"{browser.url}/approve", form={}).status_code == 401
    assert host.row()["state"] == "pending"


def test_where_logins_are_disabled_nobody_is_somebody(make_host: MakeHost) -> None:
    host = make_host(LOGIN_DISABLED=True)
    browser, phone = host.browser(), host.phone()
    browser.start()
    assert phone.open(browser.url).status_code == 302
    assert phone.post(f"{browser.url}/approve", form={}).status_code == 401
    assert host.row()["state"] == "pending"
