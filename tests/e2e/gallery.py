"""Shows any state of any page, from the real templates and script: for tests, and to look at.

``python -m tests.e2e.gallery FOLDER [SCENE …]`` keeps pictures of them, many on a sheet.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import io
import logging
import pathlib
import sys
import tempfile
import threading
import typing as t

import flask
import flask_babel
import flask_login
import werkzeug.serving
from PIL import Image
from playwright.sync_api import Browser
from playwright.sync_api import BrowserContext
from playwright.sync_api import Page
from playwright.sync_api import Route
from playwright.sync_api import sync_playwright

from example_app import create_app
from example_app.models import Account
from example_app.models import db
from flask_qrlogin.qr import image as qr_image
from flask_qrlogin.web import pages
from tests.programs import find_browser

from . import scenes
from .scenes import Scene

#: The panel stays where it says that it goes on.
STAY = 'addEventListener("qr-login-redeemed", (event) => event.preventDefault());'
SIZES: t.Final = {
    "small": (320, 640),
    "phone": (390, 844),
    "tablet": (768, 1024),
    "desktop": (1440, 900),
    "wide": (2560, 1300),
}


#: A page of a host, which has no style of its own.
HOST = """<!doctype html>
<html lang="en">
<head>
  <meta name="viewport" content="width=device-width">
  <meta name="color-scheme" content="light dark">
  <title>Host</title>
</head>
<body>
  <main>
    <h1>Host</h1>
    {{ qrlogin_button() if kind == "button" else qrlogin(size="compact") }}
  </main>
</body>
</html>"""
#: Nothing moves, so that each look finds the same.
MODES: t.Final[dict[str, dict[str, t.Any]]] = {
    "light": {"color_scheme": "light", "forced_colors": "none", "reduced_motion": "reduce"},
    "dark": {"color_scheme": "dark", "forced_colors": "none", "reduced_motion": "reduce"},
    "forced": {"color_scheme": "dark", "forced_colors": "active", "reduced_motion": "reduce"},
}


@contextlib.contextmanager
def served(folder: pathlib.Path) -> c.Iterator[str]:
    """Run the example app with one more page, which is any of ours; yield its URL."""
    app = create_app(
        {
            "QRLOGIN_BASE_URL": "http://harbour.example",
            "QRLOGIN_USER_CODE": True,
            # So that the first code that runs out is the last.
            "QRLOGIN_AUTO_RENEWALS": 1,
        },
        instance_path=str(folder),
    )
    flask_babel.Babel(app, locale_selector=lambda: flask.request.cookies.get("language", "en"))
    by_name = {scene.name: scene for scene in scenes.SCENES}

    @app.get("/gallery/<name>")
    def gallery(name: str) -> flask.Response:
        scene = by_name[name]
        assert scene.template is not None
        return pages.render(scene.template, **scene.context)

    @app.get("/gallery/host/<any(compact,button):kind>")
    def host(kind: str) -> str:
        return flask.render_template_string(HOST, kind=kind)

    @app.get("/gallery/qr.svg")
    def picture() -> flask.Response:
        return flask.Response(qr_image.svg(scenes.URL), mimetype="image/svg+xml")

    @app.get("/gallery/log-in")
    def log_in() -> str:
        flask_login.login_user(Account.query.filter_by(username="ann").one())
        return ""

    server = werkzeug.serving.make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        with app.app_context():
            db.engine.dispose()


def context(browser: Browser, url: str, size: str) -> BrowserContext:
    """Open a window of a size, on which nothing goes on by itself."""
    width, height = SIZES[size]
    mobile = width < 500
    context = browser.new_context(
        base_url=url,
        viewport={"width": width, "height": height},
        is_mobile=mobile,
        has_touch=mobile,
        **MODES["light"],
    )
    context.set_default_timeout(30_000)
    context.add_init_script(STAY)
    return context


def show(page: Page, scene: Scene, *, language: str = "en") -> None:
    """Bring a page to a state."""
    page.unroute_all()
    page.context.set_offline(False)
    page.context.clear_cookies()
    page.context.add_cookies(
        [{"name": "language", "value": language, "domain": "127.0.0.1", "path": "/"}]
    )
    answers = iter(scene.answers)

    def answer(route: Route) -> None:
        # Without an answer the state stays as it is.
        for status, body in answers:
            if not status:
                page.context.set_offline(True)
                route.abort()
            else:
                route.fulfill(status=status, json=body, headers={"Retry-After": "9"})
            return

    page.route("**/qrlogin/requests**", answer)
    page.route("**/qrlogin/requests/**", answer)
    if scene.person:
        page.request.get("/gallery/log-in")
    page.goto(scene.path or f"/gallery/{scene.name}")
    page.locator(scene.ready).first.wait_for()
    for selector in scene.clicks:
        target = page.locator(selector)
        if target.is_visible():
            target.click()


def find(name: str) -> Scene:
    """Return the scene of a name."""
    return next(scene for scene in scenes.SCENES if scene.name == name)


def sheet(pictures: list[Image.Image], *, height: int = 420, width: int = 1900) -> Image.Image:
    """Lay small copies side by side, in rows."""
    gap, left, top = 8, 8, 8
    small = [
        picture.resize((max(1, picture.width * height // picture.height), height))
        for picture in pictures
    ]
    places = []
    for picture in small:
        if left > gap and left + picture.width > width:
            left, top = gap, top + height + gap
        places.append((left, top))
        left += picture.width + gap
    whole = Image.new("RGB", (width, top + height + gap), "#7a8a99")
    for picture, place in zip(small, places, strict=True):
        whole.paste(picture, place)
    return whole


def main(folder: pathlib.Path, names: list[str]) -> None:
    """Keep a sheet of all states for each size and each mode."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    folder.mkdir(parents=True, exist_ok=True)
    chosen = [
        scene
        for scene in scenes.SCENES
        if not names or any(scene.name.startswith(name) for name in names)
    ]
    with (
        tempfile.TemporaryDirectory() as instance,
        served(pathlib.Path(instance)) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"])
        for size in SIZES:
            page = context(browser, url, size).new_page()
            pictures: dict[str, list[Image.Image]] = {mode: [] for mode in MODES}
            for scene in chosen:
                page.emulate_media(**MODES["light"])
                show(page, scene)
                for mode, media in MODES.items():
                    page.emulate_media(**media)
                    shot = page.screenshot()
                    pictures[mode].append(Image.open(io.BytesIO(shot)).convert("RGB"))
            for mode, kept in pictures.items():
                sheet(kept).save(folder / f"{size}-{mode}.png")
        browser.close()


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), sys.argv[2:])
