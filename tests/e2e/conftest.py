from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
import sys
import typing as t

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import BrowserContext
from playwright.sync_api import expect
from playwright.sync_api import Page

from tests.processes import environment
from tests.processes import Process

ROOT = pathlib.Path(__file__).parents[2]
PHONE: t.Final[dict[str, t.Any]] = {
    "viewport": {"width": 390, "height": 844},
    "has_touch": True,
    "is_mobile": True,
}

expect.set_options(timeout=30_000)

NewContext: t.TypeAlias = c.Callable[..., BrowserContext]


@contextlib.contextmanager
def running(instance: pathlib.Path, **config: str) -> c.Iterator[str]:
    """Run the example app in a process of its own, as `make demo` does; yield its URL."""
    variables = {"EXAMPLE_INSTANCE_PATH": str(instance), "FLASK_RATELIMIT_ENABLED": "false"}
    command = [sys.executable, "-u", "-m", "example_app", "--port", "0"]
    env = environment(**variables, **config)
    with Process(command, instance / "log", cwd=ROOT, env=env) as process:
        yield process.until_it_says(r"(http://[\d.]+:\d+)/login")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[str]:
    """The example app as it comes."""
    with running(tmp_path_factory.mktemp("instance")) as url:
        yield url


@pytest.fixture(scope="session")
def hasty_server(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[str]:
    """The example app with codes that run out at once, two of them in a row."""
    with running(
        tmp_path_factory.mktemp("hasty"),
        FLASK_QRLOGIN_REQUEST_LIFETIME="3",
        FLASK_QRLOGIN_DECISION_LIFETIME="0.5",
        FLASK_QRLOGIN_POLL_INTERVAL="0.3",
        FLASK_QRLOGIN_AUTO_RENEWALS="2",
    ) as url:
        yield url


@pytest.fixture(scope="session")
def strict_server(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[str]:
    """The example app where the number has to be typed."""
    with running(tmp_path_factory.mktemp("strict"), FLASK_QRLOGIN_CONFIRMATION="reauth") as url:
        yield url


@pytest.fixture
def said() -> list[str]:
    """What pages say on the console; a test that expects something takes it away."""
    return []


@pytest.fixture
def new_context(browser: Browser, server: str, said: list[str]) -> c.Iterator[NewContext]:
    """Makes contexts, each a device of its own; no page may say anything on the console."""
    contexts: list[BrowserContext] = []

    def make(**options: t.Any) -> BrowserContext:
        context = browser.new_context(**{"base_url": server} | options)
        context.set_default_timeout(30_000)
        context.on("console", lambda message: said.append(message.text))
        context.on("weberror", lambda error: said.append(str(error.error)))
        contexts.append(context)
        return context

    yield make
    for context in contexts:
        context.close()
    # Chromium says by itself what it could not load, and tests take networks and servers away.
    assert [text for text in said if not text.startswith("Failed to load resource")] == []


@pytest.fixture
def page(new_context: NewContext) -> Page:
    """The browser that waits, on a desktop."""
    return new_context(viewport={"width": 1280, "height": 800}).new_page()


@pytest.fixture
def phone(new_context: NewContext) -> Page:
    """A phone's web browser on which nobody is logged in yet."""
    return new_context(**PHONE).new_page()
