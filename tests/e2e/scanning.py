"""What people do with the page that scans."""

from __future__ import annotations

import collections.abc as c
import contextlib
import io
import pathlib
import re

from PIL import Image
from PIL import ImageFilter
from playwright.sync_api import Browser
from playwright.sync_api import expect
from playwright.sync_api import FilePayload
from playwright.sync_api import Page
from playwright.sync_api import Request

from flask_qrlogin.qr import image as qr_image
from tests.chromium import FLAGS
from tests.programs import find_browser

from . import steps
from .conftest import PHONE

TOKEN = "A" * 38


def open_scanner(phone: Page) -> None:
    phone.goto("/qrlogin/scan")
    steps.log_in(phone)
    expect(phone).to_have_url(re.compile("/qrlogin/scan$"))
    expect_said(phone, "The pictures stay on this device.")


def expect_said(phone: Page, text: str) -> None:
    expect(phone.get_by_role("status")).to_contain_text(text)


def expect_found(phone: Page) -> None:
    """Wait for the page of the request, which asks before anything happens."""
    expect(phone).to_have_url(re.compile(r"/qrlogin/s/[\w-]{38}$"))
    expect(phone.get_by_role("button", name="Continue as Ann Walker")).to_be_visible()


def use_camera(phone: Page) -> None:
    phone.get_by_role("button", name="Use the camera").click()


def choose(phone: Page, picture: bytes, *, name: str = "code.png") -> None:
    payload = FilePayload(name=name, mimeType="image/png", buffer=picture)
    phone.get_by_label("Choose a picture").set_input_files(payload)


def png(text: str) -> bytes:
    return qr_image.png(text, scale=8)


def asked_for(page: Page, part: str) -> list[str]:
    """Collect what the page asks for from now on, of which the URL has this part."""
    found: list[str] = []

    def note(request: Request) -> None:
        if part in request.url:
            found.append(request.url)

    page.on("request", note)
    return found


@contextlib.contextmanager
def filming(
    browser: Browser, server: str, picture: bytes, folder: pathlib.Path
) -> c.Iterator[Page]:
    """Run a Chromium whose camera sees a picture, on a desk, slightly out of focus and aslant."""
    desk = Image.new("RGB", (1280, 720), (120, 118, 112))
    screen = Image.open(io.BytesIO(picture)).convert("RGB")
    screen.thumbnail((1100, 640))
    desk.paste(screen, (90, 40))
    desk = desk.rotate(8, Image.Resampling.BICUBIC, fillcolor=(60, 60, 60))
    film = folder / "film.mjpeg"
    frame = io.BytesIO()
    desk.filter(ImageFilter.GaussianBlur(0.7)).save(frame, "JPEG", quality=80)
    film.write_bytes(frame.getvalue() * 4)
    camera = [
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    device = browser.browser_type.launch(executable_path=find_browser(), args=[*FLAGS, *camera])
    try:
        context = device.new_context(base_url=server, **PHONE)
        context.set_default_timeout(30_000)
        yield context.new_page()
    finally:
        device.close()
