"""Who attacks and who is attacked: what each of them holds in their hands."""

from __future__ import annotations

import functools
import itertools

import itsdangerous

from example_app.seed import PASSWORD
from example_app.seed import PEOPLE
from tests import parties
from tests.parties import Answer
from tests.parties import OverHTTP

from .site import ORIGIN
from .site import Site

_addresses = itertools.count(1)


def new_address() -> str:
    """Return an address in a network in which nobody has been yet."""
    number = next(_addresses)
    return f"10.{number // 256}.{number % 256}.7"


class Visitor(parties.Client):
    """Somebody's way into the site, through the pages that are its own."""

    def who(self) -> str | None:
        """Return who is logged in here, by what the main page says."""
        answer = self.get("/")
        if answer.status != 200:
            return None
        return next(username for username, name in PEOPLE.items() if name in answer.text)

    def log_in(self, username: str, password: str = PASSWORD) -> Answer:
        """Log in with the password, on the page for that."""
        form = self.get("/login").form("/login")
        return self.post(
            form.action, form=form.fields | {"username": username, "password": password}
        )

    def log_out(self) -> None:
        form = self.get("/").form("/logout")
        self.post(form.action, form=form.fields)


class Browser(Visitor, parties.Browser):
    """A browser that waits to be logged in."""

    def __init__(self, site: Site, *, address: str) -> None:
        super().__init__(OverHTTP(site.port), origin=ORIGIN, address=address)


class WebPhone(Visitor, parties.WebPhone):
    """The web browser of a person's phone, logged in with a session cookie."""

    def __init__(self, site: Site, username: str, *, address: str) -> None:
        super().__init__(OverHTTP(site.port), origin=ORIGIN, address=address)
        key = ("web", username)
        if key not in site.logins:
            assert self.log_in(username).status == 303
            site.logins[key] = self.cookies
        self.cookies = dict(site.logins[key])


class _OldSigner(itsdangerous.TimestampSigner):
    def get_timestamp(self) -> int:
        return super().get_timestamp() - 300


class App(parties.App):
    """A native app on a person's phone, logged in with a bearer token."""

    def __init__(self, site: Site, username: str, *, address: str) -> None:
        super().__init__(OverHTTP(site.port), origin=ORIGIN, bearer="", address=address)
        self._site = site
        key = ("app", username)
        if key not in site.logins:
            body = {"username": username, "password": PASSWORD}
            answer = self.post("/phone/token", json=body, headers={"Authorization": None})
            site.logins[key] = answer.json["token"]
        self.bearer = site.logins[key]

    def make_stale(self) -> None:
        """Go on with a bearer token of five minutes ago, as if the app had been open since then."""
        serializer = itsdangerous.URLSafeTimedSerializer(
            self._site.secret_key, salt="example_app bearer token", signer=_OldSigner
        )
        id = serializer.loads_unsafe(self.bearer)[1]
        self.bearer = str(serializer.dumps(id))


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
        return Browser(self.site, address=self.address)

    def link(self, browser: Browser, **fields: object) -> None:
        """Log a browser in that they sit at, by scanning its code."""
        browser.start()
        assert self.app.scan(browser.token).status == 200
        answer = self.app.approve(browser.number(), **fields)
        assert answer.status == 200, answer.text
        assert browser.poll(since=browser.look()["version"]).json["state"] == "redeemed"
