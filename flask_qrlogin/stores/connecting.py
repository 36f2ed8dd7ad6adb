"""Connects to the server that a URL names, for a store or a notifier."""

from __future__ import annotations

import collections.abc as c
import contextlib
import typing as t

from ..config.values import public_url
from ..core.errors import ConfigurationError

if t.TYPE_CHECKING:
    import redis
    import sqlalchemy as sa

#: Seconds, for the drivers that we know.
_PATIENCE = {
    "psycopg": {"connect_timeout": 3, "tcp_user_timeout": 10_000},
    "pymysql": {"connect_timeout": 3, "read_timeout": 10, "write_timeout": 10},
}
#: How the URL of a Redis begins.
REDIS = ("redis://", "rediss://", "unix://")


def server_engine(parsed: sa.URL, key: str, **options: t.Any) -> sa.Engine:
    """Make an engine whose waits have an end.

    Raises:
        ConfigurationError: a driver is missing, or not known.
    """
    import sqlalchemy as sa

    with (
        needing_extra("postgres", key)
        if "psycopg" in parsed.drivername
        else contextlib.nullcontext()
    ):
        try:
            # A server that does not answer must not keep a thread for minutes.
            patience = _PATIENCE.get(parsed.get_driver_name(), {})
            # A crowd shares connections that stay: those beyond pool_size would be made anew for
            # each who waits.
            pool = {"pool_size": 15, "max_overflow": 0} | options
            return sa.create_engine(parsed, connect_args=patience, **pool)
        except sa.exc.NoSuchModuleError:
            raise unusable(str(parsed), key) from None


def parsed_url(url: str, key: str) -> sa.URL:
    """Read the URL of a database.

    Raises:
        ConfigurationError
    """
    import sqlalchemy as sa

    try:
        parsed = sa.make_url(url)
        if "@" in (parsed.host or ""):
            raise ValueError  # The end of a password: drivers tell the host in their errors.
        return parsed
    except (sa.exc.ArgumentError, ValueError):
        raise unusable(url, key) from None


def unusable(url: str, key: str) -> ConfigurationError:
    """Return what says that a URL cannot be used, without its password."""
    # What the parser says may hold a piece of the password.
    return ConfigurationError(
        f"{key} is {public_url(url)!r}, which is not a URL that can be used here. In a password, "
        "write characters such as '?' and '@' as %3F and %40."
    )


def redis_client(url: str, key: str) -> redis.Redis:
    """Make a client whose waits have an end.

    Raises:
        ConfigurationError
    """
    from .redis import connect

    try:
        return connect(url)
    except ValueError:
        raise unusable(url, key) from None


@contextlib.contextmanager
def needing_extra(name: str, key: str) -> c.Iterator[None]:
    """Say which extra is missing, where an import fails.

    Raises:
        ConfigurationError
    """
    try:
        yield
    except ImportError as error:
        raise ConfigurationError(
            f"{key} needs an extra: pip install 'flask-qrlogin[{name}]'"
        ) from error
