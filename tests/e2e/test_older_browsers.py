"""Browsers of five years, without what came since December 2021; and what is shown where we fail.

A fault of ours is never told as one of the network, the picture or the person.
"""

from __future__ import annotations

import re
import typing as t

import pytest
from playwright.sync_api import expect
from playwright.sync_api import Page

from . import steps
from .conftest import NewContext
from .conftest import PHONE
from .scanning import choose
from .scanning import expect_found
from .scanning import expect_said
from .scanning import open_scanner
from .scanning import png

#: Functions that Chrome 96, Firefox 95 or Safari 15.2 does not have.
NEWER: t.Final = [
    "AbortSignal.any",
    "AbortSignal.timeout",
    "AbortSignal.prototype.throwIfAborted",
    "Array.fromAsync",
    "Array.prototype.at",
    "Array.prototype.findLast",
    "Array.prototype.toSorted",
    "Array.prototype.with",
    "BarcodeDetector",
    "CSSStyleSheet.prototype.replaceSync",
    "Element.prototype.checkVisibility",
    "HTMLDialogElement.prototype.showModal",
    "HTMLElement.prototype.showPopover",
    "Iterator",
    "Object.groupBy",
    "Object.hasOwn",
    "OffscreenCanvas",
    "Promise.try",
    "Promise.withResolvers",
    "Response.json",
    "Set.prototype.union",
    "String.prototype.at",
    "URL.canParse",
    "URL.parse",
    "crypto.randomUUID",
    "navigator.locks",
    "scheduler",
    "structuredClone",
]
#: Takes functions away, wherever they are inherited from.
DELETE: t.Final = """const own = Object.hasOwn;
for (const name of %s) {
    const path = name.split(".");
    const last = path.pop();
    let owner = path.reduce((each, part) => each?.[part], globalThis);
    while (owner && !own(owner, last)) owner = Object.getPrototypeOf(owner);
    if (owner) delete owner[last];
}"""
LIVE: t.Final = "(name) => name.split('.').reduce((each, part) => each?.[part], globalThis)"


def without(page: Page, *names: str) -> Page:
    """Take functions away before the page loads."""
    page.add_init_script(DELETE % list(names))
    return page


def expect_failed(page: Page, said: list[str]) -> None:
    """Wait for the sentence and the form, which shows the code on a page of its own."""
    expect(page.locator("qr-login[state=failed]")).to_be_visible()
    expect(page.locator(".qrlogin-failed")).to_be_visible()
    expect(page.locator("qr-login section:visible")).to_have_count(0)
    expect(page.get_by_text("No connection")).to_be_hidden()
    assert len(said) == 1, said
    said.clear()
    page.get_by_role("button", name="Show a code").click()
    expect(page).to_have_url(re.compile("/qrlogin/requests/"))
    assert "/qrlogin/s/" in steps.read_code(page)


def test_a_browser_of_five_years_ago_is_logged_in(page: Page, phone: Page) -> None:
    steps.show_code(without(page, *NEWER))
    assert [name for name in NEWER if page.evaluate(LIVE, name)] == []
    steps.scan(phone, steps.read_code(page))
    steps.approve(phone, page)
    expect(page).to_have_url(re.compile("/$"))


def test_a_browser_of_five_years_ago_tells_a_lost_connection_and_recovers(page: Page) -> None:
    steps.show_code(without(page, *NEWER))
    page.context.set_offline(True)
    steps.expect_shown(page, "offline")
    page.context.set_offline(False)
    steps.expect_shown(page, "pending")


def test_a_phone_of_five_years_ago_reads_a_picture(page: Page, phone: Page) -> None:
    steps.show_code(page)
    code = steps.read_code(page)
    open_scanner(without(phone, *NEWER))
    choose(phone, png("https://elsewhere.example/"))
    expect_said(phone, "This is not a login code of 127.0.0.1")
    choose(phone, png("no address at all"))
    expect_said(phone, "This is not a login code of 127.0.0.1")
    choose(phone, png(code))
    expect_found(phone)


@pytest.mark.parametrize(
    "fault",
    [
        "delete globalThis.AbortController;",
        "delete Element.prototype.replaceChildren;",
        "JSON.stringify = () => { throw new RangeError('Not ours.'); };",
        "globalThis.fetch = undefined;",
        "globalThis.fetch = async () => { throw new Error('Of a script of the host.'); };",
    ],
)
def test_a_fault_of_the_panel_is_told_as_one_and_the_form_without_javascript_is_shown(
    page: Page, said: list[str], fault: str
) -> None:
    page.add_init_script(fault)
    page.goto("/qrlogin/")
    expect_failed(page, said)


def test_a_fault_of_the_panel_is_an_event(page: Page, said: list[str]) -> None:
    page.add_init_script(
        "globalThis.fetch = undefined;"
        "document.addEventListener('qr-login-failed', () => (globalThis.told = true));"
    )
    page.goto("/login")
    page.wait_for_function("globalThis.told")
    said.clear()


def test_a_panel_whose_script_does_not_load_shows_the_form(page: Page) -> None:
    page.route("**/client.js", lambda route: route.abort())
    page.goto("/qrlogin/")
    page.get_by_role("button", name="Show a code").click()
    assert "/qrlogin/s/" in steps.read_code(page)


def test_a_fault_of_the_scanner_is_not_told_as_one_of_the_picture_or_the_network(
    new_context: NewContext, said: list[str]
) -> None:
    phone = without(new_context(**PHONE).new_page(), "createImageBitmap")
    open_scanner(phone)
    choose(phone, png("https://elsewhere.example/"))
    expect_said(phone, "The scanner does not work in this browser.")
    assert len(said) == 1
    said.clear()


def test_a_reader_of_codes_that_does_not_load_is_told_as_that(phone: Page) -> None:
    phone.route("**/vendor/**", lambda route: route.abort())
    open_scanner(without(phone, "BarcodeDetector"))
    choose(phone, png("https://elsewhere.example/"))
    expect_said(phone, "A part of this page could not be loaded.")


def test_a_file_that_is_no_picture_is_told_as_that(phone: Page) -> None:
    open_scanner(phone)
    choose(phone, b"no picture")
    expect_said(phone, "This file is not a picture that this browser can read.")
