"""Browsers, phones and apps, which talk to an app in this process or to a server.

They send what a test tells them to, and return the answer whatever it is, unlike those of
:mod:`flask_qrlogin.testing`, which play a login that succeeds.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import email.message
import http.client
import http.cookies
import json as jsons
import socket
import types
import typing as t
from html.parser import HTMLParser
from urllib.parse import urlencode
from urllib.parse import urlsplit

import flask

Json: t.TypeAlias = dict[str, t.Any]
#: Each replaces one that would be sent anyway; None leaves it out.
Headers: t.TypeAlias = c.Mapping[str, str | None]
NO_HEADERS: Headers = types.MappingProxyType({})

_FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile Safari/604.1"
_APP = "Harbour/1.0 (iPhone)"
#: Seconds until an answer is given up: more than a poll is held.
_ANSWERED = 30.0


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What was answered."""

    status: int
    headers: email.message.Message
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> Json:
        return t.cast(Json, jsons.loads(self.body))

    @property
    def code(self) -> str | None:
        """The code of a refusal."""
        told: str | None = self.json.get("code")
        return told

    @property
    def location(self) -> str:
        """Where a form leads."""
        return str(self.headers["Location"])

    def form(self, end: str) -> Form:
        """Return the form that is sent to an address with this end."""
        reader = _FormReader()
        reader.feed(self.text)
        return next(form for form in reader.forms if form.action.endswith(end))


class Wire(t.Protocol):
    """A way to an app."""

    def __call__(
        self, method: str, path: str, headers: c.Mapping[str, str], body: str | None
    ) -> Answer: ...


class InProcess:
    """The way to an app of this process."""

    def __init__(self, app: flask.Flask) -> None:
        self._client = app.test_client(use_cookies=False)

    def __call__(
        self, method: str, path: str, headers: c.Mapping[str, str], body: str | None
    ) -> Answer:
        response = self._client.open(path, method=method, headers=dict(headers), data=body)
        told = email.message.Message()
        for name, value in response.headers:
            told[name] = value
        return Answer(response.status_code, told, response.data)


class OverHTTP:
    """The way to a server of this computer: a connection for each request, unless one is set."""

    connection: http.client.HTTPConnection | None = None

    def __init__(self, port: int) -> None:
        self.port = port

    def __call__(
        self, method: str, path: str, headers: c.Mapping[str, str], body: str | None
    ) -> Answer:
        with contextlib.ExitStack() as stack:
            connection = self.connection or stack.enter_context(contextlib.closing(self.connect()))
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection to the server."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=_ANSWERED)

    def send(
        self, method: str, path: str, headers: c.Mapping[str, str], body: str | None
    ) -> socket.socket:
        """Send a request, and return the connection that the answer is to come over."""
        connection = self.connect()
        connection.request(method, path, body, headers)
        return connection.sock


class Client:
    """Sends requests, and keeps cookies as browsers do.

    ``address`` is where a proxy sees it, which ends HTTPS; without one there is no proxy.
    """

    #: What it says by itself of a request from the site's own page.
    headers: Headers = types.MappingProxyType({"Accept": "text/html,application/json;q=0.9"})

    def __init__(
        self, wire: Wire, *, origin: str, user_agent: str, address: str | None = None
    ) -> None:
        self.wire = wire
        self.origin = origin
        self.user_agent = user_agent
        self.address = address
        self.cookies: dict[str, str] = {}

    def get(self, path: str, headers: Headers = NO_HEADERS) -> Answer:
        return self.send("GET", path, None, headers)

    def post(
        self,
        path: str,
        *,
        form: c.Mapping[str, str] | c.Sequence[tuple[str, str]] | None = None,
        json: object = None,
        headers: Headers = NO_HEADERS,
    ) -> Answer:
        """Send a form or JSON."""
        if form is not None:
            body, own = urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"}
        else:
            body = jsons.dumps(json)
            own = {"Content-Type": "application/json", "Accept": "application/json"}
        return self.send("POST", path, body, {**own, **headers})

    def send(self, method: str, path: str, body: str | None, headers: Headers) -> Answer:
        """Send anything."""
        sent = self.headers_of(method, headers)
        answer = self.wire(method, path.removeprefix(self.origin), sent, body)
        for text in answer.headers.get_all("Set-Cookie", ()):
            self._keep(text)
        return answer

    def headers_of(self, method: str, headers: Headers) -> dict[str, str]:
        """Return all headers of a request: its own, the client's and the proxy's."""
        sent: dict[str, str | None] = {
            "Host": urlsplit(self.origin).netloc,
            "User-Agent": self.user_agent,
        }
        if method == "POST":
            sent |= {
                "Origin": self.origin,
                "Referer": f"{self.origin}/",
                "Sec-Fetch-Site": "same-origin",
            }
        sent |= {**self.headers, **headers}
        if self.address is not None:
            spoofed = sent.get("X-Forwarded-For")
            sent["X-Forwarded-For"] = f"{spoofed}, {self.address}" if spoofed else self.address
            sent["X-Forwarded-Proto"] = "https"
        if self.cookies:
            sent.setdefault("Cookie", "; ".join(map("=".join, self.cookies.items())))
        return {name: value for name, value in sent.items() if value is not None}

    def _keep(self, text: str) -> None:
        for name, cookie in http.cookies.SimpleCookie(text).items():
            if name.startswith("__Host-"):
                # Browsers drop it otherwise.
                assert cookie["secure"]
                assert cookie["path"] == "/"
                assert not cookie["domain"]
            if cookie["max-age"] == "0" or "1970" in cookie["expires"]:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = cookie.value


