"""Chooses and opens the store and the notifier of an application."""

from __future__ import annotations

import collections.abc as c
import contextlib
import copy
import pathlib
import typing as t

import flask
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy

from .app_state import Backend
from .config import public_url
from .errors import ConfigurationError
from .models import login_request_model
from .models import LoginRequestMixin
from .notifiers.in_process import InProcessNotifier
from .notifiers.polling import PollingNotifier
from .ports import LoginRequestStore
from .ports import Notifier
from .stores import sql
from .stores.memory import MemoryStore

if t.TYPE_CHECKING:
    import redis

#: Seconds, for the drivers that we know.
_PATIENCE = {
    "psycopg": {"connect_timeout": 3, "tcp_user_timeout": 10_000},
    "pymysql": {"connect_timeout": 3, "read_timeout": 10, "write_timeout": 10},
}
_REDIS = ("redis://", "rediss://", "unix://")


def open_store_at(url: str, app: flask.Flask) -> Backend[LoginRequestStore]:
    """Open the store that ``QRLOGIN_STORE`` names.

    Raises:
        ConfigurationError: the URL cannot be used, or an extra is missing.
    """
    why = f"{public_url(url)} (QRLOGIN_STORE)"
    if url.startswith(_REDIS):
        with _extra("redis", "QRLOGIN_STORE"):
            from .stores.redis import RedisStore
        return Backend(RedisStore(_redis_client(url, "QRLOGIN_STORE")), why)
    engine = _engine(url, "QRLOGIN_STORE", app)
    return Backend(sql.SQLStore(engine, login_request_model(sa.MetaData())), why)


def open_own_file(app: flask.Flask) -> Backend[LoginRequestStore]:
    """Open the file of an app that has no database."""
    path = pathlib.Path(app.instance_path, "qrlogin.sqlite3")
    store = sql.SQLStore(sql.file_engine(path), login_request_model(sa.MetaData()))
    store.create_table()
    return Backend(store, f"{path} (the app has no Flask-SQLAlchemy)")


def open_host_database(
    app: flask.Flask, db: SQLAlchemy, model: type[LoginRequestMixin]
) -> Backend[LoginRequestStore]:
    """Open the app's own database, in its context."""
    bind_key = model.metadata.info.get("bind_key")  # type: ignore[attr-defined]
    engine = db.engines[bind_key]
    why = f"{public_url(str(engine.url))} (the app's database)"
    own = _with_own_pool(engine)
    if engine.dialect.name != "sqlite":
        return Backend(sql.SQLStore(own, model), why)
    if isinstance(engine.pool, sa.pool.StaticPool | sa.pool.SingletonThreadPool):
        # One connection serves everybody there: our commit would commit what the host has not
        # finished, and our close would roll it back.
        app.logger.info("flask_qrlogin: SQLite in memory; keeping records in one of our own.")
        store = sql.SQLStore(sql.memory_engine(), model)
        store.create_table()
        return Backend(store, "SQLite in memory (as the app's database)")
    return Backend(sql.SQLStore(own, model, in_host_write=lambda: _holds_write(db, engine)), why)


def _with_own_pool(engine: sa.Engine) -> sa.Engine:
    """Return an engine that connects just as another one, and takes nothing out of its pool.

    The host's session keeps a connection from the user's loading to the end of the request. Were
    ours a second one of the same pool, a few phones at once would each hold one and wait for the
    other, and stop the site.
    """
    own = copy.copy(engine)  # With its options and listeners.
    own.pool = engine.pool.recreate()
    return own


