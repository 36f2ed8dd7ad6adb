"""Firefox, by WebDriver BiDi: https://w3c.github.io/webdriver-bidi/, which it speaks itself."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import pathlib
import typing as t

from websockets.sync.client import connect

from tests.processes import Process

from .window import DESKTOP
from .window import Engine
from .window import Moving
from .window import Window

#: It asks the network for nothing of its own.
_PREFERENCES: t.Final[dict[str, object]] = {
    "app.normandy.enabled": False,
    "app.update.disabledForTesting": True,
    "browser.aboutwelcome.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "browser.search.update": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "intl.accept_languages": "en",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "remote.active-protocols": 1,
    "services.settings.server": "data:,",
    "signon.rememberSignons": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
}


class BiDiError(Exception):
    """What the browser answered in place of a result."""


class Firefox(Engine):
    """A Firefox with a profile in a folder of its own."""

    def __init__(self, program: str, folder: pathlib.Path, *, scripts: bool = True) -> None:
        self._program = program
        self._folder = folder
        self._scriptless: Firefox | None = None
        self._ids = itertools.count()
        #: Of each window by its name.
        self.errors: dict[str, list[str]] = {}
        preferences = _PREFERENCES | {"javascript.enabled": scripts}
        lines = (f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in preferences.items())
        folder.joinpath("user.js").write_text("".join(lines))
        command = [program, "--headless", "--no-remote", "--profile", str(folder)]
        command += ["--remote-debugging-port", "0"]
        with contextlib.ExitStack() as stack:
            env = os.environ | {"HOME": str(folder)}
            process = stack.enter_context(Process(command, folder / "log", env=env))
            address = process.until_it_says(r"BiDi listening on (ws://\S+)\n")
            url = f"{address}/session"
            self._socket = stack.enter_context(connect(url, max_size=None, compression=None))
            self.send("session.new", capabilities={})
            self.send("session.subscribe", events=["log.entryAdded"])
            self._stack = stack.pop_all()

    def send(self, method: str, **params: object) -> t.Any:
        """Send a command, and return its result; meanwhile note what pages write as errors."""
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(timeout=60))
            if answer.get("method") == "log.entryAdded" and answer["params"]["level"] == "error":
                entry = answer["params"]
                self.errors.get(entry["source"].get("context"), []).append(entry["text"])
            if answer.get("id") != number:
                continue
            if answer["type"] == "error":
                raise BiDiError(f"{method}: {answer['error']}: {answer['message']}")
            return answer["result"]

    def window(self, *, size: tuple[int, int] = DESKTOP, scripts: bool = True) -> Window:
        if scripts:
            return _Window(self, size)
        # There is no command to switch JavaScript off for one window.
        if not self._scriptless:
            folder = self._folder / "scriptless"
            folder.mkdir()
            self._scriptless = Firefox(self._program, folder, scripts=False)
        return _Window(self._scriptless, size)

    def close(self) -> None:
        if self._scriptless:
            self._scriptless.close()
        self._stack.close()


class _Window(Window):
    def __init__(self, firefox: Firefox, size: tuple[int, int]) -> None:
        super().__init__()
        self._send = firefox.send
        self._user = self._send("browser.createUserContext")["userContext"]
        # The panel rests in a tab that nobody sees.
        created = self._send("browsingContext.create", type="window", userContext=self._user)
        self._context = created["context"]
        firefox.errors[self._context] = self.errors
        width, height = size
        self._here(
            "browsingContext.setViewport",
            viewport={"width": width, "height": height},
            devicePixelRatio=1,
        )

    def _here(self, method: str, **params: object) -> t.Any:
        return self._send(method, context=self._context, **params)

    def open(self, url: str) -> None:
        self._here("browsingContext.navigate", url=url, wait="complete")

    def reload(self) -> None:
        self._here("browsingContext.reload", wait="complete")

    def evaluate(self, expression: str) -> t.Any:
        # A sandbox sees the page's document, and runs where the page's own scripts may not.
        target = {"context": self._context, "sandbox": "test"}
        try:
            found = self._send(
                "script.evaluate", expression=expression, target=target, awaitPromise=False
            )
        except BiDiError as error:
            raise Moving(str(error)) from error
        if found["type"] == "exception":
            raise Moving(found["exceptionDetails"]["text"])
        return found["result"].get("value")

    def press(self, x: int, y: int) -> None:
        move = {"type": "pointerMove", "x": x, "y": y}
        down, up = ({"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp"))
        self._act({"type": "pointer", "id": "mouse", "actions": [move, down, up]})

    def write(self, text: str) -> None:
        keys = [{"type": k, "value": each} for each in text for k in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keyboard", "actions": keys})

    def _act(self, source: dict[str, object]) -> None:
        self._here("input.performActions", actions=[source])

    def choose(self, selector: str, file: pathlib.Path) -> None:
        locator = {"type": "css", "value": selector}
        nodes = self._here("browsingContext.locateNodes", locator=locator, maxNodeCount=1)["nodes"]
        element = {"sharedId": nodes[0]["sharedId"]}
        self._here("input.setFiles", element=element, files=[str(file)])

    def screenshot(self) -> bytes:
        return base64.b64decode(self._here("browsingContext.captureScreenshot")["data"])

    def close(self) -> None:
        self._here("browsingContext.close")
        self._send("browser.removeUserContext", userContext=self._user)
