"""Keeps our tables in the application's own database, beside what the application does there."""

from __future__ import annotations

import copy
import typing as t
import weakref

import flask
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from ..config.values import public_url
from . import sql
from .sql_devices import SQLDeviceStore

Store = t.TypeVar("Store", sql.SQLStore, SQLDeviceStore)

#: In a session's info: the connections to SQLite that it has drawn on.
_CONNECTIONS = "flask_qrlogin.connections"


def open_store(
    app: flask.Flask,
    db: SQLAlchemy,
    kind: type[Store],
    model: type[t.Any],
    engines: dict[sa.Engine, sa.Engine],
) -> tuple[Store, str]:
    """Open a store in the app's own database, in its context; return it, and say where it is."""
    engine = db.engines[model.metadata.info.get("bind_key")]
    # One connection serves everybody there: our commit would commit what the host has not
    # finished, and our close would roll it back.
    in_memory = isinstance(engine.pool, sa.pool.StaticPool | sa.pool.SingletonThreadPool)
    in_memory = in_memory and engine.dialect.name == "sqlite"
    if engine not in engines:
        if in_memory:
            app.logger.info("flask_qrlogin: SQLite in memory; keeping records in one of our own.")
        engines[engine] = sql.memory_engine() if in_memory else _with_own_pool(engine)
    if in_memory:
        store = kind(engines[engine], model)
        store.create_table()
        return store, "SQLite in memory (as the app's database)"
    in_file = engine.dialect.name == "sqlite"
    store = kind(engines[engine], model, in_host_write=lambda: in_file and _holds_write(db, engine))
    return store, f"{public_url(str(engine.url))} (the app's database)"


def _with_own_pool(engine: sa.Engine) -> sa.Engine:
    """Return an engine that connects just as another one, and takes nothing out of its pool.

    The host's session keeps a connection from the user's loading to the end of the request. Were
    ours a second one of the same pool, a few phones at once would each hold one and wait for the
    other, and stop the site.
    """
    own = copy.copy(engine)  # With its options and listeners.
    own.pool = engine.pool.recreate()
    return own


def note_connections(db: SQLAlchemy) -> None:
    """Have the host's sessions note what they draw on: one cannot be asked without drawing more."""
    # Once, for all apps that have it: tests make an app each, of a database that stays.
    if not sa.event.contains(db.session, "after_begin", _note_connection):
        sa.event.listen(db.session, "after_begin", _note_connection)


def _note_connection(session: orm.Session, _: object, connection: sa.Connection) -> None:
    if connection.dialect.name == "sqlite":
        session.info.setdefault(_CONNECTIONS, weakref.WeakSet()).add(connection)


def _holds_write(db: SQLAlchemy, engine: sa.Engine) -> bool:
    """Tell whether the host's session, in this context, may have written and not committed."""
    if not db.session.registry.has():
        return False
    return any(
        connection.engine is engine
        and not connection.closed
        and connection.connection.dbapi_connection.in_transaction
        for connection in db.session().info.get(_CONNECTIONS, ())
    )
