"""Asks the running site as a stranger would: what only a request through its proxy shows."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import http.client
import json
import socket
import typing as t
import urllib.error
import urllib.parse
import urllib.request

from ..app_state import AppState
from ..core.errors import QRLoginError

#: Names and addresses that nobody has (RFC 2606 and RFC 5737).
FORGED_HOST = "forged.invalid"
FORGED_ADDRESS = "192.0.2.66"
_SECONDS = 10


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What the site answered. Names of headers are in lower case."""

    status: int
    headers: c.Mapping[str, str]
    cookies: tuple[str, ...]
    body: bytes = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What became of asking for a code."""

    status: int
    cookie: str | None = None
    #: The host in the code.
    code_host: str | None = None
    #: Where the site thinks that we are; None if its store is not the one that is configured here.
    address: str | None = None


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What a probe of ``url`` saw."""

    url: str
    #: By which address of this computer it is reached.
    own_address: str
    #: Our login page, and the site's first page.
    page: Answer
    front: Answer
    #: A file of Werkzeug's debugger.
    debugger: Answer
    #: The same over plain HTTP: None where that is closed, or there is no usual port to ask.
    plain: Answer | None
    start: Start
    #: The same with a forged address, and with forged hosts.
    forged_address: Start
    forged_hosts: tuple[Start, ...]


class CannotProbe(Exception):
    """The site does not answer; the message says why."""


def look(url: str, state: AppState) -> Seen:
    """Ask the site at ``url``, scheme and host, a few times; what that begins is withdrawn.

    Raises:
        CannotProbe
    """
    parts = urllib.parse.urlsplit(url.rstrip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.path:
        raise CannotProbe(f"{url} has to be scheme and host, such as https://example.com")
    url = f"{parts.scheme}://{parts.netloc}"
    ours = url + state.settings.url_prefix
    port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    try:
        with socket.create_connection((parts.hostname, port), _SECONDS) as connection:
            own_address = connection.getsockname()[0]
        page, front = _ask(f"{ours}/"), _open(f"{url}/")
        plain = None
        if parts.scheme == "https" and parts.port is None:
            with contextlib.suppress(OSError):
                plain = _ask(f"{ours}/".replace("https:", "http:", 1))
        return Seen(
            url=url,
            own_address=own_address,
            page=page,
            front=front,
            debugger=_ask(f"{url}/?__debugger__=yes&cmd=resource&f=style.css"),
            plain=plain,
            start=_start(ours, url, state),
            forged_address=_start(ours, url, state, {"X-Forwarded-For": FORGED_ADDRESS}),
            forged_hosts=tuple(
                _start(ours, origin, state, {header: FORGED_HOST})
                for header in ("Host", "X-Forwarded-Host")
                # A page of the forged host would have sent the first, the site's own the second.
                for origin in (f"{parts.scheme}://{FORGED_HOST}", url)
            ),
        )
    except (OSError, http.client.HTTPException) as error:
        raise CannotProbe(f"{url} does not answer: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise CannotProbe(f"{ours} is no login by QR code.") from error


def _start(ours: str, origin: str, state: AppState, headers: t.Mapping[str, str] = {}) -> Start:
    """Ask for a code, note what the site made of it, and withdraw it."""
    sent = {"Origin": origin, "Content-Type": "application/json", **headers}
    try:
        answer = _ask(f"{ours}/requests", sent)
    except (OSError, http.client.HTTPException):
        if not headers:
            raise
        return Start(status=0)  # A proxy has hung up on what was forged.
    if answer.status != 201:
        return Start(status=answer.status)
    body = json.loads(answer.body)
    cookie = next((each for each in answer.cookies if body["id"] in each.partition("=")[0]), None)
    address = None
    with contextlib.suppress(QRLoginError):
        kept = state.store.get(body["id"])
        address = None if kept is None else kept.address
    if cookie is not None:
        _ask(f"{ours}/requests/{body['id']}/cancel", sent | {"Cookie": cookie.partition(";")[0]})
    return Start(
        status=answer.status,
        cookie=cookie,
        code_host=urllib.parse.urlsplit(body["qr"]["url"]).netloc,
        address=address,
    )


def _open(url: str) -> Answer:
    """GET a page, and go where it leads as long as that is the same site."""
    for _ in range(5):
        answer = _ask(url)
        there = urllib.parse.urljoin(url, answer.headers.get("location", ""))
        if not 300 <= answer.status < 400 or there.split("/")[:3] != url.split("/")[:3]:
            break
        url = there
    return answer


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: object) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirects)


def _ask(url: str, headers: t.Mapping[str, str] | None = None) -> Answer:
    """GET a page, or POST an empty object where there are headers to send with it."""
    data = None if headers is None else b"{}"
    request = urllib.request.Request(url, data, {"Accept": "*/*", **(headers or {})})  # noqa: S310
    try:
        response = _opener.open(request, timeout=_SECONDS)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        return Answer(
            response.status,
            {name.lower(): value for name, value in response.headers.items()},
            tuple(response.headers.get_all("Set-Cookie", ())),
            response.read(1_000_000),
        )
