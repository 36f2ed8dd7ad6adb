"""How sure the person on the phone has to be, and what they can do afterwards."""

from __future__ import annotations

import re

from playwright.sync_api import expect
from playwright.sync_api import Page

from . import steps
from .conftest import NewContext
from .conftest import PHONE

NEW_BROWSER = "You have not logged in with that browser"


def log_in_by_code(page: Page, phone: Page) -> None:
    """Run the whole flow, and end on the home page."""
    steps.show_code(page)
    steps.scan(phone, steps.read_code(page))
    steps.approve(phone, page)
    page.wait_for_url(steps.HOME)


def test_a_wrong_number_ends_the_request_and_both_sides_say_so(page: Page, phone: Page) -> None:
    steps.show_code(page)
    steps.scan(phone, steps.read_code(page))
    number = steps.number_on(page)
    choices = phone.locator(".qrlogin-choices button")
    wrong = steps.wrong_number(choices, number)
    phone.get_by_role("button", name=wrong, exact=True).click()
    expect(phone.get_by_role("heading", name="not the number")).to_be_visible()
    steps.expect_shown(page, "denied")
    denied = page.locator("qr-login [data-state=denied]")
    expect(denied.get_by_text("The number that was given on the phone was wrong.")).to_be_visible()
    expect(denied.get_by_text("Denied on the phone")).to_be_hidden()
    phone.go_back()
    phone.reload()
    expect(phone.get_by_role("heading", name="The number was wrong")).to_be_visible()


def test_enter_in_the_box_of_the_form_chooses_no_number(page: Page, phone: Page) -> None:
    steps.show_code(page)
    steps.scan(phone, steps.read_code(page))
    steps.number_on(page)
    assert phone.evaluate("document.documentElement.scrollWidth") == PHONE["viewport"]["width"]
    with phone.expect_request("**/approve") as sent, phone.expect_navigation():
        phone.get_by_label("Keep that browser signed in").press("Enter")
    assert "number=" not in (sent.value.post_data or "")
    steps.approve(phone, page)
    page.wait_for_url(steps.HOME)


def test_a_known_browser_is_no_new_one_but_a_number_is_asked_for_while_nothing_else_is_known(
    page: Page, phone: Page
) -> None:
    log_in_by_code(page, phone)
    page.get_by_role("button", name="Log out").click()
    steps.show_code(page)
    phone.goto(steps.read_code(page))
    # All is on one computer here, and 127.0.0.1 says nothing of a network: a tap is not enough.
    expect(phone.get_by_text(NEW_BROWSER)).to_be_hidden()
    phone.get_by_role("button", name=re.compile("^Continue as ")).click()
    steps.approve(phone, page)
    page.wait_for_url(steps.HOME)


def test_a_number_can_be_typed(new_context: NewContext, strict_server: str) -> None:
    page = new_context(base_url=strict_server).new_page()
    phone = new_context(base_url=strict_server, **PHONE).new_page()
    steps.show_code(page)
    steps.scan(phone, steps.read_code(page))
    phone.get_by_label("Type the number").fill(steps.number_on(page))
    phone.get_by_role("button", name="Approve").click()
    page.wait_for_url(steps.HOME)


def test_a_browser_is_kept_signed_in_if_the_person_says_so(page: Page, phone: Page) -> None:
    steps.show_code(page)
    steps.scan(phone, steps.read_code(page))
    phone.get_by_label("Keep that browser signed in").check()
    steps.approve(phone, page)
    page.wait_for_url(steps.HOME)
    (session,) = (cookie for cookie in page.context.cookies() if cookie["name"] == "harbour")
    assert session["expires"] > 0


def test_this_was_not_me_logs_the_browser_out_at_its_next_request(page: Page, phone: Page) -> None:
    log_in_by_code(page, phone)
    phone.reload()
    phone.get_by_role("button", name="This wasn't me").click()
    expect(phone.get_by_role("heading", name="Ended")).to_be_visible()
    page.goto("/")
    expect(page).to_have_url(re.compile("/login"))


def test_the_devices_page_ends_a_login(page: Page, phone: Page) -> None:
    log_in_by_code(page, phone)
    phone.goto("/")
    phone.get_by_role("link", name="Where you are logged in").click()
    phone.get_by_role("button", name="Log out", exact=True).first.click()  # The newest.
    page.goto("/")
    expect(page).to_have_url(re.compile("/login"))


def test_this_was_not_me_ends_a_login_that_is_only_approved_yet(page: Page, phone: Page) -> None:
    steps.show_code(page)
    steps.scan(phone, steps.read_code(page))
    number = steps.number_on(page)
    page.context.set_offline(True)
    phone.get_by_role("button", name=number, exact=True).click()
    phone.get_by_role("button", name="This wasn't me").click()
    expect(phone.get_by_role("heading", name="Ended")).to_be_visible()
    page.context.set_offline(False)
    steps.expect_shown(page, "denied")
