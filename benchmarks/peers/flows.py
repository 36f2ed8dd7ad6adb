"""What browsers and phones say to each package, from the code that is shown to the login.

Of the phone's part each package gets the fewest requests that it insists on: no page is loaded that
a program could go without. The browser polls twice in vain in each login.
"""

from __future__ import annotations

import collections.abc as c
import json
import typing as t

from load import Answer
from load import Ask
from load import request
from load import Step

#: A part of a script, and what it finds out.
Part: t.TypeAlias = c.Generator[Step, t.Any, t.Any]
#: What the answer to the browser's first request says of its code.
Code: t.TypeAlias = dict[str, t.Any]


class Flow(t.Protocol):
    """One package, as its clients see it."""

    port: int

    def enter(self) -> Part:
        """Bring a phone that is logged in, and return its cookies."""

    def begin(self) -> Part:
        """The browser asks for a code, which is returned."""

    def poll(self, code: Code, expected: str | None = None, *, wait: int = 0) -> Part:
        """The browser polls; return whether it is logged in now.

        ``expected`` is "pending", "scanned" or "done", or None if all of them are right.
        """

    def interval(self, code: Code) -> float:
        """Return the seconds to wait before the next poll."""

    def look(self, code: Code, phone: str) -> Part:
        """The phone opens the code."""

    def approve(self, code: Code, phone: str) -> Part:
        """The phone approves it."""


class Ours:
    """Our contract: the browser with its cookie, the phone as a native app."""

    def __init__(self, port: int, known: dict[str, str]) -> None:
        self.port = port
        self._bearer = known["bearer"]

    def enter(self) -> Part:
        return self._bearer
        yield  # A generator, since others have to ask.

    def begin(self) -> Part:
        answer = yield Ask("begin", self._from_browser("/qrlogin/requests", {}), _is_created)
        token = answer.json()["qr"]["url"].rpartition("/")[2]
        return answer.json() | {"cookie": answer.cookies(), "token": token}

    def poll(self, code: Code, expected: str | None = None, *, wait: int = 0) -> Part:
        fields = {"since": code["version"], "wait": wait, "issued_at": code["issued_at"]}
        answer = yield Ask(
            "login" if expected == "done" else "poll",
            self._from_browser(code["links"]["poll"], fields, code["cookie"]),
            _RIGHT[expected],
        )
        code.update(answer.json())
        return _is_redeemed(answer)

    def interval(self, code: Code) -> float:
        # As our page does.
        return max(0.2, t.cast(float, code["interval"]))

    def look(self, code: Code, phone: str) -> Part:
        answer = yield Ask("look", self._from_app("scan", {"token": code["token"]}, phone))
        code["confirm_token"] = answer.json()["confirm_token"]

    def approve(self, code: Code, phone: str) -> Part:
        fields = {"token": code["token"], "confirm_token": code["confirm_token"]}
        yield Ask("approve", self._from_app("approve", fields, phone))

    def _from_browser(self, path: str, fields: dict[str, t.Any], cookie: str = "") -> bytes:
        headers = {"Origin": f"http://127.0.0.1:{self.port}"}
        return self._json(path, fields, headers | ({"Cookie": cookie} if cookie else {}))

    def _from_app(self, action: str, fields: dict[str, t.Any], bearer: str) -> bytes:
        path = f"/qrlogin/api/{action}"
        return self._json(path, fields, {"Authorization": f"Bearer {bearer}"})

    def _json(self, path: str, fields: dict[str, t.Any], headers: dict[str, str]) -> bytes:
        headers = headers | {"Content-Type": "application/json"}
        return request(
            "POST", path, port=self.port, body=json.dumps(fields).encode(), headers=headers
        )


def _is_created(answer: Answer) -> bool:
    return answer.status == 201


def _is_waiting(answer: Answer) -> bool:
    return answer.status == 200 and b'"state":"pending"' in answer.body


def _is_scanned(answer: Answer) -> bool:
    return answer.status == 200 and b'"scanned"' in answer.body and b'"profile"' in answer.body


def _is_redeemed(answer: Answer) -> bool:
    return (
        answer.status == 200 and b'"state":"redeemed"' in answer.body and b"session=" in answer.head
    )


def _is_open(answer: Answer) -> bool:
    return _is_redeemed(answer) or (answer.status == 200 and b'"interval"' in answer.body)


_RIGHT = {"pending": _is_waiting, "scanned": _is_scanned, "done": _is_redeemed, None: _is_open}
