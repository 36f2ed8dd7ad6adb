"""The JSON API of a native app."""

from __future__ import annotations

import typing as t

import flask
import pytest

from flask_qrlogin import LoginRequest
from flask_qrlogin import Place
from tests.web.conftest import MakeHost
from tests.web.host import Host
from tests.web.host import User
from tests.web.parties import Browser
from tests.web.parties import Json
from tests.web.parties import problem
from tests.web.parties import set_cookies


def test_scan_answers_who_is_asking(host: Host) -> None:
    host.qrlogin.locate(lambda address: Place("Germany"))
    browser, app = host.browser(), host.native_app()
    browser.headers["User-Agent"] = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Firefox/130.0"
    browser.start()
    host.clock.advance(7)
    scanned = t.cast(Json, app.scan(browser.token).json)
    assert len(scanned.pop("confirm_token")) == 27
    assert scanned == {
        "state": "scanned",
        "version": 2,
        "expires_in": 120,
        "site": "localhost",
        "asking": {
            "browser": "Firefox on Linux",
            "ip": "127.0.0.1",
            "place": "Germany",
            "age": 7,
        },
        "warnings": ["new_browser"],
        "confirmation": "tap",
        "choices": [],
    }


def test_decisions_answer_the_new_state(host: Host, browser: Browser) -> None:
    app = host.native_app()
    app.scan(browser.token)
    assert app.decide("approve").json == {"state": "approved", "version": 3, "expires_in": 120}
    assert app.decide("deny").json == {"state": "denied", "version": 4, "expires_in": 0}
    assert browser.poll()["state"] == "denied"


def test_scanning_again_replaces_the_confirm_token(host: Host, browser: Browser) -> None:
    app = host.native_app()
    app.scan(browser.token)
    old = app.confirm_token
    app.scan(browser.token)
    assert problem(app.decide("approve", confirm_token=old)) == (409, "confirm_superseded")
    assert app.decide("approve").status_code == 200


def test_the_scanner_may_scan_again_with_the_code_of_before(host: Host, browser: Browser) -> None:
    # Rule 6: on the web pages the same old code opens for the person who has scanned it.
    app = host.native_app()
    app.scan(browser.token)
    host.clock.advance(61)
    assert app.scan(browser.token).status_code == 200


def test_a_code_counts_as_fresh_for_its_lifetime(host: Host, browser: Browser) -> None:
    app = host.native_app()
    host.clock.advance(60)
    assert app.scan(browser.token).status_code == 200


def test_an_old_code_is_refused(host: Host, browser: Browser) -> None:
    host.clock.advance(61)
    assert problem(host.native_app().scan(browser.token)) == (410, "token_expired")


def test_a_code_from_a_host_whose_clock_is_ahead(host: Host) -> None:
    browser = host.browser()
    browser.start()
    host.clock.advance(-30)
    assert host.native_app().scan(browser.token).status_code == 200
    host.clock.advance(-1)
    assert problem(host.native_app("ben").scan(browser.token)) == (410, "token_expired")


def test_only_what_was_scanned_can_be_decided(host: Host, browser: Browser) -> None:
    app = host.native_app()
    fields = {"token": browser.token, "confirm_token": "A" * 27}
    for action in ("approve", "deny"):
        assert problem(app.decide(action, **fields)) == (409, "not_scanned")


def test_a_phones_web_browser_and_an_app_of_one_person_agree(host: Host, browser: Browser) -> None:
    phone, app = host.phone("anna"), host.native_app("anna")
    phone.scan(browser.url)
    app.scan(browser.token)
    # The newer scan is the app's, so the page on the phone has to be looked at again.
    assert phone.tap("approve").status_code == 409
    assert app.decide("approve").status_code == 200
    phone.open(browser.url)
    assert phone.buttons() == {"deny", "not-me"}


@pytest.mark.parametrize("action", ["scan", "approve", "deny"])
@pytest.mark.parametrize(
    "content_type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_only_json_is_read(host: Host, browser: Browser, action: str, content_type: str) -> None:
    # A form of another site's page can send these without asking first; JSON it cannot.
    answer = host.native_app().jar.post(
        f"/qrlogin/api/{action}",
        data=f'{{"token": "{browser.token}", "confirm_token": "x"}}',
        content_type=content_type,
        headers={"Authorization": "Bearer token of anna"},
    )
    assert problem(answer) == (415, "unsupported_media_type")
    assert host.row()["state"] == "pending"


def test_answers_are_json_and_set_no_cookie(make_host: MakeHost) -> None:
    def change_session() -> None:
        flask.session.permanent = True
        flask.session["seen"] = True

    host = make_host(prepare=lambda app: app.before_request(change_session))
    browser, app = host.browser(), host.native_app()
    browser.start()
    app.log_in("ben")
    for answer in (app.scan(browser.token), app.decide("approve"), app.decide("approve", token="")):
        assert not set_cookies(answer)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.is_json
    app.headers["Accept"] = "text/html"
    assert problem(app.decide("approve", token="")) == (400, "token_invalid")


def test_the_veto_is_asked_at_each_step(host: Host, browser: Browser) -> None:
    asked: list[str] = []
    reasons: dict[str, str] = {}

    @host.qrlogin.may_approve
    def may_approve(user: User, login_request: LoginRequest) -> str | None:
        asked.append(login_request.state)
        return reasons.get(login_request.state)

    app = host.native_app()
    reasons["pending"] = "Not at night."
    answer = app.scan(browser.token)
    assert problem(answer) == (403, "not_allowed")
    assert t.cast(Json, answer.json)["detail"] == "Not at night."
    assert host.row()["state"] == "pending"
    reasons.clear()
    app.scan(browser.token)
    reasons["scanned"] = "Not from here."
    assert problem(app.decide("approve")) == (403, "not_allowed")
    assert host.row()["state"] == "scanned"
    reasons.clear()
    app.decide("approve")
    assert asked == ["pending", "pending", "scanned", "scanned"]


def test_another_persons_app_is_refused(host: Host, browser: Browser) -> None:
    anna, ben = host.native_app("anna"), host.native_app("ben")
    anna.scan(browser.token)
    assert problem(ben.scan(browser.token)) == (409, "already_scanned")
    stolen: dict[str, t.Any] = {"token": browser.token, "confirm_token": anna.confirm_token}
    for action in ("approve", "deny"):
        assert problem(ben.decide(action, **stolen)) == (409, "already_scanned")
    assert host.row()["state"] == "scanned"
