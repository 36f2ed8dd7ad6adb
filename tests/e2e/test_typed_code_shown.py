"""The code to type, on the browser that waits; typing it is tried elsewhere."""

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
    """A host where codes can be typed."""
    with serving(PanelHost(tmp_path / "host", QRLOGIN_USER_CODE=True)) as host:
        yield host


def code_of(host: PanelHost) -> str:
    """Return the newest code as it is shown: spaced, so that it is read letter by letter."""
    letters = host.rows()[-1]["user_code"]
    return " ".join(f"{letters[:4]}-{letters[4:]}")


@pytest.mark.parametrize("path", ["/full", "/compact"])
def test_it_is_behind_a_question_with_the_address(
    new_context: NewContext, host: PanelHost, path: str
) -> None:
    page = new_context(base_url=host.url).new_page()
    steps.show_code(page, path)
    code = page.locator("[data-user-code]")
    expect(code).to_be_hidden()
    page.get_by_text("No camera?").press("Enter")
    expect(code).to_have_text(code_of(host))
    address = host.url.removeprefix("http://")
    expect(page.get_by_text(f"{address}/qrlogin/code")).to_be_visible()
    expect(page.get_by_text("This is a new code.")).to_be_hidden()


def test_who_is_typing_is_told_when_it_runs_out(new_context: NewContext, host: PanelHost) -> None:
    page = new_context(base_url=host.url).new_page()
    steps.show_code(page, "/full")
    question = page.get_by_text("No camera?")
    question.press("Enter")
    first = code_of(host)
    host.clock.advance(301)
    told = page.get_by_text("This is a new code.")
    expect(told).to_be_visible()
    assert code_of(host) != first
    expect(page.get_by_role("status").filter(has=told)).to_contain_text(code_of(host))
    # Neither the disclosure nor the focus is lost meanwhile.
    expect(question).to_be_focused()


def test_polls_do_not_undo_what_is_selected(new_context: NewContext, host: PanelHost) -> None:
    page = new_context(base_url=host.url).new_page()
    steps.show_code(page, "/full")
    page.get_by_text("No camera?").press("Enter")
    page.locator("[data-user-code]").click()
    selected = "getSelection().toString()"
    assert page.evaluate(selected) == code_of(host)
    for _ in range(2):
        with page.expect_response("**/poll"):
            pass
    assert page.evaluate(selected) == code_of(host)


def test_without_javascript_it_is_the_same(new_context: NewContext, host: PanelHost) -> None:
    page = new_context(base_url=host.url, java_script_enabled=False).new_page()
    page.goto("/qrlogin/")
    page.get_by_role("button", name="Show a code").click()
    page.get_by_text("No camera?").press("Enter")
    expect(page.get_by_text(code_of(host), exact=True)).to_be_visible()


def test_where_codes_cannot_be_typed_there_is_no_question(page: Page) -> None:
    steps.show_code(page)
    expect(page.get_by_text("No camera?")).to_have_count(0)
