"""The two who take part, over HTTP alone: a browser that waits, and a phone."""

from __future__ import annotations

import collections.abc as c
import http.cookies
import typing as t
from urllib.parse import urlsplit

import flask
from werkzeug.test import TestResponse

from flask_qrlogin.testing import client
from flask_qrlogin.testing.client import PAGE as PAGE
from flask_qrlogin.testing.forms import FORM_TYPE
from flask_qrlogin.testing.forms import forms as forms

Json: t.TypeAlias = dict[str, t.Any]


class Client(client.Client):
    """Sends what a test tells it to, and returns the answer whatever it is."""

    def __init__(self, app: flask.Flask, base_url: str) -> None:
        super().__init__(app, base_url=base_url)

    def get(self, url: str, **headers: str) -> TestResponse:
        """Ask for a page; words in header names are joined by underscores here."""
        return self._send("GET", url, {}, {"headers": _named(headers)})

    def post(
        self, url: str, json: t.Any = None, *, form: Json | None = None, **headers: str
    ) -> TestResponse:
        """Send JSON, or a form as a page without JavaScript does."""
        if form is not None:
            return super().post(url, data=form, content_type=FORM_TYPE, headers=_named(headers))
        return super().post(url, json={} if json is None else json, headers=_named(headers))

    def log_in(self, name: str, *, remember: bool = False, url: str = "/login") -> TestResponse:
        """Log in with the app's own form."""
        form = {"name": name} | ({"remember": "yes"} if remember else {})
        response = self.post(url, form=form)
        assert response.status_code == 302, response.text[:300]
        return response

    def log_out(self) -> None:
        """Log out with the app's own link."""
        assert self.get("/logout").text == "bye"

    def who(self) -> str:
        """Return who the app says is logged in here."""
        return self.get("/").text

    def keep_cookie(self, name: str, value: str) -> None:
        """Put a cookie into the jar."""
        self.jar.set_cookie(name, value, domain=t.cast(str, urlsplit(self.base_url).hostname))


class Browser(Client):
    """The browser that waits, with JavaScript."""

    def __init__(self, app: flask.Flask, base_url: str) -> None:
        super().__init__(app, base_url)
        #: The newest answer about the request it waits for.
        self.request: Json = {}

    def start(self, prefix: str = "/qrlogin", **fields: t.Any) -> Json:
        """Show a new code; return the answer."""
        response = self.post(f"{prefix}/requests", fields)
        assert response.status_code == 201, response.text[:300]
        self.request = t.cast(Json, response.json)
        return self.request

    @property
    def url(self) -> str:
        """The URL in the code that is on the screen."""
        return t.cast(str, self.request["qr"]["url"])

    @property
    def token(self) -> str:
        """The QR token in that URL."""
        return self.url.rpartition("/")[2]

    def try_poll(self, since: int | None = None) -> TestResponse:
        """Poll once, having seen the newest answer unless told otherwise."""
        body = {
            "since": self.request["version"] if since is None else since,
            "wait": 20,
            "issued_at": self.request["issued_at"],
        }
        return self.post(self.request["links"]["poll"], body)

    def poll(self, since: int | None = None) -> Json:
        """Poll once, and return the answer."""
        response = self.try_poll(since)
        assert response.status_code == 200, response.text[:300]
        self.request = self.request | t.cast(Json, response.json)
        return t.cast(Json, response.json)

    def cancel(self) -> TestResponse:
        """Withdraw the request."""
        return self.post(self.request["links"]["cancel"])

    def show(self) -> TestResponse:
        """Load the page for browsers without JavaScript."""
        return self.get(self.request["links"]["self"], Accept=PAGE)


class Phone(Client):
    """A phone's web browser: it opens the URL of a code and taps buttons."""

    page: TestResponse

    def open(self, url: str, **headers: str) -> TestResponse:
        """Open the URL in a code."""
        self.page = self.get(url, **({"Accept": PAGE} | headers))
        return self.page

    def reload(self) -> TestResponse:
        """Load the page again that is on the screen."""
        return self.open(self.page.request.path)

    def buttons(self) -> set[str]:
        """Return what the page lets the person do: scan, approve, deny."""
        return {form.action.rpartition("/")[2] for form in forms(self.page)}

    def tap(self, button: str, **fields: str) -> TestResponse:
        """Press a button, and load the page it leads to; return that page, or the refusal.

        ``fields`` are what the person has filled in or chosen.
        """
        (form,) = (form for form in forms(self.page) if form.action.endswith(f"/{button}"))
        answer = self.post(form.action, form=form.fields | fields)
        if answer.status_code != 303:
            return answer
        return self.open(answer.headers["Location"])

    def scan(self, url: str) -> TestResponse:
        """Open the URL in a code and tap *Continue*."""
        assert self.open(url).status_code == 200, self.page.text[:300]
        return self.tap("scan")

    def approve(self, url: str) -> TestResponse:
        """Open, continue and approve."""
        assert self.scan(url).status_code == 200
        return self.tap("approve")


class NativeApp(Client):
    """A native app: JSON and a bearer token, no cookies."""

    def __init__(self, app: flask.Flask, base_url: str, authorization: str) -> None:
        super().__init__(app, base_url)
        self.post_headers = {"Authorization": authorization}
        self.token = ""
        self.confirm_token = ""

    def scan(self, token: str) -> TestResponse:
        """Report the code that the camera read."""
        response = self.post("/qrlogin/api/scan", {"token": token})
        if response.status_code == 200:
            self.token = token
            self.confirm_token = t.cast(Json, response.json)["confirm_token"]
        return response

    def decide(self, action: str, **fields: t.Any) -> TestResponse:
        """Approve or deny what was scanned."""
        body = {"token": self.token, "confirm_token": self.confirm_token} | fields
        return self.post(f"/qrlogin/api/{action}", body)


def set_cookies(response: TestResponse) -> dict[str, http.cookies.Morsel[str]]:
    """Return the cookies that an answer sets or deletes, by name."""
    found: dict[str, http.cookies.Morsel[str]] = {}
    for header in response.headers.getlist("Set-Cookie"):
        found |= http.cookies.SimpleCookie(header)
    return found


def problem(response: TestResponse) -> tuple[int, str]:
    """Return status and code of a refusal, which has to be a well-formed problem document."""
    assert response.mimetype == "application/problem+json", response.text[:300]
    body = t.cast(Json, response.json)
    assert body["status"] == response.status_code
    assert body["title"].endswith(".")
    return response.status_code, body["code"]


def _named(headers: c.Mapping[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
