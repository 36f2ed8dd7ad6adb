"""Harbour: a small application with accounts and passwords, and login by QR code added to it."""

from __future__ import annotations

import collections.abc as c
import os
import typing as t

import flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf import CSRFProtect

from flask_qrlogin import QRLogin

from . import accounts
from . import mail
from . import pages
from . import phone
from . import seed
from . import settings
from . import terminal_phone
from .models import db

csrf = CSRFProtect()
qrlogin = QRLogin()
qrlogin.send_notice(mail.send_notice)
qrlogin.step_up(accounts.has_just_logged_in)
# It counts no cookie, so there is nothing that another site could forge.
csrf.exempt(phone.blueprint)


def create_app(
    config: c.Mapping[str, t.Any] | None = None, *, instance_path: str | None = None
) -> flask.Flask:
    """Make the application; its database and key are kept in the instance folder.

    ``config`` goes before what the environment says. The folder is ``instance_path``, else the
    environment's ``EXAMPLE_INSTANCE_PATH``, else ``instance`` beside this package.
    """
    folder = instance_path or os.environ.get("EXAMPLE_INSTANCE_PATH")
    app = flask.Flask(__name__, instance_path=os.path.abspath(folder) if folder else None)
    settings.load(app, config or {})
    db.init_app(app)
    accounts.init_app(app)
    csrf.init_app(app)
    # Counts for flask_qrlogin. Several processes would need a storage that they share.
    Limiter(get_remote_address, app=app, storage_uri="memory://")
    qrlogin.init_app(app)
    pages.init_app(app)
    app.register_blueprint(phone.blueprint)
    app.cli.add_command(terminal_phone.command)
    seed.prepare(app)
    return app
