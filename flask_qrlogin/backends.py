"""Chooses and opens the store and the notifier of an application."""

from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
import typing as t

import flask
import sqlalchemy as sa

from .app_state import Backend
from .config_values import public_url
from .errors import ConfigurationError
from .models import linked_device_model
from .models import login_request_model
from .notifiers.in_process import InProcessNotifier
from .notifiers.polling import PollingNotifier
from .ports import LinkedDeviceStore
from .ports import LoginRequestStore
from .ports import Notifier
from .stores import sql
from .stores.memory import MemoryStore
from .stores.sql_devices import SQLDeviceStore

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
    engine = _own_engine(app)
    store = sql.SQLStore(engine, login_request_model(sa.MetaData()))
    store.create_table()
    return Backend(store, _own_file(engine))


def open_devices_beside(app: flask.Flask, store: LoginRequestStore) -> Backend[LinkedDeviceStore]:
    """Open the store of linked devices of an app that has no database of its own.

    They last for weeks, so they are in the database of the login requests, or else in a file.
    """
    beside = isinstance(store, sql.SQLStore)
    engine = store.engine if isinstance(store, sql.SQLStore) else _own_engine(app)
    devices = SQLDeviceStore(engine, linked_device_model(sa.MetaData()))
    if not beside or engine.url.database == str(_own_path(app)):
        devices.create_table()
    return Backend(devices, "where login requests are" if beside else _own_file(engine))


def _own_path(app: flask.Flask) -> pathlib.Path:
    return pathlib.Path(app.instance_path, "qrlogin.sqlite3")


def _own_engine(app: flask.Flask) -> sa.Engine:
    return sql.file_engine(_own_path(app))


def _own_file(engine: sa.Engine) -> str:
    return f"{engine.url.database} (the app has no Flask-SQLAlchemy)"


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
