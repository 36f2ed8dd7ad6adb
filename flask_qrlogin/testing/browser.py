"""The browser that waits."""

from __future__ import annotations

import typing as t

import flask

from ..core.login_request import Profile
from ..core.login_request import State
from .client import Client
from .native_app import FakeApp
from .phone import FakePhone

_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
#: So many polls lead from a scan to the login: one each sees the scan, the approval, the login.
_POLLS = 3


class FakeBrowser(Client):
    """Plays the panel with the code, in a browser with JavaScript."""

    def __init__(
        self,
        app: flask.Flask,
        *,
        base_url: str | None = None,
        address: str = "127.0.0.1",
        user_agent: str = _FIREFOX,
    ) -> None:
        super().__init__(app, base_url=base_url, address=address, user_agent=user_agent)
        #: What the server has said of the request, the newest of each.
        self.request: dict[str, t.Any] = {}

    def show_code(self, *, next: str | None = None, login_hint: str | None = None) -> str:
        """Ask for a code, and return the text that is in it.

        Raises:
            Refused
        """
        fields = {"next": next, "login_hint": login_hint}
        response = self._succeed(self.post(self._own("/requests"), json=fields))
        self.request = t.cast(dict[str, t.Any], response.json)
        return self.code

    @property
    def code(self) -> str:
        """The text in the code that was shown last, a URL unless ``qr_payload`` makes another."""
        return t.cast(str, self.request["qr"]["url"])

    @property
    def user_code(self) -> str | None:
        """The code to type on a phone that cannot scan; None unless codes may be typed."""
        user_code = self.request.get("user_code")
        return None if user_code is None else t.cast(str, user_code["text"])

    @property
    def state(self) -> State:
        """How far the login has come, by the newest answer."""
        return State(self.request["state"])

    @property
    def number(self) -> str | None:
        """The number that is shown after the scan; None if there is none to compare."""
        return self._see().get("number")

    @property
    def profile(self) -> Profile | None:
        """What is shown of the person who scanned."""
        profile = self._see().get("profile")
        return None if profile is None else Profile(**profile)

    def poll(self) -> dict[str, t.Any]:
        """Ask once how far the login has come, which picks it up if it is approved.

        Raises:
            Refused
        """
        seen = {"since": self.request["version"], "issued_at": self.request["issued_at"]}
        response = self._succeed(self.post(self.request["links"]["poll"], json=seen))
        answer = t.cast(dict[str, t.Any], response.json)
        self.request = self.request | answer
        return answer

    def wait_for_login(self) -> str:
        """Poll until this browser is logged in, and return where it goes.

        Raises:
            Refused: the app would not log the person in.
            AssertionError: it would have to wait for ever; the message says for what.
        """
        for _ in range(_POLLS):
            if not self.state.is_end:
                self.poll()
        if self.state is State.REDEEMED:
            return t.cast(str, self.request["location"])
        reason = f" ({self.request['reason']})" if "reason" in self.request else ""
        raise AssertionError(f"Nobody is logged in here: the login is {self.state}{reason}.")

    def log_in_by(self, phone: FakePhone | FakeApp, *, next: str | None = None) -> str:
        """Show a code, let a phone scan and approve it, and return where this browser then goes.

        Raises:
            Refused
        """
        phone.scan(self.show_code(next=next))
        phone.approve(number=self.number)
        return self.wait_for_login()

    def cancel(self) -> None:
        """Withdraw the code.

        Raises:
            Refused
        """
        response = self._succeed(self.post(self.request["links"]["cancel"], json={}))
        self.request |= t.cast(dict[str, t.Any], response.json)

    def _see(self) -> dict[str, t.Any]:
        """Return what is on the screen: the panel polls by itself."""
        return self.request if self.state.is_end else self.request | self.poll()
