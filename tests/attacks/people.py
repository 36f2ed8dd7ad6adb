"""Who attacks and who is attacked: what each of them holds in their hands."""

from __future__ import annotations

import functools
import itertools
import types
import typing as t

import itsdangerous

from example_app.seed import PASSWORD

from .client import Answer
from .client import Client
from .client import Headers
from .client import Json
from .client import NO_HEADERS
from .site import Site

_BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
_PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) Version/18.5 Mobile Safari/604.1"
_addresses = itertools.count(1)


def new_address() -> str:
    """Return an address in a network in which nobody has been yet."""
    number = next(_addresses)
    return f"10.{number // 256}.{number % 256}.7"


class Browser(Client):
    """A browser that waits to be logged in."""

    id = ""
    #: The newest QR token that it shows.
    token = ""
    #: The newest version that it has seen.
    version = 0
    links: t.Mapping[str, str] = {}

    def start(self, **body: str) -> Answer:
        """Show a new code."""
        answer = self.post("/qrlogin/requests", json=body)
        if answer.status == 201:
            shown = answer.json
            self.id, self.links, self.version = shown["id"], shown["links"], shown["version"]
            self.token = token_in(shown["qr"]["url"])
        return answer

    def poll(self, *, since: int | None = None, headers: Headers = NO_HEADERS) -> Answer:
        """Look how far it is."""
        body = {"since": self.version if since is None else since}
        answer = self.post(self.links["poll"], json=body, headers=headers)
        if answer.status == 200:
            self.version = max(self.version, answer.json["version"])
            if "qr" in answer.json:
                self.token = token_in(answer.json["qr"]["url"])
        return answer

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


class _OldSigner(itsdangerous.TimestampSigner):
    def get_timestamp(self) -> int:
        return super().get_timestamp() - 300


class App(Client):
    """A native app on a person's phone, logged in with a bearer token."""

    headers: Headers = types.MappingProxyType({"Accept": "application/json"})

    def __init__(self, site: Site, username: str, **device: str) -> None:
        super().__init__(site, **device, user_agent="Harbour/1.0 (iPhone)")
        #: What the newest scan has answered, with the token.
        self.scanned: Json = {}
        key = ("app", username)
        if key not in site.logins:
            body = {"username": username, "password": PASSWORD}
            site.logins[key] = self.post("/phone/token", json=body).json["token"]
        self.bearer = site.logins[key]

    @property
    def bearer(self) -> str:
        """The token by which the app is known."""
        return str(self.headers["Authorization"]).removeprefix("Bearer ")

    @bearer.setter
    def bearer(self, token: str) -> None:
        self.headers = {**App.headers, "Authorization": f"Bearer {token}"}

    def make_stale(self) -> None:
        """Go on with a bearer token of five minutes ago, as if the app had been open since then."""
        serializer = itsdangerous.URLSafeTimedSerializer(
            self.site.secret_key, salt="example_app bearer token", signer=_OldSigner
        )
        id = serializer.loads_unsafe(self.bearer)[1]
        self.bearer = str(serializer.dumps(id))

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


class WebPhone(Client):
    """The web browser of a person's phone, logged in with a session cookie."""

    page: Answer

    def __init__(self, site: Site, username: str, **device: str) -> None:
        super().__init__(site, **device, user_agent=_PHONE)
        key = ("web", username)
        if key not in site.logins:
            assert self.log_in(username).status == 303
            site.logins[key] = self.cookies
        self.cookies = dict(site.logins[key])

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


class Person:
    """Somebody with an account, and what they have at home."""

    def __init__(self, site: Site, username: str) -> None:
        self.site = site
        self.username = username
        self.address = new_address()

    @functools.cached_property
    def browser(self) -> Browser:
        """A browser in which they are not logged in."""
        return self.new_browser()

    @functools.cached_property
    def app(self) -> App:
        return App(self.site, self.username, address=self.address)

    @functools.cached_property
    def phone(self) -> WebPhone:
        return WebPhone(self.site, self.username, address=self.address)

    def new_browser(self) -> Browser:
        return Browser(self.site, address=self.address, user_agent=_BROWSER)

    def link(self, browser: Browser, **fields: object) -> None:
        """Log a browser in that they sit at, by scanning its code."""
        browser.start()
        assert self.app.scan(browser.token).status == 200
        answer = self.app.approve(browser.number(), **fields)
        assert answer.status == 200, answer.text
        assert browser.poll(since=browser.look()["version"]).json["state"] == "redeemed"


def token_in(url: str) -> str:
    """Return the QR token in a link."""
    return url.rpartition("/")[2]
