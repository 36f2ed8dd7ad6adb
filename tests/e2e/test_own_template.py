"""A host that replaces blocks of the panel: what it keeps of the slots is filled."""

from __future__ import annotations

import pathlib

from playwright.sync_api import expect

from . import steps
from .conftest import NewContext
from .panel_host import PanelHost
from .panel_host import serving

TEMPLATE = """{% extends "qrlogin/_panel.html" %}
{% block pending %}<h2 data-say>Our code</h2><div class="qrlogin-code" data-qr></div>{% endblock %}
{% block scanned %}<h2 data-say>Welcome, <span data-name></span></h2>{% endblock %}"""


def test_its_own_blocks_are_shown_filled_and_told(
    tmp_path: pathlib.Path, new_context: NewContext
) -> None:
    with serving(PanelHost(tmp_path / "host")) as host:
        host.write_template("qrlogin/panel.html", TEMPLATE)
        page = new_context(base_url=host.url).new_page()
        steps.show_code(page, "/full")
        status = page.locator("qr-login [data-status]")
        expect(status).to_have_text("Our code")
        host.scan(steps.read_code(page))
        expect(page.get_by_role("heading", name="Welcome, Anna Berg")).to_be_visible()
        expect(status).to_have_text("Welcome, Anna Berg")
