"""The six steps in each engine, with JavaScript and without, and what phones may answer."""

from __future__ import annotations

import re

from .conftest import NewWindow
from .window import Window


def test_a_browser_is_logged_in_by_a_phone_that_scans_its_screenshot(
    window: Window, phone: Window, server: str
) -> None:
    code = window.show_code(f"{server}/login")
    assert re.fullmatch(rf"{server}/qrlogin/s/[\w-]{{38}}", code)
    phone.open(code)
    phone.expect_url("/login")
    phone.log_in("tomas")
    phone.expect("Chrome|Firefox|Safari")
    phone.expect(r"127\.0\.0\.1")
    window.expect_state("pending")
    phone.click("Continue as Tomás Rivera")
    window.expect_state("scanned")
    window.expect("Tomás Rivera\\s+Confirm on your phone")
    avatar = "return document.querySelector('[data-state=scanned] [data-avatar] img').naturalWidth"
    assert window.wait(avatar) > 0
    phone.expect("You have not logged in with that browser")
    phone.click(window.number)
    window.expect_url("/$")
    window.expect("Logged in as Tomás Rivera. Not you\\?")
    window.expect("by QR code")
    phone.reload()
    phone.expect("The other browser is now logged in as Tomás Rivera")

    phone.open(f"{server}/qrlogin/devices")
    phone.expect("Where you are logged in")
    phone.click("Log out")
    phone.expect("None at the moment")
    window.reload()
    window.expect_url("/login")


def test_without_javascript_the_browser_is_logged_in_by_pressing_continue(
    new_window: NewWindow, phone: Window, server: str
) -> None:
    window = new_window(scripts=False)
    window.open(f"{server}/qrlogin/?next=/?from=qr")
    window.click("Show a code")
    window.expect("Show a fresh code")
    phone.scan(window.read_code())
    window.reload()
    window.expect("Confirm on your phone")
    number = window.number
    window.reload()
    assert window.number == number
    phone.click(number)
    phone.expect("Approved")
    window.reload()
    window.expect("Go on only if this is you")
    window.click("Log in as Ann Walker")
    window.expect_url(r"/\?from=qr$")
    window.expect("Logged in as Ann Walker")


def test_a_wrong_number_logs_nobody_in_and_the_next_code_does(
    window: Window, phone: Window, server: str
) -> None:
    phone.scan(window.show_code(f"{server}/qrlogin/"))
    number = window.number
    phone.click(f"(?!{number})\\d\\d")
    phone.expect("That is not the number on the other screen")
    window.expect_state("denied")
    window.expect("The number that was given on the phone was wrong")
    window.click("Show a new code")
    window.expect_state("pending")
    phone.scan(window.read_code())
    phone.click(window.number)
    window.expect("Logged in as Ann Walker")
