"""The phone's web browser: opening, continuing, approving, denying, taking back."""

from __future__ import annotations

import pytest

from flask_qrlogin import Place
from tests.web.conftest import MakeHost
from tests.web.host import Host
from tests.web.parties import Browser
from tests.web.parties import forms
from tests.web.parties import PAGE

CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/130.0.0.0 Safari/537.36"


class TestOpening:
    def test_shows_who_asks(self, host: Host) -> None:
        host.qrlogin.locate(lambda address: Place("Germany", "Berlin"))
        browser, phone = host.browser(), host.phone("anna")
        browser.headers["User-Agent"] = CHROME
        browser.start()
        host.clock.advance(42)
        page = phone.open(browser.url).text
        for fact in (
            *("Chrome on Linux", "127.0.0.1", "Berlin, Germany", "42"),
            *("localhost", "Anna Berg"),
        ):
            assert fact in page

    def test_escapes_what_the_browser_said(self, host: Host) -> None:
        host.qrlogin.describe_browser(lambda user_agent: user_agent)
        browser, phone = host.browser(), host.phone("anna")
        browser.headers["User-Agent"] = "<script>alert(1)</script>"
        browser.start()
        assert "<script>alert" not in phone.open(browser.url).text

    def test_names_the_site_by_its_configured_host(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_BASE_URL="https://example.com", QRLOGIN_SITE_NAME="The Example")
        browser = host.browser("https://example.com")
        browser.start()
        page = host.phone("anna", "https://example.com").open(browser.url).text
        assert "example.com" in page
        assert "The Example" in page

    def test_refuses_what_is_no_code_of_ours(self, host: Host, browser: Browser) -> None:
        phone = host.phone("anna")
        last = "A" if browser.token[0] != "A" else "B"
        for text in ("x", "A" * 38, last + browser.token[1:], "%00", "%ff%fe", "😀"):
            assert phone.open(f"/qrlogin/s/{text}").status_code == 400

    def test_refuses_an_old_code(self, host: Host, browser: Browser) -> None:
        host.clock.advance(61)
        assert host.phone("anna").open(browser.url).status_code == 410
        # Without the answer "log in first", which would not help.
        assert host.phone().open(browser.url).status_code == 410

    def test_refuses_an_expired_request_before_it_asks_for_a_login(
        self, make_host: MakeHost
    ) -> None:
        host = make_host(QRLOGIN_REQUEST_LIFETIME=10)
        browser = host.browser()
        browser.start()
        host.clock.advance(10)
        answer = host.phone().open(browser.url)
        assert (answer.status_code, "Location" in answer.headers) == (410, False)

    def test_refuses_an_ended_request(self, host: Host, browser: Browser) -> None:
        browser.cancel()
        for phone in (host.phone("anna"), host.phone()):
            assert phone.open(browser.url).status_code == 409

    def test_refuses_a_request_that_is_gone(self, host: Host, browser: Browser) -> None:
        with host.app.app_context():
            host.state.store.delete_expired(host.clock.now.replace(year=2031), 10)
        assert host.phone("anna").open(browser.url).status_code == 404


class TestNextStep:
    """Each page that ends something leads on."""

    SCANNER = 'href="/qrlogin/scan"'

    def test_of_a_code_that_does_not_work_is_another(self, host: Host, browser: Browser) -> None:
        anna, ben = host.phone("anna"), host.phone("ben")
        anna.scan(browser.url)
        assert self.SCANNER in ben.open(browser.url).text
        assert self.SCANNER in anna.tap("deny").text
        assert self.SCANNER in anna.open("/qrlogin/s/x").text

    def test_of_a_refusal_for_the_person_is_the_site(self, host: Host, browser: Browser) -> None:
        host.qrlogin.may_approve(lambda user, request: "This account is locked.")
        page = host.phone("anna").scan(browser.url).text
        assert "Back to localhost" in page.replace("<bdi>", "")
        assert self.SCANNER not in page

    def test_of_a_wish_that_came_too_soon_is_the_request(
        self, host: Host, browser: Browser
    ) -> None:
        answer = host.phone("anna").post(f"{browser.url}/deny", form={"confirm_token": "A" * 27})
        assert f'href="/qrlogin/s/{browser.token}"' in answer.text


