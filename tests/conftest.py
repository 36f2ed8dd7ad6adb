"""Real servers, started once for all tests that ask for them; and a look at every answer.

Without CI=true in the environment the tests of a server that is not installed are skipped.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import gc
import os
import pathlib
import time

import pytest
import redis

from .chromium import browser as browser
from .openapi import watch
from .programs import do_without
from .servers import MariaDB
from .servers import Missing
from .servers import PostgreSQL
from .servers import Redis
from .servers import running
from .servers import S

watch.begin()

#: Folders of tests that `make test-all` alone runs: they start many servers, or kill them.
FULL = ("faults", "engines")
#: Servers that it alone starts.
FULL_SERVERS = {"mariadb", "redis_cluster"}

# A test makes an app of some ten thousand objects: to look that often for the few in circles takes
# a fifth of the time of tests/web.
gc.set_threshold(50_000, 20, 100)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Three processes for two cores: a third of the time tests wait for a browser or a server."""
    return max(1, (os.cpu_count() or 1) * 3 // 2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    tests = pathlib.Path(__file__).parent
    for item in items:
        asked = {*getattr(item, "fixturenames", ())}
        if hasattr(item, "callspec"):
            asked |= {value for value in item.callspec.params.values() if isinstance(value, str)}
        if item.path.relative_to(tests).parts[0] in FULL or asked & FULL_SERVERS:
            item.add_marker("full")


@pytest.fixture(autouse=True)
def _every_answer_is_described() -> c.Iterator[None]:
    """Fail the test that was answered something that ``/openapi.json`` does not say."""
    yield
    assert watch.take() == []


@pytest.fixture
def answers_of_the_host() -> c.Iterator[None]:
    """For a test in which the host itself answers in our place, as nothing describes."""
    yield
    watch.take()


@pytest.fixture(scope="session")
def postgresql() -> c.Iterator[PostgreSQL]:
    with _running_or_skipped(PostgreSQL) as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> c.Iterator[MariaDB]:
    with _running_or_skipped(MariaDB) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server() -> c.Iterator[Redis]:
    with _running_or_skipped(Redis) as server:
        yield server


@pytest.fixture(scope="session")
def redis_cluster() -> c.Iterator[Redis]:
    """Two nodes with half of the slots each; the first one."""
    options = ("--cluster-enabled", "yes")
    with (
        _running_or_skipped(Redis, *options) as first,
        _running_or_skipped(Redis, *options) as second,
        redis.Redis.from_url(first.url) as one,
        redis.Redis.from_url(second.url) as other,
    ):
        one.execute_command("CLUSTER ADDSLOTS", *range(8192))
        other.execute_command("CLUSTER ADDSLOTS", *range(8192, 16384))
        one.execute_command("CLUSTER MEET", "127.0.0.1", second.port)
        end = time.monotonic() + 30
        nodes = (one, other)
        while any(n.execute_command("CLUSTER INFO")["cluster_state"] != "ok" for n in nodes):
            assert time.monotonic() < end, "The nodes do not find each other."
            time.sleep(0.02)
        yield first


@contextlib.contextmanager
def _running_or_skipped(kind: type[S], *options: str) -> c.Iterator[S]:
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(running(kind, *options))
        except Missing as missing:
            do_without(str(missing))
        yield server