class Browser(Client):
    """A browser that waits to be logged in."""

    id = ""
    #: The newest QR token that it shows, and when that was made.
    token = issued_at = ""
    #: The newest version that it has seen.
    version = 0
    links: t.Mapping[str, str] = {}

    def __init__(
        self, wire: Wire, *, origin: str, user_agent: str = _FIREFOX, address: str | None = None
    ) -> None:
        super().__init__(wire, origin=origin, user_agent=user_agent, address=address)

    def start(self, **body: str) -> Answer:
        """Show a new code."""
        answer = self.post("/qrlogin/requests", json=body)
        if answer.status == 201:
            shown = answer.json
            self.id, self.links, self.version = shown["id"], shown["links"], shown["version"]
            self._show(shown)
        return answer

    def poll(
        self, *, since: int | None = None, wait: int = 0, headers: Headers = NO_HEADERS
    ) -> Answer:
        """Look how far it is; the answer may be held for ``wait`` seconds."""
        answer = self.post(self.links["poll"], json=self.seen(since, wait), headers=headers)
        if answer.status == 200:
            self.version = max(self.version, answer.json["version"])
            if "qr" in answer.json:
                self._show(answer.json)
        return answer

    def seen(self, since: int | None = None, wait: int = 0) -> Json:
        """Return what a poll says: what this browser has seen, unless told otherwise."""
        seen: Json = {"since": self.version if since is None else since, "wait": wait}
        return seen | ({"issued_at": self.issued_at} if self.issued_at else {})

    def look(self) -> Json:
        """Look how far it is, as a page that has seen nothing yet, which logs nobody in."""
        answer = self.post(self.links["poll"], json={"since": 0})
        assert answer.status == 200, answer.text
        return answer.json

    def number(self) -> str | None:
        """Read the number off the screen, if there is one."""
        number: str | None = self.look().get("number")
        return number

    def secret(self) -> str:
        """Return what proves that a poll is this browser's."""
        return self.cookies[f"__Host-qrlogin-{self.id}"]

    def _show(self, answer: Json) -> None:
        self.token, self.issued_at = token_in(answer["qr"]["url"]), answer["issued_at"]


class WebPhone(Client):
    """The web browser of a person's phone."""

    page: Answer

    def __init__(
        self, wire: Wire, *, origin: str, user_agent: str = _SAFARI, address: str | None = None
    ) -> None:
        super().__init__(wire, origin=origin, user_agent=user_agent, address=address)

    def open(self, token: str, headers: Headers = NO_HEADERS) -> Answer:
        """Follow the link in a code."""
        self.page = self.get(f"/qrlogin/s/{token}", headers)
        return self.page

    def tap(self, action: str, **fields: str) -> Answer:
        """Send one of the forms of the page, and look at the page that it leads to."""
        form = self.page.form(f"/{action}")
        answer = self.post(form.action, form=form.fields | fields)
        if answer.status == 303:
            self.page = self.get(answer.location)
        return answer


class App(Client):
    """A native app on a person's phone, logged in with a bearer token."""

    headers: Headers = types.MappingProxyType({"Accept": "application/json"})

    def __init__(
        self,
        wire: Wire,
        *,
        origin: str,
        bearer: str,
        user_agent: str = _APP,
        address: str | None = None,
    ) -> None:
        super().__init__(wire, origin=origin, user_agent=user_agent, address=address)
        #: What the newest scan has answered, with the token.
        self.scanned: Json = {}
        self.bearer = bearer

    @property
    def bearer(self) -> str:
        """The token by which the app is known."""
        return str(self.headers["Authorization"]).removeprefix("Bearer ")

    @bearer.setter
    def bearer(self, token: str) -> None:
        self.headers = {**App.headers, "Authorization": f"Bearer {token}"}

    def scan(self, token: str) -> Answer:
        """Scan a code."""
        answer = self.post("/qrlogin/api/scan", json={"token": token})
        if answer.status == 200:
            self.scanned = {"token": token} | answer.json
        return answer

    def approve(self, number: object = None, **fields: object) -> Answer:
        """Agree, with the number if one is asked for."""
        return self._decide("approve", number=number, **fields)

    def deny(self, **fields: object) -> Answer:
        """Refuse, or take the approval back."""
        return self._decide("deny", **fields)

    def _decide(self, decision: str, **fields: object) -> Answer:
        body = {name: self.scanned.get(name) for name in ("token", "confirm_token")} | fields
        return self.post(f"/qrlogin/api/{decision}", json=body)


def token_in(url: str) -> str:
    """Return the QR token in a link."""
    return url.rpartition("/")[2]


@dataclasses.dataclass
class Form:
    """A form, what it sends without being filled in, and what each field lets one choose."""

    action: str
    fields: dict[str, str] = dataclasses.field(default_factory=dict)
    choices: dict[str, list[str]] = dataclasses.field(default_factory=dict)


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(found.get("action", "")))
        elif tag in ("input", "button") and found.get("name") and self.forms:
            form, name, value = self.forms[-1], found["name"], found.get("value", "")
            if found.get("type") == "hidden":
                form.fields[name] = value
            elif tag == "button" or found.get("type") == "radio":
                form.choices.setdefault(name, []).append(value)
