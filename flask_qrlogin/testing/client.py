"""How a browser, a phone or a native app reaches the app that is tested."""

from __future__ import annotations

import copy
import typing as t
from urllib.parse import urlsplit

import flask
import flask_login
import jinja2
import werkzeug.test
from flask.testing import FlaskClient
from werkzeug.http import parse_cookie
from werkzeug.test import TestResponse

from ..app_state import AppState
from ..app_state import current_state
from .refused import require_success

#: What a person's browser says it would like.
PAGE = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
#: In the environ of a request: a dict that gets what the page was rendered with.
_SHOWN = "flask_qrlogin.testing.shown"


class Client:
    """A client with cookies, a network address and a user agent of its own.

    It opens the app at ``base_url``; if not given, at the address that the app's codes lead to.
    """

    def __init__(
        self,
        app: flask.Flask,
        *,
        base_url: str | None = None,
        address: str = "127.0.0.1",
        user_agent: str | None = None,
    ) -> None:
        self.app = app
        self.base_url: str = (base_url or _address_of(app)).rstrip("/")
        self.origin: str = "://".join(urlsplit(self.base_url)[:2])
        #: Flask's own test client, which holds the cookies.
        self.jar: FlaskClient = app.test_client()
        #: Sent with every request.
        self.headers: dict[str, str] = {}
        #: Sent with every POST; an Origin, as browsers do.
        self.post_headers: dict[str, str] = {"Origin": self.origin}
        self._shown: dict[str, t.Any] = {}
        self.move_to(address)
        if user_agent is not None:
            self.jar.environ_base["HTTP_USER_AGENT"] = user_agent
        flask.template_rendered.connect(_keep_shown, app)

    def move_to(self, address: str) -> None:
        """Send from another network address from now on."""
        self.jar.environ_base["REMOTE_ADDR"] = address

    def get(self, url: str, **options: t.Any) -> TestResponse:
        """Open a page of the app; the options are those of Flask's test client."""
        return self._send("GET", url, {"Accept": PAGE}, options)

    def post(self, url: str, **options: t.Any) -> TestResponse:
        """Send to the app as its own pages do, such as ``post("/login", data={"name": "ann"})``."""
        accept = {} if "json" in options else {"Accept": PAGE}
        return self._send("POST", url, accept | self.post_headers, options)

    def cookies(self) -> dict[str, str]:
        """Return the cookies that are sent from here to the app, oldest first."""
        return dict(parse_cookie(self._environ()))

    def session(self) -> dict[str, t.Any]:
        """Return what the app's session holds here."""
        with self.jar.session_transaction(base_url=self.base_url) as session:
            return dict(session)

    @property
    def user_id(self) -> str | None:
        """The id of who is logged in here, by Flask-Login; None for nobody."""
        with self.app.app_context(), self._context():
            id = flask_login.current_user.get_id()
        return None if id is None else str(id)

    def _context(self) -> flask.ctx.RequestContext:
        """Return the context of a request from here."""
        return self.app.request_context(self._environ())

    def _environ(self) -> dict[str, t.Any]:
        """Return the environ of a request from here, which the app does not see."""
        sent: dict[str, t.Any] = {}

        def receive(environ: dict[str, t.Any], start_response: t.Any) -> list[bytes]:
            sent.update(environ)
            start_response("204 No Content", [])
            return []

        # Werkzeug has no public way to list cookies, but sends them to any application.
        client = copy.copy(self.jar)
        client.application = receive  # type: ignore[assignment]
        werkzeug.test.Client.open(
            client, base_url=self.base_url, environ_overrides=self.jar.environ_base
        )
        return sent

    def _send(
        self, method: str, url: str, headers: dict[str, str], options: dict[str, t.Any]
    ) -> TestResponse:
        self._shown = {}
        # With a context of its own: where the test keeps one open, as pytest-flask does, browser
        # and phone would share ``g``, and so Flask-Login's user.
        with self.app.app_context():
            return self.jar.open(
                self._path(url),
                method=method,
                base_url=self.base_url,
                headers=headers | self.headers | dict(options.pop("headers", {})),
                environ_overrides={_SHOWN: self._shown},
                **{"buffered": True, **options},
            )

    def _succeed(self, response: TestResponse) -> TestResponse:
        """Return an answer, if it is none that refuses."""
        require_success(response, self._shown)
        return response

    def _own(self, path: str) -> str:
        """Return where a path of the HTTP contract is in this app."""
        return _state_of(self.app).settings.url_prefix + path

    def _path(self, url: str) -> str:
        parts = urlsplit(url)
        path, root = parts.path, urlsplit(self.base_url).path
        if path.startswith(f"{root}/"):
            path = path.removeprefix(root)
        return f"{path}?{parts.query}" if parts.query else path


def _state_of(app: flask.Flask) -> AppState:
    with app.app_context():
        return current_state()


def _address_of(app: flask.Flask) -> str:
    """Return what stands in the code's URL before our path."""
    config, origin = app.config, _state_of(app).settings.base_url
    if origin is None:
        trusted = [host.lstrip(".") for host in config.get("TRUSTED_HOSTS") or ()]
        host = config["SERVER_NAME"] or [*trusted, "localhost"][0]
        origin = f"{config['PREFERRED_URL_SCHEME']}://{host}"
    return origin + str(config["APPLICATION_ROOT"])


def _keep_shown(
    sender: flask.Flask, *, template: jinja2.Template, context: dict[str, t.Any], **extra: object
) -> None:
    """Note what one of our pages says, as its own template may say it in other words."""
    shown = flask.request.environ.get(_SHOWN) if flask.has_request_context() else None
    if shown is not None and str(template.name).startswith("qrlogin/"):
        shown.update(context)
