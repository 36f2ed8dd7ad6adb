"""A small host with panels in pages of its own, and a phone without a screen."""

from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
import threading
import typing as t

import flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from werkzeug.serving import make_server
from werkzeug.serving import WSGIRequestHandler

from flask_qrlogin import QRLogin
from flask_qrlogin import QRStyle
from flask_qrlogin.testing import Clock
from tests.web.host import Host
from tests.web.parties import NativeApp

_PAGE: t.Final = """<!doctype html>
<html lang="en">
<head><meta name="viewport" content="width=device-width"><title>Host</title>
<link rel="stylesheet" href="/fonts/{{ request.args.get('font', 'usual') }}.css"></head>
<body><main><h1>Host</h1><form><input aria-label="Name">%s</form>%s<p>After</p></main></body>
</html>"""
_LOGO: t.Final = """<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" width="9" height="9">
<path d="M0 0h9v9H0z" fill="#0b6467"/></svg>"""

#: What breaks lines elsewhere, as fonts do that are narrower or wider than those of this machine.
FONTS: t.Final = {
    "narrow": "body { letter-spacing: -.06em; }",
    "usual": "",
    "wide": "body { letter-spacing: .14em; word-spacing: .2em; }",
}
_SMALL: t.Final = "html { font-size: 62.5%; } body { font-size: 1.4rem; } main { width: 472px; }"


class _Quiet(WSGIRequestHandler):
    def log(self, *args: object) -> None:
        pass


class PanelHost(Host):
    """The host of the tests over HTTP, with the panel in each size."""

    url: str

    def __init__(self, folder: pathlib.Path, **config: t.Any) -> None:
        clock = Clock()
        style = QRStyle(logo_url="/logo.svg") if config.pop("logo", False) else None
        config.setdefault("QRLOGIN_POLL_INTERVAL", 0.2)
        config.setdefault("QRLOGIN_HELD_POLLS", 0)
        super().__init__(
            folder,
            clock=clock,
            qrlogin=QRLogin(clock=clock, qr_style=style),
            prepare=lambda app: Limiter(get_remote_address, app=app, storage_uri="memory://"),
            **({"RATELIMIT_ENABLED": "QRLOGIN_USER_CODE" in config} | config),
        )
        pages = {
            "full": _PAGE % ("", "{{ qrlogin() }}"),
            "compact": _PAGE % ("", "{{ qrlogin(size='compact') }}"),
            "button": _PAGE % ("{{ qrlogin_button() }}", ""),
            # As Bootstrap 3 and many since: a rem is 10 pixels.
            "narrow": _PAGE.replace("<title>", "<link rel=stylesheet href=/small.css><title>")
            % ("", "{{ qrlogin() }}"),
        }
        self.app.add_url_rule(
            "/<any(full,compact,button,narrow):size>",
            "panel",
            view_func=lambda size: flask.render_template_string(pages[size]),
        )
        self.app.add_url_rule(
            "/small.css",
            "small",
            view_func=lambda: flask.Response(_SMALL, mimetype="text/css"),
        )
        self.app.add_url_rule(
            "/fonts/<name>.css",
            "font",
            view_func=lambda name: flask.Response(FONTS[name], mimetype="text/css"),
        )
        self.app.add_url_rule(
            "/logo.svg",
            "logo",
            view_func=lambda: flask.Response(_LOGO, mimetype="image/svg+xml"),
        )

    def scan(self, text: str) -> NativeApp:
        """Scan the code whose text is this, with a native app."""
        app = self.native_app()
        assert app.scan(text.rpartition("/")[2]).status_code == 200
        return app


@contextlib.contextmanager
def serving(host: PanelHost) -> c.Iterator[PanelHost]:
    """Serve a host on a free port."""
    server = make_server("127.0.0.1", 0, host.app, threaded=True, request_handler=_Quiet)
    host.url = f"http://127.0.0.1:{server.port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield host
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        host.close()
