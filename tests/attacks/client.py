"""A client that keeps cookies as browsers do, behind a proxy that adds its address."""

from __future__ import annotations

import collections.abc as c
import http.client
import http.cookies
import json as jsons
import types
import typing as t
from urllib.parse import urlencode

from example_app.seed import PASSWORD
from example_app.seed import PEOPLE

from .forms import Form
from .forms import read_forms
from .site import HOST
from .site import ORIGIN
from .site import Site

Json: t.TypeAlias = dict[str, t.Any]
#: Each replaces one that would be sent anyway; None leaves it out.
Headers: t.TypeAlias = c.Mapping[str, str | None]
NO_HEADERS: Headers = types.MappingProxyType({})


class Answer:
    """What the site has answered."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

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
        return next(form for form in read_forms(self.text) if form.action.endswith(end))


class Client:
    """Sends requests, and keeps cookies as browsers do."""

    #: What a browser says by itself of a request from the site's own page.
    headers: Headers = types.MappingProxyType({"Accept": "text/html,application/json;q=0.9"})

    def __init__(self, site: Site, *, address: str, user_agent: str) -> None:
        self.site = site
        self.address = address
        self.user_agent = user_agent
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
        own: dict[str, str | None] = {
            "Origin": ORIGIN,
            "Referer": f"{ORIGIN}/",
            "Sec-Fetch-Site": "same-origin",
        }
        if form is not None:
            body, own["Content-Type"] = urlencode(form), "application/x-www-form-urlencoded"
        else:
            body, own["Content-Type"] = jsons.dumps(json), "application/json"
            own["Accept"] = "application/json"
        return self.send("POST", path, body, {**own, **headers})

    def send(self, method: str, path: str, body: str | None, headers: Headers) -> Answer:
        """Send anything; the proxy adds the address that it sees."""
        sent: dict[str, str | None] = {"Host": HOST, "User-Agent": self.user_agent}
        sent |= {**self.headers, **headers}
        spoofed = sent.get("X-Forwarded-For")
        sent["X-Forwarded-For"] = f"{spoofed}, {self.address}" if spoofed else self.address
        sent["X-Forwarded-Proto"] = "https"
        if self.cookies:
            sent.setdefault("Cookie", "; ".join(map("=".join, self.cookies.items())))
        connection = http.client.HTTPConnection("127.0.0.1", self.site.port, timeout=30)
        try:
            connection.request(
                method,
                path.removeprefix(ORIGIN),
                body,
                {name: value for name, value in sent.items() if value is not None},
            )
            answer = Answer(connection.getresponse())
        finally:
            connection.close()
        for text in answer.headers.get_all("Set-Cookie", ()):
            self._keep(text)
        return answer

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
