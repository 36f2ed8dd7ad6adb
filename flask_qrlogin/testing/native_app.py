"""The phone as a native app."""

from __future__ import annotations

import typing as t

import flask

from .client import Client

_APP = "ExampleApp/1.0 (Android 16)"


class FakeApp(Client):
    """Plays a native app, which sends JSON and an ``Authorization`` header, and has no cookies."""

    def __init__(
        self,
        app: flask.Flask,
        *,
        authorization: str,
        base_url: str | None = None,
        address: str = "127.0.0.1",
        user_agent: str = _APP,
    ) -> None:
        super().__init__(app, base_url=base_url, address=address, user_agent=user_agent)
        self.headers["Authorization"] = authorization
        self.post_headers.clear()
        #: The answer to the scan, with ``asking``, ``warnings``, ``confirmation``, ``choices``.
        self.asked: dict[str, t.Any] = {}
        self._token = ""

    def scan(self, code: str) -> dict[str, t.Any]:
        """Report the code that the camera read, a URL or a bare token; return the answer.

        Raises:
            Refused
        """
        self._token = code.rpartition("/")[2]
        self.asked = self._send_token("scan")
        return self.asked

    def type_code(self, code: str) -> dict[str, t.Any]:
        """Report the code that was typed instead; return the answer to the scan.

        Raises:
            Refused
        """
        response = self._succeed(self.post(self._own("/api/code"), json={"code": code}))
        return self.scan(t.cast(dict[str, str], response.json)["token"])

    def approve(
        self, *, number: str | None = None, remember: bool = False, **fields: t.Any
    ) -> dict[str, t.Any]:
        """Approve the login, with more ``fields`` for the hook ``step_up``; return the answer.

        Raises:
            Refused
        """
        return self._decide("approve", number=number, remember=remember, **fields)

    def deny(self) -> dict[str, t.Any]:
        """Deny the login, or take an approval back; return the answer.

        Raises:
            Refused
        """
        return self._decide("deny")

    def _decide(self, action: str, **fields: t.Any) -> dict[str, t.Any]:
        confirm_token = self.asked.get("confirm_token", "")
        return self._send_token(action, confirm_token=confirm_token, **fields)

    def _send_token(self, action: str, **fields: t.Any) -> dict[str, t.Any]:
        body = {"token": self._token, **fields}
        response = self._succeed(self.post(self._own(f"/api/{action}"), json=body))
        return t.cast(dict[str, t.Any], response.json)
