"""Puts the parts together and adds them to an application."""

from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
from datetime import datetime
from datetime import UTC

import flask
import flask_login
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy

from . import cli
from .app_state import AppState
from .config import Settings
from .hooks import HookDecorators
from .models import login_request_model
from .models import LoginRequestMixin
from .ports import LoginRequestStore
from .qr_image import QRStyle
from .stores import sql
from .web import app_api
from .web import browser
from .web import host_session
from .web import phone


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
        store: Where login requests are kept, instead of the database.
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
        store: LoginRequestStore | None = None,
        qr_style: QRStyle | None = None,
        clock: c.Callable[[], datetime] = _utc_now,
    ) -> None:
        super().__init__()
        self._db = db
        self._model = login_request_model
        self._store = store
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
            make_store=self._make_store,
            qr_style=self._qr_style,
            clock=self._clock,
        )
        state.register(app)
        for make_blueprint in (
            browser.make_blueprint,
            phone.make_blueprint,
            app_api.make_blueprint,
        ):
            app.register_blueprint(make_blueprint(), url_prefix=state.settings.url_prefix)
        app.add_template_global(browser.panel, "qrlogin")
        app.cli.add_command(cli.group)
        # The mark "by QR" belongs to one login: any other one, and a logout, takes it away.
        flask_login.user_logged_in.connect(host_session.forget_mark, app)
        flask_login.user_logged_out.connect(host_session.forget_mark, app)
        if app.config.get("REMEMBER_COOKIE_REFRESH_EACH_REQUEST"):
            flask.request_started.connect(host_session.keep_unremembered, app)
        if self._store is None and self._model is None:
            self._make_model_early(app)

    def _make_model_early(self, app: flask.Flask) -> None:
        """Let ``create_all`` and migrations see the model as soon as the db is known."""
        db = self._find_db(app)
        if db is not None:
            login_request_model(db.metadata)
            return

        def look_again(sender: flask.Flask, **extra: object) -> None:
            late = self._find_db(sender)
            if late is not None:
                flask.appcontext_pushed.disconnect(look_again, sender)
                # Whatever is wrong is said at the first use: this may be anybody's context.
                with contextlib.suppress(sa.exc.SQLAlchemyError):
                    login_request_model(late.metadata)

        flask.appcontext_pushed.connect(look_again, app, weak=False)

    def _find_db(self, app: flask.Flask) -> SQLAlchemy | None:
        return self._db or app.extensions.get("sqlalchemy")

    def _make_store(self, app: flask.Flask) -> LoginRequestStore:
        """Open the store of an app, in its context."""
        if self._store is not None:
            return self._store
        db = self._find_db(app)
        if db is None:
            path = pathlib.Path(app.instance_path, "qrlogin.sqlite3")
            store = sql.SQLStore(sql.file_engine(path), login_request_model(sa.MetaData()))
            store.create_table()
            return store
        model = self._model or login_request_model(db.metadata)
        engine = db.engines[model.metadata.info.get("bind_key")]  # type: ignore[attr-defined]
        if engine.dialect.name != "sqlite":
            return sql.SQLStore(engine, model)
        if isinstance(engine.pool, sa.pool.StaticPool | sa.pool.SingletonThreadPool):
            # One connection serves everybody there: our commit would commit what the host has not
            # finished, and our close would roll it back.
            app.logger.info("flask_qrlogin: SQLite in memory; keeping records in one of our own.")
            store = sql.SQLStore(sql.memory_engine(), model)
            store.create_table()
            return store
        return sql.SQLStore(engine, model, in_host_write=lambda: _holds_write(db, engine))


def _holds_write(db: SQLAlchemy, engine: sa.Engine) -> bool:
    """Tell whether the host's session, in this context, may have written and not committed."""
    if not db.session.registry.has():
        return False
    # SQLAlchemy has no public way to look without drawing the session into one more connection.
    connections = getattr(db.session().get_transaction(), "_connections", {})
    return any(
        connection.engine is engine
        and not connection.closed
        and connection.connection.dbapi_connection.in_transaction
        for connection, *_ in connections.values()
    )
