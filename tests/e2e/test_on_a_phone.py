"""The panel on a phone's own screen, where there is nothing to scan."""

from __future__ import annotations

import collections.abc as c
import pathlib
import typing as t

import pytest
from playwright.sync_api import expect
from playwright.sync_api import Page

from . import steps
from .conftest import NewContext
from .conftest import PHONE
from .panel_host import PanelHost
from .panel_host import serving

CANNOT_SCAN = "This is a phone, which cannot scan its own screen."
TURNED: t.Final = PHONE | {"viewport": {"width": 844, "height": 390}}


@pytest.fixture
def host(tmp_path: pathlib.Path) -> c.Iterator[PanelHost]:
    """A host without an app."""
    with serving(PanelHost(tmp_path / "host")) as host:
        yield host


def open_panel(page: Page, path: str = "/full") -> None:
    page.goto(path)
    steps.expect_state(page, "pending")


@pytest.mark.parametrize("device", [PHONE, TURNED], ids=["upright", "turned"])
def test_the_panel_says_so_and_has_the_code_for_who_wants_it_anyway(
    new_context: NewContext, host: PanelHost, device: dict[str, t.Any]
) -> None:
    page = new_context(base_url=host.url, **device).new_page()
    open_panel(page, "/full?next=/docs")
    expect(page.get_by_text(CANNOT_SCAN)).to_be_visible()
    expect(page.get_by_role("img", name="QR code")).to_be_hidden()
    other = page.get_by_role("link", name="Log in another way")
    expect(other).to_have_attribute("href", "/login?next=%2Fdocs")
    expect(page.get_by_text("Open in the app")).to_be_hidden()
    page.get_by_text("Show the code anyway").press("Enter")
    code = page.get_by_role("img", name="QR code")
    expect(code).to_be_visible()
    code.scroll_into_view_if_needed()
    host.scan(steps.read_code(page))
    steps.expect_shown(page, "scanned")


@pytest.mark.parametrize("path", ["/full", "/compact"])
def test_the_panel_is_no_higher_than_what_it_says(
    new_context: NewContext, host: PanelHost, path: str
) -> None:
    page = new_context(base_url=host.url, **PHONE).new_page()
    open_panel(page, path)
    heights = [
        page.locator(selector).evaluate("(element) => element.clientHeight")
        for selector in ("qr-login", "qr-login > section:visible")
    ]
    assert heights[0] - heights[1] < 60


@pytest.mark.parametrize(
    "device",
    [
        {"viewport": {"width": 390, "height": 844}},
        {"viewport": {"width": 1024, "height": 768}, "has_touch": True, "is_mobile": True},
    ],
    ids=["a narrow window", "a tablet"],
)
def test_other_screens_show_the_code_at_once(
    new_context: NewContext, host: PanelHost, device: dict[str, t.Any]
) -> None:
    page = new_context(base_url=host.url, **device).new_page()
    steps.show_code(page, "/full")
    expect(page.get_by_text(CANNOT_SCAN)).to_be_hidden()
    expect(page.get_by_text("Show the code anyway")).to_be_hidden()


def test_where_the_app_offers_it_the_button_opens_it_with_the_newest_code(
    new_context: NewContext, host: PanelHost
) -> None:
    host.qrlogin.app_link(lambda url, token: f"harbour-app://qr?token={token}")
    page = new_context(base_url=host.url, **PHONE).new_page()
    open_panel(page)
    button = page.get_by_role("link", name="Open in the app")
    expect(button).to_be_visible()
    first = button.get_attribute("href")
    assert first is not None
    assert first.startswith("harbour-app://qr?token=")
    # The picture is renewed at half of its lifetime, and the link with it.
    host.clock.advance(40)
    expect(button).not_to_have_attribute("href", first)
    host.scan(str(button.get_attribute("href")).replace("=", "/"))
    steps.expect_shown(page, "scanned")


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", " JavaScript:alert(1)", "java\tscript:alert(1)", "data:,", "/x"]
)
def test_a_link_that_would_run_here_is_never_shown(
    new_context: NewContext, host: PanelHost, link: str
) -> None:
    page = new_context(base_url=host.url, **PHONE).new_page()

    def planted(route: t.Any) -> None:
        response = route.fetch()
        body = response.json()
        body["qr"]["app_link"] = link
        route.fulfill(response=response, json=body)

    page.route("**/qrlogin/requests", planted)
    open_panel(page)
    href = page.locator("[data-app-link]").get_attribute("href")
    # A path of this site is harmless; the server takes none.
    assert href == (f"{host.url}/x" if link == "/x" else "")


def test_without_javascript_it_is_the_same(new_context: NewContext, host: PanelHost) -> None:
    host.qrlogin.app_link(lambda url, token: f"harbour-app://qr?token={token}")
    page = new_context(base_url=host.url, java_script_enabled=False, **PHONE).new_page()
    page.goto("/qrlogin/")
    page.get_by_role("button", name="Show a code").click()
    expect(page.get_by_text(CANNOT_SCAN)).to_be_visible()
    expect(page.get_by_role("link", name="Log in another way")).to_be_visible()
    link = page.get_by_role("link", name="Open in the app").get_attribute("href")
    code = page.get_by_role("img", name="QR code")
    expect(code).to_be_hidden()
    page.get_by_text("Show the code anyway").press("Enter")
    expect(code).to_be_visible()
    host.scan(str(link).replace("=", "/"))
    page.get_by_role("button", name="Continue").click()
    expect(page.get_by_role("heading", name="Confirm on your phone")).to_be_visible()
