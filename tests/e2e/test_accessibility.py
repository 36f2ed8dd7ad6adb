"""Every state of every page, for everybody: WCAG 2.2 AA, as far as a machine can tell."""

from __future__ import annotations

import collections.abc as c
import logging
import pathlib
import typing as t

import axe_playwright_python
import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Page

from . import gallery
from . import scenes

AXE = pathlib.Path(str(axe_playwright_python.__file__)).with_name("axe.min.js")
#: Runs axe; answers the violations, one line each.
FIND = """async (options) => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"], ...options });
    return violations.flatMap(({ id, nodes }) =>
        nodes.map((node) => `${id}: ${node.target} ${node.failureSummary}`));
}"""
#: What does not depend on colours is the same in light and dark. In forced colors axe compares the
#: -webkit-text-fill-color, which Chromium answers as if it were not forced; ours measures better.
OPTIONS: t.Final[dict[str, dict[str, t.Any]]] = {
    "light": {"rules": {"target-size": {"enabled": True}}},
    "dark": {"runOnly": {"type": "rule", "values": ["color-contrast"]}},
    "forced": {"rules": {"color-contrast": {"enabled": False}}},
}
MEASURE = pathlib.Path(__file__).with_name("measure.js")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[str]:
    """The pages that can be put into any state."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with gallery.served(tmp_path_factory.mktemp("gallery")) as url:
        yield url


@pytest.fixture(scope="module", params=["phone", pytest.param("desktop", marks=pytest.mark.full)])
def page(request: pytest.FixtureRequest, browser: Browser, site: str) -> c.Iterator[Page]:
    """A window of a size, for all states one after another."""
    yield from _window(browser, site, request.param)


@pytest.fixture(scope="module")
def small(browser: Browser, site: str) -> c.Iterator[Page]:
    yield from _window(browser, site, "small")


def _window(browser: Browser, site: str, size: str) -> c.Iterator[Page]:
    context = gallery.context(browser, site, size)
    page = context.new_page()
    page.add_init_script(path=AXE)
    page.add_init_script(path=MEASURE)
    yield page
    context.close()


all_scenes = pytest.mark.parametrize(
    "scene",
    [
        pytest.param(
            scene, id=scene.name, marks=[] if scene.name in scenes.USUAL else pytest.mark.full
        )
        for scene in scenes.SCENES
    ],
)


@all_scenes
def test_axe_and_the_contrast_find_nothing_in_light_dark_and_forced_colors(
    page: Page, scene: scenes.Scene
) -> None:
    gallery.show(page, scene)
    found: dict[str, list[str]] = {}
    for mode, media in gallery.MODES.items():
        page.emulate_media(**media)
        found[f"axe, {mode}"] = page.evaluate(FIND, OPTIONS[mode])
        found[f"contrast, {mode}"] = page.evaluate("measure.contrast()")
    page.emulate_media(**gallery.MODES["light"])
    assert {mode: faults for mode, faults in found.items() if faults} == {}


@all_scenes
def test_everything_fits_on_a_small_screen_and_can_be_tapped_and_spaced(
    small: Page, scene: scenes.Scene
) -> None:
    gallery.show(small, scene)
    found = {"overflow": small.evaluate("measure.overflow()")}
    found["targets"] = small.evaluate("measure.targets()")
    small.keyboard.press("Tab")  # After a click, browsers do not show where the focus is.
    found["focus"] = small.evaluate("measure.focus()")
    # WCAG 1.4.12; a style of the test is no style of the page, which its policy would refuse.
    small.evaluate("measure.space()")
    found["overflow when spaced"] = small.evaluate("measure.overflow()")
    small.evaluate("document.dir = 'rtl'")
    found["overflow from right to left"] = small.evaluate("measure.overflow()")
    assert {what: faults for what, faults in found.items() if faults} == {}


@pytest.mark.parametrize("language", ["ar", "de"])
@pytest.mark.parametrize("name", ["panel-number", "code", "confirm-match", "devices"])
def test_longer_words_and_the_other_direction_fit_too(
    small: Page, language: str, name: str
) -> None:
    gallery.show(small, gallery.find(name), language=language)
    html = small.locator("html")
    direction = "rtl" if language == "ar" else "ltr"
    assert (html.get_attribute("lang"), html.get_attribute("dir")) == (language, direction)
    assert small.evaluate("measure.overflow()") == []
