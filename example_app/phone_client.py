"""A native app's side of login by QR code: it reads a link and talks to the JSON API."""

from __future__ import annotations

import dataclasses
import http.client
import json
import re
import typing as t
from urllib.parse import urlsplit

from .settings import LOOPBACK_HOSTS

#: Where flask_qrlogin hangs in the application that this app belongs to.
_PREFIX = "/qrlogin"
_CODE_PATH = re.compile(re.escape(_PREFIX) + r"/s/([\w-]{38})")
#: Seconds until an answer has to be there.
_PATIENCE = 10

#: The server names its warnings; the words are the app's.
WARNINGS = {
    "other_network": "That browser is in another network than this phone.",
    "other_country": "That browser is in another country than this phone.",
    "new_browser": "You have not logged in with that browser by QR code before.",
    "old_request": "The code has been on its screen for more than two minutes.",
    "many_requests": "Many codes are being asked for in its network.",
    "unknown_address": "It is not known where that browser is.",
    "scanned_by_others": "Somebody else has tried to scan the same code.",
}
#: What this app can ask its owner for.
CONFIRMATIONS = ("tap", "match", "reauth")


class PhoneError(Exception):
    """Something that the person with the phone has to be told."""


@dataclasses.dataclass(frozen=True, slots=True)
class Scanned:
    """What the server says about a code: who is asking, and what to decide with."""

    token: str
    confirm_token: str
    site: str
    browser: str
    ip: str | None
    place: str | None
    #: How long ago the code was first shown, in seconds.
    age: int
    warnings: list[str]
    #: One of CONFIRMATIONS, and the numbers to choose from if it is ``match``.
    confirmation: str
    choices: list[str]


def read_link(link: str, server: str) -> str:
    """Return the QR token in a link, if it is a login code of this server.

    A native app sends its bearer token to its own site and to nobody else, whatever a code says.

    Raises:
        PhoneError
    """
    link = link.strip()
    if _origin(link) != _origin(server):
        raise PhoneError(
            f"This code belongs to {urlsplit(link).netloc}, not to {urlsplit(server).netloc}. "
            "If you trust it, name it with --server."
        )
    match = _CODE_PATH.fullmatch(urlsplit(link).path)
    if match is None:
        raise PhoneError("This link is not a login code.")
    return match[1]


def _origin(url: str) -> tuple[str, str, int | None]:
    """Return what has to be the same; the names of this computer are one."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise PhoneError(f"{url!r} is neither a link nor a file.")
    return parts.scheme, "localhost" if parts.hostname in LOOPBACK_HOSTS else parts.hostname, port


class PhoneClient:
    """An app that is installed on one person's phone.

    Raises:
        PhoneError: from every method, with what to tell the person.
    """

    def __init__(self, server: str) -> None:
        self._server = urlsplit(server)
        self._account: dict[str, object] = {}
        self._bearer: str | None = None

    def log_in(self, *, username: str, password: str) -> str:
        """Log the app in, and return the person's name."""
        self._account = {"username": username, "password": password}
        answer = self._post("/phone/token", self._account)
        self._bearer = answer["token"]
        return str(answer["name"])

    def scan(self, token: str) -> Scanned:
        """Report the scan, and return who is asking."""
        answer = self._post(f"{_PREFIX}/api/scan", {"token": token})
        asking = answer["asking"]
        if answer["confirmation"] not in CONFIRMATIONS:
            raise PhoneError("This app is too old to answer this code. Update it.")
        return Scanned(
            token=token,
            confirm_token=answer["confirm_token"],
            site=answer["site"],
            browser=asking["browser"],
            ip=asking["ip"],
            place=asking["place"],
            age=asking["age"],
            warnings=answer["warnings"],
            confirmation=answer["confirmation"],
            choices=answer["choices"],
        )

    def approve(
        self, scanned: Scanned, *, number: str | None = None, remember: bool = False
    ) -> None:
        """Agree to the login, with the number that the browser shows where that is asked for."""
        if scanned.confirmation == "reauth":
            # A real app asks its owner here, for a passkey or a PIN.
            self._bearer = self._post("/phone/token", self._account)["token"]
        self._decide("approve", scanned, number=number, remember=remember)

    def deny(self, scanned: Scanned) -> None:
        """Refuse the login, or take the approval back."""
        self._decide("deny", scanned)

    def _decide(self, decision: str, scanned: Scanned, **fields: object) -> None:
        body = {"token": scanned.token, "confirm_token": scanned.confirm_token}
        self._post(f"{_PREFIX}/api/{decision}", body | fields)

    def _post(self, path: str, body: dict[str, object]) -> dict[str, t.Any]:
        # Not urllib.request: it would follow a redirect, and take the token along.
        https = self._server.scheme == "https"
        make = http.client.HTTPSConnection if https else http.client.HTTPConnection
        connection = make(self._server.hostname or "", self._server.port, timeout=_PATIENCE)
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._bearer is not None:
            headers["Authorization"] = f"Bearer {self._bearer}"
        try:
            connection.request("POST", path, json.dumps(body), headers)
            response = connection.getresponse()
            answer = json.loads(response.read())
        except (OSError, http.client.HTTPException) as error:
            raise PhoneError(
                f"{self._server.geturl()} does not answer. Start it with 'make demo', or name "
                "another with --server."
            ) from error
        except ValueError as error:
            raise PhoneError(
                f"{self._server.geturl()} is not the example app (status {response.status})."
            ) from error
        finally:
            connection.close()
        if response.status != 200:
            raise PhoneError(answer.get("detail") or answer["title"])
        return t.cast("dict[str, t.Any]", answer)
