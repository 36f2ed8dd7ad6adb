"""Chromium, started once for all tests: Playwright allows no second one in the same thread."""

from __future__ import annotations

import collections.abc as c

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import Error
from playwright.sync_api import sync_playwright

from .programs import CHROMIUM
from .programs import do_without
from .programs import find_browser

#: Chromium asks the network for nothing of its own; root needs --no-sandbox.
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> c.Iterator[Browser]:
    """Chromium: the system's, else the one that Playwright has downloaded."""
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
        except Error as error:
            do_without(f"{CHROMIUM.advice}\n{error.message}")
        yield browser
        browser.close()
