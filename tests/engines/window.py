"""What a person does in a window of a browser, whichever engine it has."""

from __future__ import annotations

import abc
import contextlib
import io
import json
import pathlib
import re
import typing as t

import zxingcpp
from PIL import Image

from example_app.seed import PASSWORD
from tests.processes import until

DESKTOP = (1280, 800)
PHONE = (390, 844)

# Where to press what has this name, once it is visible and nothing lies over it.
_FIND = """
    const [selector, pattern] = args;
    const name = new RegExp(pattern);
    for (const each of document.querySelectorAll(selector)) {
      const target = each.control ?? each;
      if (!name.test(each.innerText.replace(/\\s+/g, " ").trim())) continue;
      target.scrollIntoView({ block: "center", behavior: "instant" });
      const box = target.getBoundingClientRect();
      const [x, y] = [box.x + box.width / 2, box.y + box.height / 2].map(Math.round);
      const hit = document.elementFromPoint(x, y);
      if (box.width && box.height && target.contains(hit)) return [x, y];
    }
    return null;
"""


class Moving(Exception):
    """The page went away while it was asked something."""


class Window(abc.ABC):
    """A window that shares its cookies with no other: a device of its own."""

    def __init__(self) -> None:
        #: What was written to the console as an error.
        self.errors: list[str] = []

    # What each engine does its own way

    @abc.abstractmethod
    def open(self, url: str) -> None:
        """Open a page and wait until it is loaded."""

    @abc.abstractmethod
    def reload(self) -> None:
        """Load the page again."""

    @abc.abstractmethod
    def evaluate(self, expression: str) -> t.Any:
        """Return what a JavaScript expression is, a text or null, or raise `Moving`."""

    @abc.abstractmethod
    def press(self, x: int, y: int) -> None:
        """Press the mouse, or a finger, at a place of the window."""

    @abc.abstractmethod
    def write(self, text: str) -> None:
        """Type into the field that has the focus."""

    @abc.abstractmethod
    def choose(self, selector: str, file: pathlib.Path) -> None:
        """Choose a file in a field for files."""

    @abc.abstractmethod
    def screenshot(self) -> bytes:
        """Take a picture of what the window shows."""

    @abc.abstractmethod
    def close(self) -> None:
        """Close the window and forget its cookies."""

    # What follows from that

    def run(self, body: str, *args: object) -> t.Any:
        """Run the body of a JavaScript function, which finds its arguments in ``args``."""
        call = f"JSON.stringify(((...args) => {{ {body} }})(...{json.dumps(args)}) ?? null)"
        return json.loads(self.evaluate(call))

    def wait(self, body: str, *args: object) -> t.Any:
        """Wait until the function returns something that is true, and return it.

        Not before the page has its styles and scripts: until then it may move, and do nothing.
        """
        body = f"if (document.readyState !== 'complete') return null; {body}"

        def found() -> t.Any:
            with contextlib.suppress(Moving):
                return self.run(body, *args)

        try:
            return until(found, f"{args} is seen", every=0.05)
        except TimeoutError as error:
            raise AssertionError(f"{error} Shown at {self.url}:\n{self.text}") from None

    @property
    def url(self) -> str:
        return str(self.run("return location.href"))

    @property
    def text(self) -> str:
        """All text that is visible."""
        return str(self.run("return document.body.innerText"))

    def click(self, name: str) -> None:
        """Press the button or link whose whole name this pattern matches."""
        self.press(*self.wait(_FIND, "button, a, summary", f"^(?:{name})$"))

    def fill(self, label: str, text: str) -> None:
        """Type into the field with this label."""
        self.press(*self.wait(_FIND, "label", f"^{re.escape(label)}"))
        self.write(text)

    def expect(self, pattern: str) -> str:
        """Wait until a pattern is among the visible text, and return what matched."""
        body = "return document.body?.innerText.match(new RegExp(args[0]))?.[0]"
        return str(self.wait(body, pattern))

    def expect_url(self, pattern: str) -> None:
        """Wait until the address matches."""
        self.wait("return new RegExp(args[0]).test(location.href)", pattern)

    def expect_state(self, state: str) -> None:
        """Wait until the panel shows a state."""
        shown = f"qr-login[state={state}] section[data-state~={state}]"
        self.wait("return document.querySelector(args[0])?.offsetHeight > 0", shown)

    def read_code(self) -> str:
        """Decode the QR code from a picture of the window, as a phone's camera would."""
        qr_code = zxingcpp.barcode_formats_from_str("QRCode")

        def found() -> list[zxingcpp.Barcode]:
            # An engine may paint a little later than the page has it.
            picture = Image.open(io.BytesIO(self.screenshot())).convert("RGB")
            return zxingcpp.read_barcodes(picture, formats=qr_code)

        return str(until(found, "a QR code is in the picture")[0].text)

    def show_code(self, url: str) -> str:
        """Open a page with the panel, and return the code that it shows."""
        self.open(url)
        self.expect_state("pending")
        return self.read_code()

    def log_in(self, username: str = "ann") -> None:
        """Log in with the password, on the page that asks for it."""
        self.fill("Name", username)
        self.fill("Password", PASSWORD)
        self.click("Log in")

    def scan(self, code: str) -> None:
        """Open the code's link, pass the login if asked, and tap *Continue*."""
        self.open(code)
        if "/login" in self.url:
            self.log_in()
        self.click("Continue as .*")
        self.expect("Approve this login")

    @property
    def number(self) -> str:
        """The number that the phone asks for."""
        return self.expect(r"Your phone asks for this number\s+\d\d")[-2:]


class Engine(abc.ABC):
    """A browser that is running, and opens windows."""

    @abc.abstractmethod
    def window(self, *, size: tuple[int, int] = DESKTOP, scripts: bool = True) -> Window:
        """Open a window of its own cookies, with JavaScript or without."""

    @abc.abstractmethod
    def close(self) -> None:
        """End the browser."""
