"""The page that scans, with pictures, and what reads them in which browser."""

from __future__ import annotations

import io
import typing as t

import pytest
from PIL import Image
from playwright.sync_api import expect
from playwright.sync_api import Page

from . import steps
from .scanning import asked_for
from .scanning import choose
from .scanning import expect_found
from .scanning import expect_said
from .scanning import open_scanner
from .scanning import png
from .scanning import TOKEN

#: Answers for every picture what a test has put into `seen`.
DETECTOR = """
    globalThis.seen = [];
    globalThis.BarcodeDetector = class {
      static async getSupportedFormats() { return ["qr_code"]; }
      async detect() { return globalThis.seen.map((rawValue) => ({ rawValue })); }
    };
"""
BROKEN_DETECTOR = """
    globalThis.BarcodeDetector = class {
      static async getSupportedFormats() { return ["qr_code"]; }
      async detect() { throw new DOMException("Not here.", "NotSupportedError"); }
    };
"""


def test_a_screenshot_is_read_under_a_strict_policy(page: Page, phone: Page, server: str) -> None:
    def be_strict(route: t.Any) -> None:
        answer = route.fetch()
        policy = "default-src 'self'; require-trusted-types-for 'script'; trusted-types 'none'"
        headers = answer.headers | {"content-security-policy": policy}
        route.fulfill(response=answer, headers=headers)

    open_scanner(phone)
    phone.route("**/qrlogin/scan", be_strict)
    phone.reload()
    expect_said(phone, "The pictures stay on this device.")
    sent = asked_for(phone, server)
    steps.show_code(page)
    choose(phone, page.screenshot())
    expect_found(phone)
    # The decoder, and the page that was found: no picture leaves the browser.
    assert [url for url in sent if "/static/" not in url] == [phone.url]


def test_a_large_photo_is_read(page: Page, phone: Page) -> None:
    steps.show_code(page)
    photo = Image.new("RGB", (4800, 3600), (90, 90, 90))
    photo.paste(Image.open(io.BytesIO(page.screenshot())), (1700, 1300))
    file = io.BytesIO()
    photo.save(file, "PNG")
    open_scanner(phone)
    choose(phone, file.getvalue())
    expect_found(phone)


def test_a_bare_token_is_read_too(page: Page, phone: Page) -> None:
    steps.show_code(page)
    open_scanner(phone)
    choose(phone, png(steps.read_code(page).rpartition("/")[2]))
    expect_found(phone)


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example/qrlogin/s/" + TOKEN,
        "%(here)s.evil.example/qrlogin/s/" + TOKEN,
        "%(here)s/qrlogin/s/" + TOKEN[1:],
        "%(here)s/qrlogin/s/" + TOKEN + "/scan",
        "%(here)s/qrlogin/s/../../logout",
        "%(here)s/logout",
        "javascript:alert(1)",
        "hello",
    ],
)
def test_no_other_text_leads_anywhere(phone: Page, server: str, text: str) -> None:
    open_scanner(phone)
    choose(phone, png(text % {"here": server}))
    expect_said(phone, "This is not a login code of 127.0.0.1")
    assert phone.url == f"{server}/qrlogin/scan"


def test_a_file_without_a_code_and_one_that_is_no_picture_are_told(phone: Page) -> None:
    file = io.BytesIO()
    Image.new("RGB", (600, 400), "white").save(file, "PNG")
    open_scanner(phone)
    choose(phone, file.getvalue())
    expect_said(phone, "There is no code to be read in this picture.")
    choose(phone, b"not a picture")
    expect_said(phone, "This file is not a picture that this browser can read.")


# Who reads


def test_a_browser_that_reads_codes_loads_no_decoder(page: Page, phone: Page) -> None:
    steps.show_code(page)
    phone.add_init_script(DETECTOR)
    decoder = asked_for(phone, "/vendor/")
    open_scanner(phone)
    phone.evaluate("url => seen.push('https://evil.example/', url)", steps.read_code(page))
    choose(phone, png("whatever"))
    expect_found(phone)
    assert decoder == []


def test_a_browser_whose_reader_does_not_work_loads_one(page: Page, phone: Page) -> None:
    steps.show_code(page)
    phone.add_init_script(BROKEN_DETECTOR)
    decoder = asked_for(phone, "/vendor/")
    open_scanner(phone)
    choose(phone, page.screenshot())
    expect_found(phone)
    assert len(decoder) == 2


def test_a_decoder_that_cannot_be_loaded_is_told(phone: Page) -> None:
    open_scanner(phone)
    phone.route("**/vendor/**", lambda route: route.abort())
    choose(phone, png("whatever"))
    expect_said(phone, "A part of this page could not be loaded.")


def test_whoever_comes_back_may_scan_again(page: Page, phone: Page) -> None:
    steps.show_code(page)
    open_scanner(phone)
    choose(phone, page.screenshot())
    expect_found(phone)
    phone.go_back()
    expect_said(phone, "The pictures stay on this device.")
    expect(phone.get_by_role("button", name="Use the camera")).to_be_visible()
