"""Puts the parts together and adds them to an application."""

from __future__ import annotations

import collections.abc as c
import contextlib
import typing as t
from datetime import datetime
from datetime import UTC

import flask

from . import cli
from . import openapi
from .app_state import AppState
from .config.settings import Settings
from .core.ports import LoginRequestStore
from .core.ports import Notifier
from .hooks import HookDecorators
from .observe import audit_log
from .observe import metrics
from .qr.style import QRStyle
from .stores.opening import Given
from .waiting import server
from .web import host_session
from .web import i18n
from .web.browser import panel
from .web.browser import views as browser
from .web.devices import views as devices
from .web.phone import api as app_api
from .web.phone import login as phone_login
from .web.phone import scanner
from .web.phone import user_code
from .web.phone import views as phone

if t.TYPE_CHECKING:
    from flask_sqlalchemy import SQLAlchemy

    from .stores.models import LinkedDeviceMixin
    from .stores.models import LoginRequestMixin


def _utc_now() -> datetime:
    return datetime.now(UTC)


class QRLogin(HookDecorators):
    """Adds login by QR code to a Flask application: ``QRLogin(app)``, or ``init_app`` later.

    It finds the app's Flask-Login and Flask-SQLAlchemy by itself, in whatever order they are
    initialised. One ``QRLogin`` may serve several apps. It reads each ``QRLOGIN_`` key of
    :class:`~flask_qrlogin.config.Settings` in ``init_app``; later changes are not seen.

    Args:
        app: The application; leave it out and call :meth:`init_app` in a factory.
        db: The Flask-SQLAlchemy to use, if the app's registered one is not it.
        login_request_model: A model of your own on :class:`LoginRequestMixin`.
        linked_device_model: A model of your own on :class:`LinkedDeviceMixin`.
        store: Where login requests are kept, instead of the database.
        notifier: What wakes waiting polls in other processes, instead of the one that fits.
        qr_style: How the picture of the code looks.
        clock: Returns the time as an aware datetime, for tests.

    Raises:
        ConfigurationError: a wrong key or value, or a second registration.
    """

    def __init__(
        self,
        app: flask.Flask | None = None,
        *,
        db: SQLAlchemy | None = None,
        login_request_model: type[LoginRequestMixin] | None = None,
        linked_device_model: type[LinkedDeviceMixin] | None = None,
        store: LoginRequestStore | None = None,
        notifier: Notifier | None = None,
        qr_style: QRStyle | None = None,
        clock: c.Callable[[], datetime] = _utc_now,
    ) -> None:
        super().__init__()
        self._given = Given(
            db=db,
            store=store,
            login_request_model=login_request_model,
            linked_device_model=linked_device_model,
        )
        self._notifier = notifier
        self._qr_style = qr_style or QRStyle()
        self._clock = clock
        if app is not None:
            self.init_app(app)

    def init_app(self, app: flask.Flask) -> None:
        """Add login by QR code to an application.

        Raises:
            ConfigurationError: a wrong key or value, or a second registration.
        """
        state = AppState(
            settings=Settings.from_mapping(app.config),
            hooks=self.hooks,
            given=self._given,
            notifier=self._notifier,
            qr_style=self._qr_style,
            clock=self._clock,
        )
        state.register(app)
        for make_blueprint in (
            browser.make_blueprint,
            phone.make_blueprint,
            user_code.make_blueprint,
            scanner.make_blueprint,
            app_api.make_blueprint,
            devices.make_blueprint,
            openapi.make_blueprint,
        ):
            app.register_blueprint(make_blueprint(), url_prefix=state.settings.url_prefix)
        app.add_template_global(panel.panel, "qrlogin")
        app.add_template_global(panel.button, "qrlogin_button")
        app.add_template_global(i18n.text, "qrlogin_text")
        app.add_template_global(i18n.texts, "qrlogin_texts")
        app.cli.add_command(cli.group)
        host_session.connect(app)
        phone_login.connect(app)
        self._meet_db_early(app, state.settings)
        audit_log.connect(app)
        metrics.connect(app, state)
        server.release_at_sigterm(state.release_waiting)

    def _meet_db_early(self, app: flask.Flask, settings: Settings) -> None:
        """Let ``create_all`` and migrations see our models, and us the sessions, in good time."""

        def meet(db: SQLAlchemy) -> None:
            # An app without a database has no need of SQLAlchemy.
            from .stores import host_database
            from .stores import models

            host_database.note_connections(db)
            given = self._given
            if given.store is None and settings.store is None and given.login_request_model is None:
                models.login_request_model(db.metadata)
            if given.linked_device_model is None:
                models.linked_device_model(db.metadata)

        db = self._given.find_db(app)
        if db is not None:
            meet(db)
            return

        def look_again(sender: flask.Flask, **extra: object) -> None:
            late = self._given.find_db(sender)
            if late is not None:
                import sqlalchemy as sa

                flask.appcontext_pushed.disconnect(look_again, sender)
                # Whatever is wrong is said at the first use: this may be anybody's context.
                with contextlib.suppress(sa.exc.SQLAlchemyError):
                    meet(late)

        flask.appcontext_pushed.connect(look_again, app, weak=False)
