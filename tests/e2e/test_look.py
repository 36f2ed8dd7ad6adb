"""The looks of the pages: what fits on a phone, what a host can change, what stays off paper."""

from __future__ import annotations

import collections.abc as c
import logging
import pathlib
import re

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import expect
from playwright.sync_api import Page

from . import gallery

STATIC = pathlib.Path(__file__).parents[2] / "flask_qrlogin/static/qrlogin"
#: Five lines, as in the documentation.
THEME = """
:root {
  --qrlogin-accent: light-dark(rgb(109, 40, 217), rgb(196, 181, 253));
  --qrlogin-on-accent: light-dark(#fff, #2e1065);
  --qrlogin-radius: 4px;
}"""
_PHYSICAL = r"(?:left|right|(?<!-)\b(?:width|height)):|text-align: (?:left|right)"
MOVING = "document.getAnimations().filter((each) => each.effect.target).length"


@pytest.fixture(scope="module")
def window(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[Page]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with gallery.served(tmp_path_factory.mktemp("gallery")) as url:
        context = gallery.context(browser, url, "phone")
        yield context.new_page()
        context.close()


@pytest.fixture
def page(window: Page) -> c.Iterator[Page]:
    yield window
    window.emulate_media(media="screen", **gallery.MODES["light"])


@pytest.mark.parametrize("name", ["confirm-tap", "confirm-match", "confirm-typed", "scan"])
def test_who_asks_the_warnings_and_the_answers_are_on_a_small_phones_first_screen(
    page: Page, name: str
) -> None:
    page.set_viewport_size({"width": 360, "height": 640})
    gallery.show(page, gallery.find(name))
    bottom = page.locator("button").last.evaluate(
        "(button) => button.getBoundingClientRect().bottom"
    )
    assert bottom <= 640


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_a_host_changes_colours_and_corners_in_five_lines(page: Page, mode: str) -> None:
    page.emulate_media(**gallery.MODES[mode])
    gallery.show(page, gallery.find("panel-idle"))
    page.evaluate(
        """(theme) => {
            const sheet = new CSSStyleSheet();
            sheet.replaceSync(theme);
            document.adoptedStyleSheets = [sheet];
        }""",
        THEME,
    )
    button = page.locator("section:visible .qrlogin-button")
    colour = {"light": "rgb(109, 40, 217)", "dark": "rgb(196, 181, 253)"}[mode]
    expect(button).to_have_css("background-color", colour)
    expect(button).to_have_css("border-top-left-radius", "3px")


def test_no_code_and_no_number_is_printed(page: Page) -> None:
    page.emulate_media(media="print")
    gallery.show(page, gallery.find("panel-number"))
    expect(page.locator(".qrlogin-number")).to_have_css("visibility", "hidden")
    expect(page.locator(".qrlogin-picture")).to_have_css("visibility", "hidden")


def test_something_moves_while_one_waits_unless_the_person_wants_no_motion(page: Page) -> None:
    page.emulate_media(reduced_motion="no-preference")
    gallery.show(page, gallery.find("panel-scanned"))
    assert page.evaluate(MOVING)
    page.emulate_media(reduced_motion="reduce")
    assert not page.evaluate(MOVING)


def test_the_style_sheet_of_the_panel_is_small() -> None:
    assert (STATIC / "qrlogin.css").stat().st_size <= 9728


by_sheet = pytest.mark.parametrize("path", sorted(STATIC.glob("*.css")), ids=lambda path: path.name)


@by_sheet
def test_no_rule_needs_a_browser_of_after_2021(path: pathlib.Path) -> None:
    """Older ones drop rules within rules, and colours that depend on the scheme."""
    style = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    inner = re.sub(r"\{[^{}]*\}", ";", style)  # Without the declarations of each rule.
    assert [at for at in re.findall(r"([^{};]+)\{", inner) if not at.strip().startswith("@")] == []
    guarded = re.sub(r"@supports \(color: light-dark\(.*?\n\}", "", style, flags=re.DOTALL)
    assert "light-dark" not in guarded
    plain = style.replace("min-block-size: 100vh; min-block-size: 100dvb;", "")
    assert not re.findall(r"\d(?:lh|[dls]?v[bi]|[dls]v[hw])\b", plain)


@by_sheet
def test_no_rule_knows_left_or_right_and_no_colour_stands_outside_of_a_property(
    path: pathlib.Path,
) -> None:
    style = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.DOTALL)
    assert not re.findall(_PHYSICAL, style)
    used = re.sub(r"--qrlogin-[\w-]+: [^;]+;", "", style)
    # The quiet zone of a code is light in every theme, and what is behind a dialog is dimmed.
    assert set(re.findall(r"#\w{3,8}\b|rgb\([^)]*\)", used)) <= {"#fff", "rgb(0 0 0 / .5)"}
