from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
import shutil
import typing as t
from urllib.parse import urlsplit

import pytest

from tests.chromium import launch_whole
from tests.e2e.conftest import hasty_server as hasty_server
from tests.e2e.conftest import server as server
from tests.programs import do_without
from tests.programs import find_firefox
from tests.programs import find_screen
from tests.programs import find_webkit
from tests.programs import FIREFOX
from tests.programs import SCREEN
from tests.programs import WEBKIT
from tests.proxy import Proxy

from .chromium import Chromium
from .firefox import Firefox
from .webkit import WebKit
from .window import Engine
from .window import PHONE
from .window import Window


class NewWindow(t.Protocol):
    """Opens windows, which are closed after the test."""

    def __call__(self, *, size: tuple[int, int] = ..., scripts: bool = ...) -> Window: ...


@pytest.fixture(scope="session", params=["chromium", "firefox", "webkit"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> c.Iterator[Engine]:
    """One browser of each engine after the other."""
    with contextlib.closing(_started(request, tmp_path_factory.mktemp("engine"))) as engine:
        yield engine


def _started(request: pytest.FixtureRequest, folder: pathlib.Path) -> Engine:
    if request.param == "chromium":
        # Playwright runs once in a process.
        return Chromium(launch_whole(request.getfixturevalue("browser")))
    if request.param == "firefox":
        return Firefox(find_firefox() or do_without(FIREFOX.advice), folder)
    return WebKit(
        folder,
        driver=shutil.which("WebKitWebDriver") or do_without(WEBKIT.advice),
        browser=find_webkit() or do_without(WEBKIT.advice),
        screen=find_screen() or do_without(SCREEN.advice),
    )


@pytest.fixture
def new_window(engine: Engine) -> c.Iterator[NewWindow]:
    """Opens windows; no page may write an error to the console, where the engine tells."""
    windows: list[Window] = []

    def open_one(**options: t.Any) -> Window:
        windows.append(engine.window(**options))
        return windows[-1]

    yield open_one
    for window in windows:
        window.close()
    said = [text for window in windows for text in window.errors]
    # Chromium says by itself what it could not load, and tests pull the cable.
    assert [text for text in said if not text.startswith("Failed to load resource")] == []


@pytest.fixture
def window(new_window: NewWindow) -> Window:
    """The browser that waits, on a desktop."""
    return new_window()


@pytest.fixture
def phone(new_window: NewWindow) -> Window:
    """A phone's web browser on which nobody is logged in yet."""
    return new_window(size=PHONE)


@pytest.fixture
def cable(server: str) -> c.Iterator[Proxy]:
    """The window's cable to the server; the phone has a connection of its own."""
    with Proxy(urlsplit(server).port or 80) as cable:
        yield cable
