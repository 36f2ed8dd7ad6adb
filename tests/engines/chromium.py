"""Chromium, by Playwright."""

from __future__ import annotations

import pathlib
import typing as t

from playwright.sync_api import Browser
from playwright.sync_api import ConsoleMessage
from playwright.sync_api import Error

from .window import DESKTOP
from .window import Engine
from .window import Moving
from .window import PHONE
from .window import Window


class Chromium(Engine):
    """The whole Chromium, not the one without windows that other tests use."""

    def __init__(self, browser: Browser) -> None:
        self._browser = browser

    def window(self, *, size: tuple[int, int] = DESKTOP, scripts: bool = True) -> Window:
        return _Window(self._browser, size, scripts)

    def close(self) -> None:
        self._browser.close()


class _Window(Window):
    def __init__(self, browser: Browser, size: tuple[int, int], scripts: bool) -> None:
        super().__init__()
        phone: dict[str, t.Any] = {"is_mobile": True, "has_touch": True} if size == PHONE else {}
        self._context = browser.new_context(
            viewport={"width": size[0], "height": size[1]}, java_script_enabled=scripts, **phone
        )
        self._page = self._context.new_page()
        self._page.on("console", self._note)
        self._page.on("pageerror", lambda error: self.errors.append(str(error)))

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def open(self, url: str) -> None:
        self._page.goto(url)

    def reload(self) -> None:
        self._page.reload()

    def evaluate(self, expression: str) -> t.Any:
        try:
            return self._page.evaluate(expression)
        except Error as error:
            raise Moving(error.message) from error

    def press(self, x: int, y: int) -> None:
        self._page.mouse.click(x, y)

    def write(self, text: str) -> None:
        self._page.keyboard.type(text)

    def choose(self, selector: str, file: pathlib.Path) -> None:
        self._page.set_input_files(selector, file)

    def screenshot(self) -> bytes:
        return self._page.screenshot()

    def close(self) -> None:
        self._context.close()
