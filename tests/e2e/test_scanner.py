"""The page that scans, with a camera that films the code on the screen, and with none."""

from __future__ import annotations

import pathlib

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import expect
from playwright.sync_api import Page

from tests.chromium import launch_whole

from . import steps
from .conftest import NewContext
from .conftest import PHONE
from .scanning import asked_for
from .scanning import choose
from .scanning import expect_found
from .scanning import expect_said
from .scanning import filming
from .scanning import open_scanner
from .scanning import png
from .scanning import TOKEN
from .scanning import use_camera

NO_CAMERA = """
    navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("No.", "%s"); };
"""
#: Stands for a page of another computer over plain HTTP.
INSECURE = """
    Object.defineProperty(navigator, "mediaDevices", { value: undefined });
    Object.defineProperty(globalThis, "isSecureContext", { value: false });
"""
HIDE = """() => {
    Object.defineProperty(document, "hidden", { value: true, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_the_camera_finds_the_code_on_the_screen(
    page: Page, browser: Browser, server: str, tmp_path: pathlib.Path
) -> None:
    steps.show_code(page)
    with filming(browser, server, page.screenshot(), tmp_path) as phone:
        decoder = asked_for(phone, "/vendor/")
        open_scanner(phone)
        assert decoder == []
        use_camera(phone)
        expect_found(phone)
        assert [url.rpartition("/")[2] for url in decoder] == ["decode.js", "index.js"]
        phone.get_by_role("button", name="Continue as Ann Walker").click()
        steps.expect_shown(page, "scanned")


def test_the_code_of_another_site_is_refused_and_the_camera_goes_on(
    browser: Browser, server: str, tmp_path: pathlib.Path
) -> None:
    foreign = png(f"https://evil.example/qrlogin/s/{TOKEN}")
    with filming(browser, server, foreign, tmp_path) as phone:
        open_scanner(phone)
        use_camera(phone)
        expect_said(phone, "This is not a login code of 127.0.0.1")
        scanner = phone.locator("qr-scanner")
        expect(scanner).to_have_attribute("state", "scanning")
        video = phone.locator("video")
        expect(video).to_be_visible()
        track = video.evaluate_handle("video => video.srcObject.getTracks()[0]")
        assert track.evaluate("track => track.readyState") == "live"
        # By keyboard: the button that stops stands where the one was that started.
        expect(phone.get_by_role("button", name="Stop the camera")).to_be_focused()
        phone.keyboard.press("Enter")
        expect_said(phone, "The camera is off.")
        phone.wait_for_function("track => track.readyState === 'ended'", arg=track)
        expect(phone.get_by_role("button", name="Use the camera")).to_be_focused()
        # Nor while nobody looks.
        phone.keyboard.press("Enter")
        expect(scanner).to_have_attribute("state", "scanning")
        track = video.evaluate_handle("video => video.srcObject.getTracks()[0]")
        phone.evaluate(HIDE)
        expect_said(phone, "The camera is off.")
        phone.wait_for_function("track => track.readyState === 'ended'", arg=track)


def test_a_camera_that_comes_after_it_was_stopped_is_let_go(phone: Page) -> None:
    phone.add_init_script(
        "navigator.mediaDevices.getUserMedia = () => new Promise((given) => (globalThis.give = "
        "() => { globalThis.canvas = document.createElement('canvas'); "
        "globalThis.stream = canvas.captureStream(); given(stream); }));"
    )
    open_scanner(phone)
    use_camera(phone)
    expect_said(phone, "Starting the camera.")
    phone.get_by_role("button", name="Stop the camera").click()
    phone.evaluate("give()")
    phone.wait_for_function("stream.getTracks()[0].readyState === 'ended'")
    expect_said(phone, "The camera is off.")


@pytest.mark.parametrize(
    ("cause", "sentence"),
    [
        ("NotAllowedError", "The camera is not allowed here."),
        ("NotFoundError", "No camera was found."),
        ("NotReadableError", "The camera is in use."),
        ("UnknownError", "The camera does not work."),
    ],
)
def test_each_failure_of_the_camera_is_told_and_a_picture_still_works(
    new_context: NewContext, cause: str, sentence: str
) -> None:
    phone = new_context(**PHONE).new_page()
    phone.add_init_script(NO_CAMERA % cause)
    open_scanner(phone)
    use_camera(phone)
    expect_said(phone, sentence)
    expect(phone.get_by_role("button", name="Use the camera")).to_be_enabled()
    choose(phone, png(f"https://evil.example/qrlogin/s/{TOKEN}"))
    expect_said(phone, "This is not a login code of")


@pytest.mark.full
def test_chromium_s_own_refusal_is_told(browser: Browser, server: str) -> None:
    # Without windows it cannot ask, and so not be refused.
    flags = "--use-fake-device-for-media-stream", "--deny-permission-prompts"
    device = launch_whole(browser, *flags)
    try:
        phone = device.new_context(base_url=server, **PHONE).new_page()
        open_scanner(phone)
        use_camera(phone)
        expect_said(phone, "The camera is not allowed here. Allow it for 127.0.0.1")
    finally:
        device.close()


def test_a_page_over_plain_http_says_why_there_is_no_camera(phone: Page) -> None:
    phone.add_init_script(INSECURE)
    open_scanner(phone)
    use_camera(phone)
    expect_said(phone, "Browsers show the camera only to pages that come over HTTPS.")


def test_nothing_moves_from_state_to_state(phone: Page) -> None:
    phone.add_init_script(NO_CAMERA % "NotAllowedError")
    open_scanner(phone)
    button = phone.get_by_role("button", name="Use the camera")
    before = button.bounding_box()
    use_camera(phone)
    expect_said(phone, "The camera is not allowed here.")
    assert button.bounding_box() == before


def test_without_javascript_it_says_so(new_context: NewContext) -> None:
    phone = new_context(**PHONE, java_script_enabled=False).new_page()
    phone.goto("/qrlogin/scan")
    steps.log_in(phone)
    expect(phone.get_by_text("This page needs JavaScript.")).to_be_visible()
    expect(phone.get_by_role("button", name="Use the camera")).to_be_hidden()
