"""The example app as a server runs it: behind a proxy, everything logged, the time set by tests."""

from __future__ import annotations

import functools
import logging
import os
import pathlib
from datetime import datetime
from datetime import timedelta
from datetime import UTC

import flask
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.security import generate_password_hash

import example_app

#: The variable that says how many proxies stand before us.
PROXIES = "ATTACKS_PROXIES"


def create_app() -> flask.Flask:
    """Make the application; ``ahead`` in its instance folder says how wrong its clock is."""
    ahead = pathlib.Path(os.environ["EXAMPLE_INSTANCE_PATH"], "ahead")
    # Secrets must not be in any log, so nothing is left out.
    logging.basicConfig(level=logging.DEBUG)
    # The clock is an argument of QRLogin, which the example makes without one.
    example_app.qrlogin._clock = lambda: (
        datetime.now(UTC) + timedelta(seconds=float(ahead.read_text()))
    )
    # How slow that is, is Werkzeug's affair.
    example_app.seed.generate_password_hash = functools.partial(  # type: ignore[attr-defined]
        generate_password_hash, method="pbkdf2:sha256:1"
    )
    app = example_app.create_app()
    proxies = int(os.environ[PROXIES])
    app.wsgi_app = ProxyFix(app.wsgi_app, x_for=proxies, x_proto=proxies)  # type: ignore[method-assign]
    return app
