"""The six steps, from the code on the screen to the application's main page."""

from __future__ import annotations

import typing as t

import pytest

from flask_qrlogin import LoginRequest
from flask_qrlogin import signals

from .host import Host
from .parties import Browser
from .parties import forms
from .parties import Json


def test_six_steps_with_a_phones_web_browser(host: Host) -> None:
    browser, phone = host.browser(), host.phone("anna")
    assert browser.get("/qrlogin/").status_code == 200

    started = browser.start()
    assert (started["state"], started["version"]) == ("pending", 1)
    assert browser.poll()["state"] == "pending"

    phone.open(browser.url)
    assert phone.buttons() == {"scan"}
    phone.tap("scan")
    assert phone.buttons() == {"approve", "deny"}

    scanned = browser.poll()
    assert scanned["state"] == "scanned"
    assert scanned["profile"] == {"name": "Anna Berg", "avatar_url": None}

    phone.tap("approve")
    assert phone.buttons() == {"deny", "not-me"}
    assert browser.who() == "nobody"

    redeemed = browser.poll()
    assert (redeemed["state"], redeemed["location"]) == ("redeemed", "/")
    assert browser.get(redeemed["location"]).text == "anna"
    phone.reload()
    assert phone.buttons() == {"not-me"}


def test_six_steps_with_a_native_app(host: Host, browser: Browser) -> None:
    app = host.native_app("ben")
    scanned = app.scan(browser.token)
    assert scanned.status_code == 200
    assert browser.poll()["profile"]["name"] == "Ben Cole"
    approved = app.decide("approve")
    assert t.cast(Json, approved.json)["state"] == "approved"
    assert browser.poll()["state"] == "redeemed"
    assert browser.who() == "ben"


def test_six_steps_without_javascript(host: Host) -> None:
    browser, phone = host.browser(), host.phone("anna")
    (show_a_code,) = forms(browser.get("/qrlogin/?next=/docs"))
    assert show_a_code.fields == {"next": "/docs"}
    started = browser.post(show_a_code.action, form=show_a_code.fields)
    assert started.status_code == 303
    url = started.headers["Location"]
    page = browser.get(url)

    def press_continue() -> str:
        (form,) = (form for form in forms(page) if form.action.endswith("/poll"))
        answer = browser.post(form.action, form=form.fields)
        assert answer.status_code == 303, answer.text
        return answer.headers["Location"]

    assert press_continue() == url
    # The picture is all that leaves the browser here, so the text of the code is asked for.
    host.clock.advance(30)
    code = t.cast(Json, browser.post(f"{url}/poll", {}).json)["qr"]["url"]
    phone.approve(code)

    # The page that was on the screen showed nobody, so it has to show the person first.
    assert press_continue() == url
    assert browser.who() == "nobody"
    page = browser.get(url)
    assert "Anna Berg" in page.text
    assert press_continue() == "/docs"
    assert browser.who() == "anna"


def test_a_form_that_polls_keeps_the_page_of_an_ended_request_readable(host: Host) -> None:
    browser, phone = host.browser(), host.phone("anna")
    browser.start()
    phone.scan(browser.url)
    phone.tap("deny")
    answer = browser.post(browser.request["links"]["poll"], form={"since": "1"})
    assert answer.status_code == 303
    assert browser.get(answer.headers["Location"]).status_code == 200
    assert browser.show().status_code == 200


def test_both_decide_only_once(host: Host, browser: Browser) -> None:
    phone = host.phone("anna")
    phone.scan(browser.url)
    confirm_page = phone.page
    phone.tap("deny")
    phone.page = confirm_page
    assert phone.tap("approve").status_code == 409
    assert host.row()["state"] == "denied"
    assert browser.poll()["state"] == "denied"


@pytest.mark.parametrize("ending", ["redeemed", "denied", "cancelled"])
def test_each_state_is_signalled_once_and_in_order(host: Host, ending: str) -> None:
    browser, phone = host.browser(), host.phone("anna")
    told: list[str] = []

    def tell(sender: object, login_request: LoginRequest) -> None:
        assert sender is host.app
        told.append(login_request.state)

    for signal in signals.BY_STATE.values():
        signal.connect(tell, host.app)
    browser.start()
    phone.scan(browser.url)
    phone.open(browser.url)
    browser.poll()
    phone.tap("approve")
    browser.poll(since=1)
    if ending == "redeemed":
        browser.poll()
    elif ending == "denied":
        phone.tap("deny")
    else:
        browser.cancel()
    browser.try_poll()
    phone.reload()
    assert told == ["pending", "scanned", "approved", ending]


def test_an_expired_request_is_signalled_by_whoever_deletes_it(host: Host) -> None:
    browser = host.browser()
    browser.start()
    told: list[str] = []

    def tell(sender: object, login_request: LoginRequest) -> None:
        told.append(login_request.id)

    signals.login_expired.connect(tell, host.app)
    expired = browser.request["id"]
    host.clock.advance(301)
    assert browser.poll()["state"] == "expired"
    assert told == []
    host.clock.advance(60)
    for _ in range(10):
        browser.start()
    assert told == [expired]
