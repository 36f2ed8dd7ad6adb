"""The phone's pages in each engine, loaded again at each step, and the page that scans."""

from __future__ import annotations

import pathlib

from .window import Window


def test_the_phone_may_load_each_of_its_pages_again(
    window: Window, phone: Window, server: str
) -> None:
    phone.open(window.show_code(f"{server}/login"))
    phone.expect("Log in to answer the code")
    phone.reload()
    phone.log_in()
    phone.expect("Continue as Ann Walker")
    phone.reload()
    window.expect_state("pending")
    phone.click("Continue as Ann Walker")
    phone.expect("Approve this login")
    phone.reload()
    phone.expect("Approve this login|Continue as Ann Walker")
    window.expect_state("scanned")
    if "Continue as" in phone.text:
        phone.click("Continue as Ann Walker")
    phone.click("Deny.*")
    phone.expect("Denied")
    window.expect_state("denied")
    phone.reload()
    phone.expect("Denied")


def test_all_of_a_page_fits_the_width_of_a_phone(
    window: Window, phone: Window, server: str
) -> None:
    code = window.show_code(f"{server}/login")
    phone.open(f"{server}/login")
    phone.log_in()
    phone.expect("Logged in as")
    for url in (code, f"{server}/qrlogin/scan", f"{server}/qrlogin/devices"):
        phone.open(url)
        wider = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert phone.run(wider) <= 0


def test_the_page_that_scans_reads_a_screenshot(
    window: Window, phone: Window, server: str, tmp_path: pathlib.Path
) -> None:
    code = window.show_code(f"{server}/login")
    picture = tmp_path / "screenshot.png"
    picture.write_bytes(window.screenshot())
    phone.open(f"{server}/qrlogin/scan")
    phone.log_in()
    phone.expect("Choose a picture")
    phone.choose("input[type=file]:not([capture])", picture)
    phone.expect_url(r"/qrlogin/s/[\w-]{38}$")
    assert phone.url == code
    phone.click("Continue as Ann Walker")
    window.expect_state("scanned")
    phone.click(window.number)
    window.expect("Logged in as Ann Walker")


def test_the_page_that_scans_tells_what_it_cannot_read(
    phone: Window, server: str, tmp_path: pathlib.Path
) -> None:
    picture = tmp_path / "picture.png"
    picture.write_text("not a picture")
    phone.open(f"{server}/qrlogin/scan")
    phone.log_in()
    phone.expect("Choose a picture")
    phone.choose("input[type=file]:not([capture])", picture)
    phone.expect("This file is not a picture that this browser can read")
