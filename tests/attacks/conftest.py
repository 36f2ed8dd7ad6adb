"""The running site, once for each kind of store, and the people around it."""

from __future__ import annotations

import collections.abc as c

import pytest

from tests.servers import PostgreSQL
from tests.servers import Redis

from .people import Person
from .site import Site

#: How many codes of one network may wait: less than by default, to be reached quickly.
MAX_PENDING = 40


@pytest.fixture(scope="session", params=["sqlite", "postgresql", "redis"])
def store(request: pytest.FixtureRequest) -> str | None:
    """Where login requests are kept; None is the app's own SQLite file."""
    if request.param == "postgresql":
        server: PostgreSQL = request.getfixturevalue("postgresql")
        return server.new_database("attacks")
    if request.param == "redis":
        redis: Redis = request.getfixturevalue("redis_server")
        return redis.url
    return None


@pytest.fixture(scope="session")
def site(store: str | None, tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[Site]:
    """The example app as it comes, in two processes behind a proxy."""
    config = {"QRLOGIN_MAX_PENDING": str(MAX_PENDING)}
    site = Site(tmp_path_factory.mktemp("site"), store=store, config=config)
    if store and store.startswith("postgresql"):
        site.run("qrlogin", "create-tables")
    with site:
        yield site


@pytest.fixture
def victim(site: Site) -> Person:
    return Person(site, "ann")


@pytest.fixture
def attacker(site: Site) -> Person:
    return Person(site, "chidi")


@pytest.fixture
def bystander(site: Site) -> Person:
    return Person(site, "darya")
