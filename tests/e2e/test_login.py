"""The six steps, with a screenshot of the code in between."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from playwright.sync_api import Page

from . import steps
from .conftest import NewContext


@pytest.mark.parametrize("ratio", [1, 2])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_browser_is_logged_in_by_a_phone_that_scans_its_screenshot(
    new_context: NewContext, phone: Page, scheme: str, ratio: int, server: str
) -> None:
    page = new_context(
        viewport={"width": 1280, "height": 800},
        color_scheme=scheme,
        device_scale_factor=ratio,
    ).new_page()
    steps.show_code(page)
    url = steps.read_code(page)
    assert re.fullmatch(rf"{server}/qrlogin/s/[\w-]{{38}}", url)

    phone.goto(url)
    expect(phone).to_have_url(re.compile("/login"))
    steps.log_in(phone, "sakura")
    expect(phone.get_by_text("Chrome")).to_be_visible()
    expect(phone.get_by_text("127.0.0.1", exact=True)).to_be_visible()
    steps.expect_shown(page, "pending")
    phone.get_by_role("button", name=re.compile("^Continue as ")).click()

    steps.expect_shown(page, "scanned")
    name = page.locator("qr-login [data-state=scanned] [data-name]").inner_text()
    avatar = page.locator("qr-login [data-state=scanned] [data-avatar] img")
    expect(avatar).to_be_visible()
    # The browser is new to this person.
    expect(phone.get_by_text("You have not logged in with that browser")).to_be_visible()
    polls: list[str] = []
    page.on("request", lambda r: polls.append(r.url) if r.url.endswith("/poll") else None)
    steps.approve(phone, page)
    page.wait_for_url(steps.HOME)
    # The one that was held is answered at once, and the next one logs in.
    assert len(polls) <= 2
    expect(page.get_by_text(f"Logged in as {name}. Not you?")).to_be_visible()
    expect(page.get_by_text("by QR code", exact=False).first).to_be_visible()

    phone.reload()
    expect(phone.get_by_role("heading", name="Logged in")).to_be_visible()
    page.get_by_role("button", name="Log out").click()
    expect(page).to_have_url(re.compile("/login"))


def test_without_javascript_the_browser_is_logged_in_by_pressing_continue(
    new_context: NewContext, phone: Page
) -> None:
    page = new_context(java_script_enabled=False).new_page()
    page.goto("/qrlogin/?next=/?from=qr")
    page.get_by_role("button", name="Show a code").click()
    url = steps.read_code(page)
    steps.scan(phone, url)
    page.get_by_role("button", name="Continue").click()
    steps.approve(phone, page)
    expect(phone.get_by_role("heading", name="Approved")).to_be_visible()
    page.get_by_role("button", name="Continue").click()
    expect(page).to_have_url(re.compile(r"/\?from=qr$"))
    expect(page.get_by_text(re.compile("^Logged in as"))).to_be_visible()


def test_denying_on_the_phone_shows_on_the_browser_which_may_try_again(
    page: Page, phone: Page
) -> None:
    steps.show_code(page, "/qrlogin/")
    steps.scan(phone, steps.read_code(page))
    phone.get_by_role("button", name="Deny").click()
    expect(phone.get_by_role("heading", name="Denied")).to_be_visible()
    steps.expect_shown(page, "denied")
    page.get_by_role("button", name="Show a new code").click()
    steps.expect_shown(page, "pending")


def test_this_is_not_me_withdraws_the_request_and_shows_a_new_code(page: Page, phone: Page) -> None:
    steps.show_code(page)
    url = steps.read_code(page)
    steps.scan(phone, url)
    page.get_by_role("button", name="This is not me, start over").click()
    steps.expect_shown(page, "pending")
    assert steps.read_code(page) != url
    phone.get_by_role("button", name=re.compile(r"^\d\d$")).first.click()
    expect(phone.get_by_role("button", name=re.compile(r"^\d\d$"))).to_have_count(0)


def test_an_approval_can_be_taken_back_while_the_browser_is_away(page: Page, phone: Page) -> None:
    steps.show_code(page)
    steps.scan(phone, steps.read_code(page))
    number = steps.number_on(page)
    page.context.set_offline(True)
    phone.get_by_role("button", name=number, exact=True).click()
    phone.get_by_role("button", name="Take it back").click()
    expect(phone.get_by_role("heading", name="Denied")).to_be_visible()
    page.context.set_offline(False)
    steps.expect_shown(page, "denied")


def test_two_tabs_of_one_browser_show_and_redeem_codes_of_their_own(
    page: Page, phone: Page
) -> None:
    other = page.context.new_page()
    steps.show_code(page)
    steps.show_code(other)
    first, second = steps.read_code(page), steps.read_code(other)
    assert first != second
    steps.scan(phone, first)
    steps.approve(phone, page)
    page.wait_for_url(steps.HOME)
    steps.expect_shown(other, "pending")
    other.reload()
    expect(other).to_have_url(steps.HOME)


def test_the_panel_works_under_a_policy_that_allows_nothing_but_this_site(
    page: Page,
) -> None:
    # The example sends default-src 'self'; Trusted Types come on top.
    def stricter(route: object) -> None:
        response = route.fetch()  # type: ignore[attr-defined]
        policy = "default-src 'self'; require-trusted-types-for 'script'"
        route.fulfill(  # type: ignore[attr-defined]
            response=response, headers=response.headers | {"content-security-policy": policy}
        )

    page.route("**/login", stricter)
    steps.show_code(page)
    steps.read_code(page)
