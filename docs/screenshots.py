"""Takes the README's picture from the real pages: ``python docs/screenshots.py``.

It needs the dependency group ``tests`` and a browser, and runs from the repository's root.
"""

from __future__ import annotations

import io
import pathlib
import re
import sys
import tempfile

from PIL import Image
from playwright.sync_api import Page
from playwright.sync_api import sync_playwright

ROOT = pathlib.Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.chromium import FLAGS  # noqa: E402
from tests.e2e import steps  # noqa: E402
from tests.e2e.conftest import PHONE  # noqa: E402
from tests.e2e.conftest import running  # noqa: E402
from tests.programs import find_browser  # noqa: E402

_MARGIN = 24
#: Headless, it would give another name.
_CHROME = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/150.0.0.0 Safari/537.36"


def main() -> None:
    """Log in once, and keep a picture of each step side by side."""
    pictures = []

    def keep(page: Page) -> None:
        picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
        pictures.append(picture.resize((picture.width * 640 // picture.height, 640)))

    with (
        tempfile.TemporaryDirectory() as folder,
        running(pathlib.Path(folder)) as url,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        page = browser.new_context(
            base_url=url, viewport={"width": 1000, "height": 740}, user_agent=_CHROME
        ).new_page()
        phone = browser.new_context(base_url=url, **PHONE).new_page()
        steps.show_code(page)
        keep(page)
        steps.scan(phone, steps.read_code(page))
        steps.number_on(page)
        keep(phone)
        keep(page)
        steps.approve(phone, page)
        page.get_by_text(re.compile("^Logged in as")).wait_for()
        browser.close()
    width = sum(picture.width + _MARGIN for picture in pictures) + _MARGIN
    row = Image.new("RGB", (width, 640 + 2 * _MARGIN), "#ffffff")
    left = _MARGIN
    for picture in pictures:
        row.paste(picture, (left, _MARGIN))
        left += picture.width + _MARGIN
    path = ROOT / "docs/images/flow.png"
    path.parent.mkdir(exist_ok=True)
    row.quantize(255).save(path, optimize=True)


if __name__ == "__main__":
    main()
