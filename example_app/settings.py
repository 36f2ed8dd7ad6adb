"""The configuration: what is set here, then the environment, then what the caller passes."""

from __future__ import annotations

import collections.abc as c
import contextlib
import os
import pathlib
import secrets
import tempfile
import typing as t
from datetime import timedelta
from urllib.parse import urlsplit

import flask

#: The names under which this computer reaches itself.
LOOPBACK_HOSTS = ("127.0.0.1", "localhost")


def load(app: flask.Flask, config: c.Mapping[str, t.Any]) -> None:
    """Fill ``app.config``.

    Of the environment count ``QRLOGIN_BASE_URL``, and every key with ``FLASK_`` before it, as in
    ``FLASK_QRLOGIN_TOKEN_LIFETIME=20``.
    """
    folder = pathlib.Path(app.instance_path)
    folder.mkdir(parents=True, exist_ok=True)
    app.config.from_mapping(
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder / 'harbour.sqlite3'}",
        # Cookies do not tell ports apart; another app on this computer may call its own "session".
        SESSION_COOKIE_NAME="harbour",
        SESSION_COOKIE_SAMESITE="Lax",
        REMEMBER_COOKIE_SAMESITE="Lax",
        # A form is good for as long as the session.
        WTF_CSRF_TIME_LIMIT=None,
        # How long a bearer token is good.
        BEARER_LIFETIME=timedelta(minutes=10),
        QRLOGIN_SITE_NAME="Harbour",
    )
    base_url = os.environ.get("QRLOGIN_BASE_URL")
    if base_url:
        app.config["QRLOGIN_BASE_URL"] = base_url
    app.config.from_prefixed_env()
    app.config.from_mapping(config)
    # Without the limiter, as in tests, nobody counts how often people guess.
    app.config.setdefault("QRLOGIN_USER_CODE", app.config.get("RATELIMIT_ENABLED", True))
    base = urlsplit(app.config.get("QRLOGIN_BASE_URL") or "")
    app.config["SESSION_COOKIE_SECURE"] = base.scheme == "https"
    app.config["REMEMBER_COOKIE_SECURE"] = base.scheme == "https"
    if not app.config["TRUSTED_HOSTS"]:
        hosts = {*LOOPBACK_HOSTS, base.hostname}
        app.config["TRUSTED_HOSTS"] = sorted(host for host in hosts if host)
    if not app.config["SECRET_KEY"]:
        app.config["SECRET_KEY"] = kept_secret(folder / "secret_key")


def kept_secret(path: pathlib.Path) -> str:
    """Return the secret in a file that only its owner may read; make it on the first call.

    Two processes may start at once: the file appears with its whole content, and the first one
    stays.
    """
    if not path.exists():
        # mkstemp lets nobody else read what it makes.
        handle, draft = tempfile.mkstemp(dir=path.parent)
        with open(handle, "w") as file:
            file.write(secrets.token_hex())
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        os.unlink(draft)
    return path.read_text()
