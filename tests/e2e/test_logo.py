"""A logo in the code, as a browser paints it: the code is read from a picture of the window."""

from __future__ import annotations

import collections.abc as c
import io
import pathlib
import threading

import flask
import pytest
import werkzeug.serving
from flask_login import LoginManager
from PIL import Image
from PIL import ImageFilter
from playwright.sync_api import expect
from playwright.sync_api import FloatRect
from playwright.sync_api import Page
from pyzbar import pyzbar

from flask_qrlogin import QRLogin
from flask_qrlogin import QRStyle
from flask_qrlogin.stores.memory import MemoryStore

from . import steps
from .conftest import NewContext

#: As dark as the code, to its very edge.
LOGO = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">'
    '<path fill="#0b3a67" d="M0 0h8v8H0z"/><circle cx="4" cy="4" r="2" fill="#ffd166"/></svg>'
)


@pytest.fixture
def site(tmp_path: pathlib.Path) -> c.Iterator[str]:
    """An app with a logo in its codes."""
    app = flask.Flask("site", instance_path=str(tmp_path))
    app.config.update(SECRET_KEY="a key", TRUSTED_HOSTS=["127.0.0.1"])
    LoginManager(app).user_loader(lambda id: None)
    QRLogin(app, store=MemoryStore(), qr_style=QRStyle(logo_url="/logo.svg"))
    app.add_url_rule("/logo.svg", view_func=lambda: flask.Response(LOGO, mimetype="image/svg+xml"))
    server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def shown_code(page: Page) -> str:
    """Read the code from a sharp picture and a blurred one, with two decoders."""
    logo = page.locator("img.qrlogin-logo")
    expect(logo).to_be_visible()
    assert logo.evaluate("logo => logo.decode().then(() => logo.naturalWidth > 0)")
    text = steps.read_code(page)
    window = Image.open(io.BytesIO(page.screenshot())).convert("L")
    for blur in (0, 1.5):
        (code,) = pyzbar.decode(
            window.filter(ImageFilter.GaussianBlur(blur)), symbols=[pyzbar.ZBarSymbol.QRCODE]
        )
        assert code.data.decode() == text
    return text


def middle(box: FloatRect) -> tuple[float, float]:
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


@pytest.mark.parametrize("viewport", [(1280, 800), (320, 900)], ids=["desktop", "narrow"])
def test_the_panel_shows_a_logo_in_a_code_that_is_read(
    new_context: NewContext, site: str, viewport: tuple[int, int]
) -> None:
    width, height = viewport
    page = new_context(base_url=site, viewport={"width": width, "height": height}).new_page()
    steps.show_code(page, "/qrlogin/")
    assert shown_code(page).startswith(f"{site}/qrlogin/s/")
    code = page.locator("[data-qr]").bounding_box()
    logo = page.locator("img.qrlogin-logo").bounding_box()
    assert code is not None
    assert logo is not None
    # Within the gap of 11 modules of 57, and in the middle.
    assert logo["width"] / code["width"] == pytest.approx(0.15, abs=0.01)
    assert middle(logo) == pytest.approx(middle(code), abs=1)


def test_the_page_without_javascript_shows_it_too(new_context: NewContext, site: str) -> None:
    page = new_context(base_url=site, java_script_enabled=False).new_page()
    page.goto("/qrlogin/")
    page.get_by_role("button", name="Show a code").click()
    page.wait_for_load_state("networkidle")
    assert shown_code(page).startswith(f"{site}/qrlogin/s/")
