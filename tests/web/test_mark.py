"""Rule 13: a login that came about by QR cannot approve another, so that one must not breed."""

from __future__ import annotations

import pytest

from .conftest import MakeHost
from .host import Host
from .parties import Browser
from .parties import set_cookies


def test_forbids_to_approve(host: Host, browser: Browser) -> None:
    phone = host.phone_by_qr()
    assert phone.who() == "anna"
    browser.start()
    assert phone.open(browser.url).status_code == 403
    for action in ("scan", "approve", "deny"):
        form = {"confirm_token": "A" * 27}
        assert phone.post(f"{browser.url}/{action}", form=form).status_code == 403
    assert host.row(browser.request["id"])["state"] == "pending"


def test_is_lifted_by_configuration(make_host: MakeHost) -> None:
    host = make_host(QRLOGIN_APPROVE_FROM_LINKED=True)
    browser, phone = host.browser(), host.phone_by_qr()
    browser.start()
    phone.approve(browser.url)
    assert browser.poll(since=2)["state"] == "redeemed"


@pytest.mark.parametrize("name", ["anna", "ben"])
def test_ends_with_a_login_by_password(host: Host, browser: Browser, name: str) -> None:
    phone = host.phone_by_qr()
    phone.log_in(name)
    browser.start()
    assert phone.approve(browser.url).status_code == 200
    assert "_qrlogin" not in phone.session()


def test_ends_with_a_logout(host: Host, browser: Browser) -> None:
    phone = host.phone_by_qr()
    phone.log_out()
    assert "_qrlogin" not in phone.session()


def test_is_void_for_another_person(host: Host, browser: Browser) -> None:
    phone = host.phone_by_qr("anna")
    # A host that changes who is logged in without telling Flask-Login.
    with phone.jar.session_transaction() as session:
        session["_user_id"] = "470012"
    browser.start()
    assert phone.open(browser.url).status_code == 200


def test_names_the_device_and_the_person(host: Host) -> None:
    browser = host.browser()
    answer = host.log_in_by_qr(browser)
    assert answer["location"] == "/"
    assert browser.session()["_qrlogin"] == [browser.request["id"], "470011"]


def test_does_not_pass_to_a_login_by_password_in_the_same_browser(host: Host) -> None:
    browser = host.browser()
    host.log_in_by_qr(browser)
    browser.log_in("anna")
    assert not set_cookies(browser.get("/"))
    assert "_qrlogin" not in browser.session()


def test_comes_with_every_login_by_qr(host: Host) -> None:
    phone = host.phone_by_qr()
    phone.log_in("anna")
    waiting = host.browser()
    waiting.jar = phone.jar
    host.log_in_by_qr(waiting)
    assert waiting.session()["_qrlogin"][0] == waiting.request["id"]