class TestDeciding:
    def test_approve_without_a_scan_scans_first(self, host: Host, browser: Browser) -> None:
        phone = host.phone("anna")
        answer = phone.post(f"{browser.url}/approve", form={})
        assert answer.status_code == 303
        row = host.row()
        assert (row["state"], row["version"], row["scanner_name"]) == ("approved", 3, "Anna Berg")
        # It does not jump over the page on which the browser's person sees who it is.
        assert browser.poll()["state"] == "approved"

    def test_deny_needs_a_scan(self, host: Host, browser: Browser) -> None:
        phone = host.phone("anna")
        answer = phone.post(f"{browser.url}/deny", form={"confirm_token": "A" * 27})
        assert answer.status_code == 409
        assert phone.post(f"{browser.url}/deny", form={}).status_code == 400

    def test_once_scanned_the_confirm_token_is_needed(self, host: Host, browser: Browser) -> None:
        phone = host.phone("anna")
        phone.scan(browser.url)
        for form in ({}, {"confirm_token": ""}, {"confirm_token": "A" * 27}):
            assert phone.post(f"{browser.url}/approve", form=form).status_code == 403
        assert host.row()["state"] == "scanned"

    def test_somebody_elses_confirm_token_is_refused(self, host: Host) -> None:
        mine, theirs = host.browser(), host.browser()
        mine.start()
        theirs.start()
        anna, ben = host.phone("anna"), host.phone("ben")
        anna.scan(mine.url)
        ben.scan(theirs.url)
        (stolen,) = {form.fields["confirm_token"] for form in forms(ben.page)}
        answer = anna.post(f"{mine.url}/approve", form={"confirm_token": stolen})
        assert answer.status_code == 403

    def test_scanning_again_supersedes_the_older_page(self, host: Host, browser: Browser) -> None:
        phone = host.phone("anna")
        phone.scan(browser.url)
        older = phone.page
        # A second tap on Continue.
        phone.post(f"{browser.url}/scan", form={})
        phone.page = older
        answer = phone.tap("approve")
        assert answer.status_code == 409
        assert f'href="/qrlogin/s/{browser.token}"' in answer.text
        phone.open(browser.url)
        phone.tap("approve")
        assert host.row()["state"] == "approved"

    def test_a_second_tap_changes_nothing(self, host: Host, browser: Browser) -> None:
        phone = host.phone("anna")
        phone.scan(browser.url)
        confirm_page = phone.page
        phone.tap("approve")
        row = host.row()
        phone.page = confirm_page
        assert phone.tap("approve").status_code == 200
        assert host.row() == row

    def test_an_approval_may_be_taken_back(self, host: Host, browser: Browser) -> None:
        phone = host.phone("anna")
        phone.approve(browser.url)
        assert phone.tap("deny").status_code == 200
        assert browser.poll(since=3)["state"] == "denied"
        assert browser.who() == "nobody"

    def test_once_the_browser_is_logged_in_that_leads_to_what_logs_it_out(
        self, host: Host, browser: Browser
    ) -> None:
        phone = host.phone("anna")
        phone.approve(browser.url)
        browser.poll(since=1)
        browser.poll()
        answer = phone.tap("deny")
        assert answer.status_code == 200
        assert "The approval can no longer be taken back." in answer.text
        assert browser.who() == "anna"
        assert phone.buttons() == {"not-me"}
        phone.tap("not-me")
        assert browser.who() == "nobody"

    def test_the_whole_decision_time_may_be_used(self, host: Host, browser: Browser) -> None:
        phone = host.phone("anna")
        phone.scan(browser.url)
        host.clock.advance(119)
        assert phone.tap("approve").status_code == 200
        assert host.row()["state"] == "approved"

    def test_too_late_is_said(self, host: Host, browser: Browser) -> None:
        phone = host.phone("anna")
        phone.scan(browser.url)
        host.clock.advance(120)
        assert phone.tap("approve").status_code == 410
        assert phone.tap("deny").status_code == 410


@pytest.mark.parametrize("end", ["denied", "cancelled", "redeemed", "expired"])
def test_every_page_may_be_reloaded_at_any_time(host: Host, browser: Browser, end: str) -> None:
    phone = host.phone("anna")

    def reload() -> set[str]:
        row = host.row()
        phone.open(browser.url)
        assert phone.page.status_code == 200
        assert host.row() == row
        return phone.buttons()

    assert reload() == {"scan"}
    host.clock.advance(50)
    phone.tap("scan")
    host.clock.advance(50)
    assert reload() == {"approve", "deny"}
    phone.tap("approve")
    assert reload() == {"deny", "not-me"}
    browser.poll(since=1)
    if end == "denied":
        phone.tap("deny")
    elif end == "cancelled":
        browser.cancel()
    elif end == "redeemed":
        browser.poll()
    else:
        host.clock.advance(200)
    assert reload() == ({"not-me"} if end == "redeemed" else set())
    # Also the addresses of the forms, by the back button or a bookmark.
    for action in ("scan", "approve", "deny"):
        answer = phone.get(f"{browser.url}/{action}", Accept=PAGE)
        assert answer.headers["Location"] == f"/qrlogin/s/{browser.token}"
