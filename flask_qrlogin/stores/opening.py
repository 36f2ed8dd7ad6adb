"""Chooses where login requests and linked devices are kept, and opens it.

SQLAlchemy is imported only where a database is.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import pathlib
import typing as t

import flask

from ..config.values import public_url
from ..core.ports import LinkedDeviceStore
from ..core.ports import LoginRequestStore
from . import connecting

if t.TYPE_CHECKING:
    import sqlalchemy as sa
    from flask_sqlalchemy import SQLAlchemy

    from .models import LinkedDeviceMixin
    from .models import LoginRequestMixin

_KEY = "QRLOGIN_STORE"
Part = t.TypeVar("Part", covariant=True)
#: Our engines, each beside the one of the host's that it connects as.
Engines: t.TypeAlias = "dict[sa.Engine, sa.Engine]"


@dataclasses.dataclass(frozen=True, slots=True)
class Opened(t.Generic[Part]):
    """A part that was chosen for this app; ``why`` tells a person which it is, and why."""

    part: Part
    why: str


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the application gave ``QRLogin`` in place of what we would choose."""

    db: SQLAlchemy | None
    store: LoginRequestStore | None
    login_request_model: type[LoginRequestMixin] | None
    linked_device_model: type[LinkedDeviceMixin] | None

    def find_db(self, app: flask.Flask) -> SQLAlchemy | None:
        """Return the Flask-SQLAlchemy to use, if the app has one by now."""
        return self.db or app.extensions.get("sqlalchemy")


def open_store(
    app: flask.Flask, given: Given, url: str | None, engines: Engines
) -> Opened[LoginRequestStore]:
    """Open the store of an app, in its context; ``url`` is what ``QRLOGIN_STORE`` says.

    Raises:
        ConfigurationError: the URL cannot be used, or an extra is missing.
    """
    if given.store is not None:
        return Opened(given.store, f"{type(given.store).__name__} (store=)")
    if url is not None:
        return _open_at(url, app)
    from . import host_database
    from . import sql
    from .models import login_request_model

    db = given.find_db(app)
    if db is not None:
        model = given.login_request_model or login_request_model(db.metadata)
        return Opened(*host_database.open_store(app, db, sql.SQLStore, model, engines))
    store = _sql_store(_own_engine(app))
    store.create_table()
    return Opened(store, _own_file(store.engine))


def _open_at(url: str, app: flask.Flask) -> Opened[LoginRequestStore]:
    why = f"{public_url(url)} ({_KEY})"
    if url.startswith(connecting.REDIS):
        with connecting.needing_extra("redis", _KEY):
            from .redis import RedisStore
        return Opened(RedisStore(connecting.redis_client(url, _KEY)), why)
    parsed = connecting.parsed_url(url, _KEY)
    if parsed.get_backend_name() != "sqlite":
        return Opened(_sql_store(connecting.server_engine(parsed, _KEY)), why)
    from .sql import file_engine

    file = pathlib.Path(app.instance_path, parsed.database or "qrlogin.sqlite3")
    return Opened(_sql_store(file_engine(file)), why)


def open_device_store(
    app: flask.Flask,
    given: Given,
    opened_store: c.Callable[[], Opened[LoginRequestStore]],
    engines: Engines,
) -> Opened[LinkedDeviceStore]:
    """Open the store of linked devices of an app, in its context.

    They last for weeks, so they are in the app's database, else in that of the login requests, or
    else in a file.
    """
    import sqlalchemy as sa

    from . import host_database
    from .models import linked_device_model
    from .sql import SQLStore
    from .sql_devices import SQLDeviceStore

    db = given.find_db(app)
    if db is not None:
        model = given.linked_device_model or linked_device_model(db.metadata)
        return Opened(*host_database.open_store(app, db, SQLDeviceStore, model, engines))
    store = opened_store().part
    beside = isinstance(store, SQLStore)
    engine = store.engine if isinstance(store, SQLStore) else _own_engine(app)
    devices = SQLDeviceStore(engine, linked_device_model(sa.MetaData()))
    if not beside or engine.url.database == str(_own_path(app)):
        devices.create_table()
    return Opened(devices, "where login requests are" if beside else _own_file(engine))


def in_host_transaction(app: flask.Flask, given: Given) -> bool:
    """Tell whether the host's session, in this context, has begun a transaction."""
    db = given.find_db(app)
    return db is not None and db.session.registry.has() and db.session().in_transaction()


def _sql_store(engine: sa.Engine) -> t.Any:
    import sqlalchemy as sa

    from .models import login_request_model
    from .sql import SQLStore

    return SQLStore(engine, login_request_model(sa.MetaData()))


def _own_path(app: flask.Flask) -> pathlib.Path:
    return pathlib.Path(app.instance_path, "qrlogin.sqlite3")


def _own_engine(app: flask.Flask) -> sa.Engine:
    from .sql import file_engine

    return file_engine(_own_path(app))


def _own_file(engine: sa.Engine) -> str:
    return f"{engine.url.database} (the app has no Flask-SQLAlchemy)"
