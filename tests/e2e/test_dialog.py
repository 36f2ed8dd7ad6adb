"""The button that opens the panel in a dialog."""

from __future__ import annotations

import collections.abc as c
import pathlib

import pytest
from playwright.sync_api import expect
from playwright.sync_api import Page

from . import steps
from .conftest import NewContext
from .panel_host import PanelHost
from .panel_host import serving


@pytest.fixture
def host(tmp_path: pathlib.Path) -> c.Iterator[PanelHost]:
    """A host whose login form has the button in it."""
    with serving(PanelHost(tmp_path / "host")) as host:
        yield host


@pytest.fixture
def page(new_context: NewContext, host: PanelHost) -> Page:
    """Its login page."""
    page = new_context(base_url=host.url, viewport={"width": 1280, "height": 800}).new_page()
    page.goto("/button")
    expect(page.get_by_role("button", name="Log in with your phone")).to_be_visible()
    return page


def open_dialog(page: Page) -> None:
    page.get_by_role("button", name="Log in with your phone").press("Enter")
    steps.expect_shown(page, "pending")


def test_no_code_is_asked_for_before_it_is_opened_and_a_login_goes_on_as_usual(
    page: Page, host: PanelHost
) -> None:
    expect(page.locator("qr-login")).to_have_count(1)
    assert host.rows() == []
    open_dialog(page)
    host.scan(steps.read_code(page)).decide("approve")
    page.wait_for_url(steps.HOME)
    expect(page.get_by_text("anna")).to_be_visible()


def test_by_keyboard_it_is_opened_closed_and_left_where_one_was(
    page: Page, host: PanelHost
) -> None:
    button = page.get_by_role("button", name="Log in with your phone")
    page.get_by_label("Name").focus()
    page.keyboard.press("Tab")
    expect(button).to_be_focused()
    page.keyboard.press("Space")
    dialog = page.get_by_role("dialog", name="Log in with your phone")
    expect(dialog).to_be_visible()
    steps.expect_shown(page, "pending")
    inside = "document.activeElement.closest('dialog') !== null"
    assert page.evaluate(inside)
    expect(page.get_by_role("button", name="Close")).to_be_focused()
    with page.expect_response("**/cancel"):
        page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(button).to_be_focused()
    assert [row["state"] for row in host.rows()] == ["cancelled"]


@pytest.mark.parametrize("state", ["pending", "scanned"])
def test_closing_withdraws_the_code_and_opening_asks_for_another(
    page: Page, host: PanelHost, state: str
) -> None:
    open_dialog(page)
    code = steps.read_code(page)
    if state == "scanned":
        host.scan(code)
        steps.expect_shown(page, "scanned")
    with page.expect_response("**/cancel"):
        page.get_by_role("button", name="Close").click()
    expect(page.locator("qr-login[state=cancelled]")).to_have_count(1)
    open_dialog(page)
    assert steps.read_code(page) != code
    assert [row["state"] for row in host.rows()] == ["cancelled", "pending"]


def test_starting_over_stays_in_the_dialog(page: Page, host: PanelHost) -> None:
    open_dialog(page)
    host.scan(steps.read_code(page))
    steps.expect_shown(page, "scanned")
    page.get_by_role("button", name="This is not me, start over").press("Enter")
    steps.expect_shown(page, "pending")
    assert page.evaluate("document.activeElement.closest('qr-login section') !== null")


def test_what_closes_it_lies_within_its_card(page: Page) -> None:
    open_dialog(page)
    card, close = (
        page.locator(selector).bounding_box() for selector in ("qr-login", ".qrlogin-close")
    )
    assert card is not None
    assert close is not None
    assert close["y"] >= card["y"]
    assert close["x"] + close["width"] <= card["x"] + card["width"]


def test_without_javascript_it_is_a_link_to_the_page(
    new_context: NewContext, host: PanelHost
) -> None:
    page = new_context(base_url=host.url, java_script_enabled=False).new_page()
    page.goto("/button?next=/full")
    expect(page.get_by_role("button", name="Log in with your phone")).to_be_hidden()
    page.get_by_role("link", name="Log in with your phone").click()
    expect(page).to_have_url(f"{host.url}/qrlogin/?next=/full")
    page.get_by_role("button", name="Show a code").click()
    host.scan(steps.read_code(page))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Confirm on your phone")).to_be_visible()
