"""WebKitGTK, by WebDriver, with the small browser that comes with it."""

from __future__ import annotations

import base64
import os
import pathlib
import typing as t
import warnings

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.webkitgtk.options import Options
from selenium.webdriver.webkitgtk.service import Service

from tests.processes import Process

from .window import DESKTOP
from .window import Engine
from .window import Moving
from .window import Window


class WebKit(Engine):
    """A screen that nobody sees, and a browser on it for each window: each has its own cookies."""

    def __init__(self, folder: pathlib.Path, *, driver: str, browser: str, screen: str) -> None:
        self._driver = driver
        self._browser = browser
        # It says on which number it listens.
        command = [screen, "-displayfd", "1", "-screen", "0", "1600x1200x24", "-nolisten", "tcp"]
        self._screen = Process(command, folder / "log")
        number = self._screen.until_it_says(r"(?m)^(\d+)$")
        self._environment = os.environ | {
            "DISPLAY": f":{number}",
            "GDK_BACKEND": "x11",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "NO_AT_BRIDGE": "1",
        }
        if os.geteuid() == 0:  # Its sandbox wants an ordinary person.
            self._environment["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"] = "1"

    def window(self, *, size: tuple[int, int] = DESKTOP, scripts: bool = True) -> Window:
        return _Window(self._driver, self._browser, self._environment, size, scripts)

    def close(self) -> None:
        self._screen.kill()


class _Window(Window):
    """WebDriver does not tell what is written to the console here."""

    def __init__(
        self,
        driver: str,
        browser: str,
        environment: t.Mapping[str, str],
        size: tuple[int, int],
        scripts: bool,
    ) -> None:
        super().__init__()
        options = Options()
        options.binary_location = browser
        options.add_argument("--automation")
        options.add_argument(f"--enable-javascript={str(scripts).lower()}")
        service = Service(driver, env=environment)
        with warnings.catch_warnings():
            # Selenium 4.51 warns of how it calls itself here.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._web = webdriver.WebKitGTK(options=options, service=service)
        self._fit(size)

    def _fit(self, size: tuple[int, int]) -> None:
        """Make the page as large as asked: the window has a bar besides."""
        self._web.set_window_size(*size)
        inner = self._web.execute_script("return [innerWidth, innerHeight]")
        self._web.set_window_size(*(2 * want - has for want, has in zip(size, inner, strict=True)))

    def open(self, url: str) -> None:
        self._web.get(url)

    def reload(self) -> None:
        self._web.refresh()

    def evaluate(self, expression: str) -> t.Any:
        try:
            return self._web.execute_script(f"return {expression}")
        except WebDriverException as error:
            raise Moving(str(error.msg)) from error

    def press(self, x: int, y: int) -> None:
        actions = ActionChains(self._web, duration=0)
        actions.w3c_actions.pointer_action.move_to_location(x, y)  # type: ignore[no-untyped-call]
        actions.w3c_actions.pointer_action.click()
        actions.perform()

    def write(self, text: str) -> None:
        ActionChains(self._web, duration=0).send_keys(text).perform()

    def choose(self, selector: str, file: pathlib.Path) -> None:
        self._web.find_element(By.CSS_SELECTOR, selector).send_keys(str(file))

    def screenshot(self) -> bytes:
        return base64.b64decode(self._web.get_screenshot_as_base64())

    def close(self) -> None:
        self._web.quit()
