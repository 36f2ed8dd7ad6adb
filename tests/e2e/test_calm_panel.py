"""Nothing jumps, moves or is said twice while states follow each other."""

from __future__ import annotations

import collections.abc as c
import pathlib
import typing as t

import pytest
from playwright.sync_api import expect
from playwright.sync_api import FloatRect
from playwright.sync_api import Page

from . import steps
from .conftest import NewContext
from .panel_host import FONTS
from .panel_host import PanelHost
from .panel_host import serving

#: Adds up how far things moved by themselves, and collects what a screen reader is told.
WATCH: t.Final = """() => {
    window.shifts = [];
    new PerformanceObserver((list) => {
        window.shifts.push(...list.getEntries().map((each) => each.value));
    }).observe({ type: "layout-shift", buffered: true });
    window.heard = [];
    const status = document.querySelector("qr-login [data-status]");
    new MutationObserver(() => window.heard.push(status.innerText.split("\\n").join(" | ")))
        .observe(status, { childList: true, characterData: true, subtree: true });
    document.addEventListener("qr-login-redeemed", (event) => event.preventDefault());
}"""


@pytest.fixture
def host(tmp_path: pathlib.Path) -> c.Iterator[PanelHost]:
    """A host whose codes have a logo and can be typed, and that asks for the number."""
    config = {"QRLOGIN_USER_CODE": True, "QRLOGIN_CONFIRMATION": "match", "logo": True}
    with serving(PanelHost(tmp_path / "host", **config)) as host:
        yield host


@pytest.fixture(params=["/full", "/compact"])
def path(request: pytest.FixtureRequest) -> str:
    """The page, with the panel in one of its sizes."""
    return str(request.param)


@pytest.fixture(
    params=[
        name if name == "wide" else pytest.param(name, marks=pytest.mark.full) for name in FONTS
    ]
)
def font(request: pytest.FixtureRequest) -> str:
    """The name of a font of the page: lines break elsewhere in another."""
    return str(request.param)


@pytest.fixture(params=[320, 1280])
def page(request: pytest.FixtureRequest, new_context: NewContext, host: PanelHost) -> Page:
    """A narrow and a wide window."""
    return new_context(
        base_url=host.url, viewport={"width": request.param, "height": 900}
    ).new_page()


def watch(page: Page, path: str) -> None:
    steps.show_code(page, path)
    page.evaluate(WATCH)


def shifts(page: Page) -> t.Any:
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
    return page.evaluate("window.shifts")


def heard(page: Page) -> list[str]:
    return t.cast(list[str], page.evaluate("window.heard"))


def test_nothing_jumps_from_the_code_to_the_login_and_each_state_is_said_once(
    page: Page, path: str, font: str, host: PanelHost
) -> None:
    watch(page, f"{path}?font={font}")
    app = host.scan(steps.read_code(page))
    steps.expect_shown(page, "scanned")
    number = steps.number_on(page)
    page.context.set_offline(True)
    steps.expect_shown(page, "offline")
    page.context.set_offline(False)
    steps.expect_shown(page, "scanned")
    app.decide("approve", number=number)
    steps.expect_shown(page, "redeemed")
    assert shifts(page) == []
    asked = f"Anna Berg | Confirm on your phone | Your phone asks for this number | {number}"
    said = [text for text in heard(page) if not text.startswith("Anna Berg | Logging you in")]
    address = host.url.removeprefix("http://")
    lost = f"No connection | {address} cannot be reached. Check your network."
    assert said == [asked, lost, asked, "You are logged in"]


def test_nothing_jumps_when_codes_run_out_and_a_new_one_is_not_announced(
    page: Page, path: str, font: str, host: PanelHost
) -> None:
    watch(page, f"{path}?font={font}")
    code = page.locator("[data-qr]")
    first = code.inner_html()
    host.clock.advance(301)
    expect(code).not_to_have_js_property("innerHTML", first)
    steps.expect_shown(page, "pending")
    assert heard(page) == []
    host.scan(steps.read_code(page))
    steps.expect_shown(page, "scanned")
    host.clock.advance(121)
    steps.expect_shown(page, "expired")
    assert shifts(page) == []
    assert heard(page)[-1].startswith("The time ran out | ")


def test_with_reduced_motion_nothing_moves(new_context: NewContext, host: PanelHost) -> None:
    page = new_context(base_url=host.url, reduced_motion="reduce").new_page()
    steps.show_code(page, "/full")
    host.scan(steps.read_code(page))
    steps.expect_shown(page, "scanned")
    running = "document.getAnimations().filter((each) => each.playState === 'running').length"
    assert page.evaluate(running) == 0


def test_the_logo_is_in_the_middle_of_the_code(page: Page, path: str, host: PanelHost) -> None:
    steps.show_code(page, path)
    code = page.locator(".qrlogin-code").bounding_box()
    logo = page.locator(".qrlogin-logo").bounding_box()
    assert code is not None
    assert logo is not None
    assert logo["width"] == pytest.approx(0.15 * code["width"], abs=1)
    assert middle(logo) == pytest.approx(middle(code), abs=1)


def middle(box: FloatRect) -> tuple[float, float]:
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
