"""In a page whose rem is 10 pixels the panel is as large as the text around it."""

from __future__ import annotations

import pathlib

from . import steps
from .conftest import NewContext
from .panel_host import PanelHost
from .panel_host import serving


def test_the_panel_follows_the_text_of_its_page(
    new_context: NewContext, tmp_path: pathlib.Path
) -> None:
    with serving(PanelHost(tmp_path / "host")) as host:
        page = new_context(base_url=host.url, viewport={"width": 1280, "height": 900}).new_page()
        steps.show_code(page, "/narrow")
        sizes = page.evaluate(
            """() => [...document.querySelectorAll("qr-login *")]
                .map((each) => parseFloat(getComputedStyle(each).fontSize))"""
        )
        assert min(sizes) >= 12
        code = page.locator("[data-qr]").bounding_box()
        steps_list = page.locator(".qrlogin-steps").first.bounding_box()
        assert code is not None
        assert steps_list is not None
        # Below each other: beside the code there would be room for three letters.
        assert steps_list["y"] > code["y"] + code["height"]
        assert steps_list["width"] > 250
        page.screenshot(path=str(tmp_path / "narrow.png"))
        steps.read_code(page)
