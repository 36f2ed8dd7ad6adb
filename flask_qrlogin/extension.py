"""Puts the parts together and adds them to an application."""

from __future__ import annotations

import collections.abc as c
import contextlib
from datetime import datetime
from datetime import UTC

import flask
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy

from . import backends
from . import cli
from . import host_database
from . import i18n
from . import metrics
from .app_state import AppState
from .app_state import Backend
from .config import Settings
from .hooks import HookDecorators
from .models import linked_device_model
from .models import LinkedDeviceMixin
from .models import login_request_model
from .models import LoginRequestMixin
from .ports import LinkedDeviceStore
from .ports import LoginRequestStore
from .ports import Notifier
from .qr_style import QRStyle
from .stores.sql import SQLStore
from .stores.sql_devices import SQLDeviceStore
from .web import app_api
from .web import audit_log
from .web import browser
from .web import devices
from .web import host_session
from .web import openapi
from .web import panel
from .web import phone
from .web import phone_login
from .web import scanner
from .web import server
from .web import typed_code


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
        self._db = db
        self._model = login_request_model
        self._device_model = linked_device_model
        self._store = store
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
            open_store=self._open_store,
            open_device_store=self._open_device_store,
            open_notifier=self._open_notifier,
            in_host_transaction=self._in_host_transaction,
            qr_style=self._qr_style,
            clock=self._clock,
        )
        state.register(app)
        for make_blueprint in (
            browser.make_blueprint,
            phone.make_blueprint,
            typed_code.make_blueprint,
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
        server.release_at_sigterm(state)

    def _meet_db_early(self, app: flask.Flask, settings: Settings) -> None:
        """Let ``create_all`` and migrations see our models, and us the sessions, in good time."""

        def meet(db: SQLAlchemy) -> None:
            host_database.note_connections(db)
            if self._store is None and settings.store is None and self._model is None:
                login_request_model(db.metadata)
            if self._device_model is None:
                linked_device_model(db.metadata)

        db = self._find_db(app)
        if db is not None:
            meet(db)
            return

        def look_again(sender: flask.Flask, **extra: object) -> None:
            late = self._find_db(sender)
            if late is not None:
                flask.appcontext_pushed.disconnect(look_again, sender)
                # Whatever is wrong is said at the first use: this may be anybody's context.
                with contextlib.suppress(sa.exc.SQLAlchemyError):
                    meet(late)

        flask.appcontext_pushed.connect(look_again, app, weak=False)

    def _find_db(self, app: flask.Flask) -> SQLAlchemy | None:
        return self._db or app.extensions.get("sqlalchemy")

    def _open_store(self, app: flask.Flask, state: AppState) -> Backend[LoginRequestStore]:
        """Open the store of an app, in its context."""
        if self._store is not None:
            return Backend(self._store, f"{type(self._store).__name__} (store=)")
        if state.settings.store is not None:
            return backends.open_store_at(state.settings.store, app)
        db = self._find_db(app)
        if db is None:
            return backends.open_own_file(app)
        model = self._model or login_request_model(db.metadata)
        return host_database.open_host_database(app, state, db, SQLStore, model)

    def _open_device_store(self, app: flask.Flask, state: AppState) -> Backend[LinkedDeviceStore]:
        db = self._find_db(app)
        if db is None:
            return backends.open_devices_beside(app, state.store)
        model = self._device_model or linked_device_model(db.metadata)
        return host_database.open_host_database(app, state, db, SQLDeviceStore, model)

    def _open_notifier(self, app: flask.Flask, state: AppState) -> Backend[Notifier]:
        if self._notifier is not None:
            return Backend(self._notifier, f"{type(self._notifier).__name__} (notifier=)")
        return backends.open_notifier(state.settings.notifier, app, state.store)

    def _in_host_transaction(self, app: flask.Flask) -> bool:
        return host_database.in_transaction(self._find_db(app))
