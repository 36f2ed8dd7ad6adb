"""The running site, once for each kind of store, and the people around it.

`make test` plays each story on PostgreSQL, `make test-all` on the other stores too.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import typing as t

import pytest

from tests.servers import make_tables
from tests.servers import PostgreSQL
from tests.servers import Redis

from .people import Person
from .site import Site

#: How many codes of one network may wait: less than by default, to be reached quickly.
PER_NETWORK = 40


OpenSite: t.TypeAlias = c.Callable[..., Site]

_STORES = [
    "postgresql",
    pytest.param("sqlite", marks=pytest.mark.full),
    pytest.param("redis", marks=pytest.mark.full),
]

#: For a story that ends before a store is asked, or in what none has a part.
once = pytest.mark.parametrize("store", ["postgresql"], indirect=True)


@pytest.fixture(params=_STORES)
def store(request: pytest.FixtureRequest) -> str:
    """The kind of store in which login requests are kept."""
    return t.cast(str, request.param)


@pytest.fixture(scope="session")
def open_site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> c.Iterator[OpenSite]:
    """Start the site with a store and options of :class:`Site`, once for all who ask for these."""
    sites: dict[str, Site] = {}

    def open(store: str, **options: t.Any) -> Site:
        key = f"{store} {options}"
        if key not in sites:
            url = _url(request, store, f"attacks{len(sites)}")
            site = Site(tmp_path_factory.mktemp("site"), store=url, **options)
            sites[key] = stack.enter_context(site)
        return sites[key]

    with contextlib.ExitStack() as stack:
        yield open


def _url(request: pytest.FixtureRequest, store: str, database: str) -> str | None:
    """Return where a store is, in a new database; None is the app's own SQLite file."""
    if store == "postgresql":
        postgresql: PostgreSQL = request.getfixturevalue("postgresql")
        url = postgresql.new_database(database)
        make_tables(url)
        return url
    if store == "redis":
        redis: Redis = request.getfixturevalue("redis_server")
        return redis.url
    return None


@pytest.fixture
def site(store: str, open_site: OpenSite) -> Site:
    """The example app as it comes, in two processes behind a proxy."""
    return open_site(store, config={"QRLOGIN_REQUESTS_PER_NETWORK": str(PER_NETWORK)})


@pytest.fixture
def victim(site: Site) -> Person:
    return Person(site, "ann")


@pytest.fixture
def attacker(site: Site) -> Person:
    return Person(site, "chidi")


@pytest.fixture
def bystander(site: Site) -> Person:
    return Person(site, "darya")