def open_notifier(
    wanted: str | None, app: flask.Flask, store: LoginRequestStore
) -> Backend[Notifier]:
    """Open the notifier that ``QRLOGIN_NOTIFIER`` names, else the one that fits the store.

    Raises:
        ConfigurationError: it does not fit the store, cannot be used, or an extra is missing.
    """
    key = "QRLOGIN_NOTIFIER"
    name = wanted or _fitting(store)
    why = f"{name} ({key if wanted else 'fits the store'})"
    if name == "polling":
        return Backend(PollingNotifier(), why)
    if name == "in_process":
        return Backend(InProcessNotifier(), why)
    with _extra("redis" if name.startswith(("redis", "unix")) else "postgres", key):
        if name.startswith(("redis", "unix")):
            from .notifiers.redis import RedisNotifier

            if "://" in name:
                return Backend(
                    RedisNotifier(_redis_client(name, key)), f"{public_url(name)} ({key})"
                )
            from .stores.redis import RedisStore

            if isinstance(store, RedisStore):
                return Backend(RedisNotifier(store.client), why)
        else:
            from .notifiers.postgres import PostgresNotifier

            if "://" in name:
                parsed = _parsed(name, key)
                if parsed.drivername not in ("postgresql", "postgresql+psycopg"):
                    raise _unusable(name, key)
                # One connection for what is told; the one that listens leaves the pool.
                engine = _server_engine(
                    parsed.set(drivername="postgresql+psycopg"), key, pool_size=1
                )
                return Backend(PostgresNotifier(engine), f"{public_url(name)} ({key})")
            if isinstance(store, sql.SQLStore) and _is_postgres(store.engine):
                return Backend(PostgresNotifier(store.engine), why)
    raise ConfigurationError(
        f"{key} is {name!r}, but login requests are kept elsewhere. Give the URL of the server."
    )


def _fitting(store: LoginRequestStore) -> str:
    if isinstance(store, MemoryStore):
        return "in_process"
    if isinstance(store, sql.SQLStore):
        if _is_postgres(store.engine):
            return "postgres"
        in_memory = store.engine.url.database in (None, "", ":memory:")
        return "in_process" if store.engine.dialect.name == "sqlite" and in_memory else "polling"
    # Without importing redis where it may be missing.
    return "redis" if type(store).__module__.endswith(".stores.redis") else "polling"


def _is_postgres(engine: sa.Engine) -> bool:
    return (engine.dialect.name, engine.dialect.driver) == ("postgresql", "psycopg")


def _engine(url: str, key: str, app: flask.Flask) -> sa.Engine:
    parsed = _parsed(url, key)
    if parsed.get_backend_name() != "sqlite":
        return _server_engine(parsed, key)
    return sql.file_engine(pathlib.Path(app.instance_path, parsed.database or "qrlogin.sqlite3"))


def _server_engine(parsed: sa.URL, key: str, **options: t.Any) -> sa.Engine:
    with _extra("postgres", key) if "psycopg" in parsed.drivername else contextlib.nullcontext():
        try:
            # A server that does not answer must not keep a thread for minutes.
            patience = _PATIENCE.get(parsed.get_driver_name(), {})
            # A crowd shares connections that stay: those beyond pool_size would be made anew for
            # each who waits.
            pool = {"pool_size": 15, "max_overflow": 0} | options
            return sa.create_engine(parsed, connect_args=patience, **pool)
        except sa.exc.NoSuchModuleError:
            raise _unusable(str(parsed), key) from None


def _parsed(url: str, key: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
        if "@" in (parsed.host or ""):
            raise ValueError  # The end of a password: drivers tell the host in their errors.
        return parsed
    except (sa.exc.ArgumentError, ValueError):
        raise _unusable(url, key) from None


def _unusable(url: str, key: str) -> ConfigurationError:
    # What the parser says may hold a piece of the password.
    return ConfigurationError(
        f"{key} is {public_url(url)!r}, which is not a URL that can be used here. In a password, "
        "write characters such as '?' and '@' as %3F and %40."
    )


def _redis_client(url: str, key: str) -> redis.Redis:
    from .stores.redis import connect

    try:
        return connect(url)
    except ValueError:
        raise _unusable(url, key) from None


@contextlib.contextmanager
def _extra(name: str, key: str) -> c.Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise ConfigurationError(
            f"{key} needs an extra: pip install 'flask-qrlogin[{name}]'"
        ) from error


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


def in_transaction(db: SQLAlchemy | None) -> bool:
    """Tell whether the host's session, in this context, has begun a transaction."""
    return db is not None and db.session.registry.has() and db.session().in_transaction()
