"""Browsers and phones that all do what they like to the same requests, at the same time."""

from __future__ import annotations

import random
import threading
import traceback
import typing as t

from tests.processes import until

from .clients import Browser
from .clients import Phone
from .history import History
from .host_app import PEOPLE


class Race:
    """Each browser shows one code after the other; the phones scan whichever they come upon.

    Clients also repeat what they have sent, or hang up before they are answered.
    """

    def __init__(self, ports: t.Sequence[int], *, browsers: int, phones: int) -> None:
        self.history = History()
        self._browsers = [Browser(self.history, ports) for _ in range(browsers)]
        self._phones = [Phone(self.history, ports, number % PEOPLE + 1) for number in range(phones)]
        self._failures: list[str] = []
        self._over = threading.Event()

    def run(self, is_enough: t.Callable[[History], bool]) -> History:
        """Race until it is enough, let all browsers come to an end, and return what happened."""
        threads = [
            threading.Thread(target=self._repeat, args=(work, client))
            for work, clients in ((self._wait, self._browsers), (self._decide, self._phones))
            for client in clients
        ]
        for thread in threads:
            thread.start()
        try:
            until(
                lambda: is_enough(self.history) or self._failures,
                "it is enough",
                seconds=240,
                every=0.2,
            )
        finally:
            self._over.set()
            for thread in threads:
                thread.join()
        assert not self._failures, self._failures[0]
        return self.history

    def _repeat(self, work: t.Callable[[t.Any], None], client: t.Any) -> None:
        try:
            while not self._over.is_set():
                work(client)
        except Exception:
            self._failures.append(traceback.format_exc())
        finally:
            client.close()

    def _decide(self, phone: Phone) -> None:
        """Scan somebody's code, and decide somehow."""
        self._pause(2)
        browser = random.choice(self._browsers)
        # A page hides the code that it knows to be scanned; somebody may have its picture.
        hidden = browser.version > 1 and _chance(0.8)
        if not browser.token or hidden or not phone.scan(browser, **_manner()).done:
            return
        self._pause(1)
        if _chance(0.1):
            phone.scan(browser)
        event = phone.approve(**_manner()) if _chance(0.75) else phone.deny(**_manner())
        if event.done and event.action == "approve" and _chance(0.15):
            phone.deny(**_manner())

    def _wait(self, browser: Browser) -> None:
        """Show a code, and wait for what comes of it."""
        if not browser.start().done:
            self._pause(1)
            return
        while True:
            over = self._over.is_set()
            how = {} if over else _manner()
            if _chance(0.05):
                event = browser.cancel(**how)
            elif _chance(0.1):
                event = browser.poll(since=1, **how)
            else:
                event = browser.poll(wait=0 if over or _chance(0.5) else 1, **how)
            gone = event.code in ("request_not_found", "request_ended", "request_expired")
            if gone or event.state not in (None, "pending", "scanned", "approved"):
                if _chance(0.3):
                    browser.poll()
                return
            # At the end, whatever was approved is picked up.
            if over and event.state in ("pending", "scanned"):
                return
            self._pause(0.5)

    def _pause(self, most: float) -> None:
        """Do what people do between two taps."""
        self._over.wait(random.uniform(0, most))


def _manner() -> dict[str, t.Any]:
    """Return how to send something: mostly once, and awaiting the answer."""
    return {"copies": 2 if _chance(0.1) else 1, "hang_up": _chance(0.04)}


def _chance(share: float) -> bool:
    return random.random() < share
