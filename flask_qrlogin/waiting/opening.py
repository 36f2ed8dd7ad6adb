"""Chooses what tells the other processes of an app that a login request has changed."""

from __future__ import annotations

import sys
import typing as t

from ..config.values import public_url
from ..core.errors import ConfigurationError
from ..core.ports import LoginRequestStore
from ..core.ports import Notifier
from ..stores import connecting
from ..stores.memory import MemoryStore
from ..stores.opening import Opened
from .notifiers.in_process import InProcessNotifier
from .notifiers.polling import PollingNotifier

if t.TYPE_CHECKING:
    from ..stores.sql import SQLStore

_KEY = "QRLOGIN_NOTIFIER"


def open_notifier(
    given: Notifier | None, wanted: str | None, store: LoginRequestStore
) -> Opened[Notifier]:
    """Open the notifier that was given, or is ``wanted`` by ``QRLOGIN_NOTIFIER``, or fits.

    Raises:
        ConfigurationError: it does not fit the store, cannot be used, or an extra is missing.
    """
    if given is not None:
        return Opened(given, f"{type(given).__name__} (notifier=)")
    name = wanted or _fitting(store)
    why = f"{name} ({_KEY if wanted else 'fits the store'})"
    if name == "polling":
        return Opened(PollingNotifier(), why)
    if name == "in_process":
        return Opened(InProcessNotifier(), why)
    at_server = f"{public_url(name)} ({_KEY})" if "://" in name else None
    if name == "redis" or name.startswith(connecting.REDIS):
        with connecting.needing_extra("redis", _KEY):
            from ..stores.redis import RedisStore
            from .notifiers.redis import RedisNotifier
        if at_server:
            return Opened(RedisNotifier(connecting.redis_client(name, _KEY)), at_server)
        if isinstance(store, RedisStore):
            return Opened(RedisNotifier(store.client), why)
    else:
        with connecting.needing_extra("postgres", _KEY):
            from ..stores.sql import SQLStore
            from .notifiers.postgres import PostgresNotifier
        if at_server:
            url = connecting.parsed_url(name, _KEY)
            if url.drivername not in ("postgresql", "postgresql+psycopg"):
                raise connecting.unusable(name, _KEY)
            # One connection for what is told; the one that listens leaves the pool.
            url = url.set(drivername="postgresql+psycopg")
            engine = connecting.server_engine(url, _KEY, pool_size=1)
            return Opened(PostgresNotifier(engine), at_server)
        if isinstance(store, SQLStore) and _has_psycopg(store):
            return Opened(PostgresNotifier(store.engine), why)
    raise ConfigurationError(
        f"{_KEY} is {name!r}, but login requests are kept elsewhere. Give the URL of the server."
    )


def _fitting(store: LoginRequestStore) -> str:
    if isinstance(store, MemoryStore):
        return "in_process"
    if _is_a(store, "redis", "RedisStore"):
        return "redis"
    if not _is_a(store, "sql", "SQLStore"):
        return "polling"
    if _has_psycopg(store):
        return "postgres"
    engine = t.cast("SQLStore", store).engine
    in_memory = engine.url.database in (None, "", ":memory:")
    return "in_process" if engine.dialect.name == "sqlite" and in_memory else "polling"


def _is_a(store: LoginRequestStore, module: str, name: str) -> bool:
    """Tell whether a store is of one of our kinds, which nobody has who has not imported it."""
    loaded = sys.modules.get(f"flask_qrlogin.stores.{module}")
    return loaded is not None and isinstance(store, getattr(loaded, name))


def _has_psycopg(store: LoginRequestStore) -> bool:
    dialect = t.cast("SQLStore", store).engine.dialect
    return (dialect.name, dialect.driver) == ("postgresql", "psycopg")
