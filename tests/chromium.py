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
from .programs import WHOLE_CHROMIUM

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


def launch_whole(shell: Browser, *flags: str) -> Browser:
    """Start the Chromium that people have, with windows, beside the one that tests use."""
    path = find_browser(whole=True) or shell.browser_type.executable_path
    try:
        return shell.browser_type.launch(executable_path=path, args=[*FLAGS, *flags])
    except Error as error:
        do_without(f"{WHOLE_CHROMIUM.advice}\n{error.message}")
