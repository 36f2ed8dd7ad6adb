"""What people do with the two devices."""

from __future__ import annotations

import io
import re

import zxingcpp
from PIL import Image
from playwright.sync_api import Error
from playwright.sync_api import expect
from playwright.sync_api import Locator
from playwright.sync_api import Page

from example_app.seed import PASSWORD

#: The main page. Not "**/", which Playwright 1.50 finds in any address.
HOME = re.compile(r"/$")


def show_code(page: Page, path: str = "/login") -> None:
    """Open a page with the panel, and wait until it shows a code."""
    page.goto(path)
    expect(page.locator("qr-login [data-qr] svg")).to_be_visible()


def read_code(page: Page) -> str:
    """Decode the QR code from a screenshot of the whole window, as a phone's camera would."""
    page.wait_for_load_state()  # Without JavaScript the code is an image of its own.
    picture = Image.open(io.BytesIO(screenshot(page)))
    qr_code = zxingcpp.barcode_formats_from_str("QRCode")
    codes = zxingcpp.read_barcodes(picture, formats=qr_code)
    assert len(codes) == 1, "There is no QR code in the screenshot."
    return str(codes[0].text)


def screenshot(page: Page) -> bytes:
    """Take a picture of the window; Chromium refuses now and then while it moves on to a page."""
    for _ in range(5):
        try:
            return page.screenshot()
        except Error as error:
            refusal = error
    raise refusal


def log_in(phone: Page, username: str = "ann") -> None:
    """Log in with the password, on the page that asks for it."""
    phone.get_by_label("Name").fill(username)
    phone.get_by_label("Password").fill(PASSWORD)
    phone.get_by_role("button", name="Log in").click()


def scan(phone: Page, url: str) -> None:
    """Open the code's link, pass the login if asked, and tap *Continue*."""
    phone.goto(url)
    if "/login" in phone.url:
        log_in(phone)
    phone.get_by_role("button", name=re.compile("^Continue as ")).click()


def number_on(page: Page) -> str:
    """Read the number that a browser shows after the scan."""
    number = page.locator(".qrlogin-number strong")
    expect(number).to_have_text(re.compile(r"^\d\d$"))
    return number.inner_text()


def wrong_number(choices: Locator, number: str) -> str:
    """Read one of the other numbers that a phone offers."""
    expect(choices).to_have_count(3)
    return next(choice for choice in choices.all_inner_texts() if choice != number)


def approve(phone: Page, page: Page) -> None:
    """Tap the number that the browser shows."""
    phone.get_by_role("button", name=number_on(page), exact=True).click()


def expect_state(page: Page, state: str) -> None:
    """Wait until the panel has reached a state, whether or not all of it is seen."""
    expect(page.locator(f"qr-login[state={state}]")).to_have_count(1)


def expect_shown(page: Page, state: str) -> None:
    """Wait until the panel shows a state."""
    section = page.locator(f"qr-login[state={state}] section[data-state~={state}]")
    expect(section).to_be_visible()
