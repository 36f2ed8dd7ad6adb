"""Each of our notifiers keeps the promises of all."""

from __future__ import annotations

import collections.abc as c

import pytest
import redis
import sqlalchemy as sa

from flask_qrlogin.stores.redis import connect
from flask_qrlogin.testing.notifier_contract import ListeningNotifierContract
from flask_qrlogin.testing.notifier_contract import NotifierContract
from flask_qrlogin.testing.notifier_contract import OpenNotifier
from flask_qrlogin.testing.notifier_contract import Processes
from flask_qrlogin.testing.notifier_contract import woken
from flask_qrlogin.waiting.notifiers.in_process import InProcessNotifier
from flask_qrlogin.waiting.notifiers.polling import PollingNotifier
from flask_qrlogin.waiting.notifiers.postgres import PostgresNotifier
from flask_qrlogin.waiting.notifiers.redis import RedisNotifier
from tests.servers import PostgreSQL
from tests.servers import Redis


class TestPolling(NotifierContract):
    @pytest.fixture
    def open_notifier(self) -> OpenNotifier:
        return PollingNotifier


class TestInProcess(NotifierContract):
    """What it cannot hear, since there ought to be no other process, is found by looks."""

    @pytest.fixture
    def open_notifier(self) -> OpenNotifier:
        return InProcessNotifier


class TestPostgreSQL(ListeningNotifierContract):
    @pytest.fixture
    def server(self, postgresql: PostgreSQL) -> PostgreSQL:
        return postgresql

    @pytest.fixture
    def options(self) -> dict[str, object]:
        return {}

    @pytest.fixture
    def open_notifier(
        self, server: PostgreSQL, options: dict[str, object]
    ) -> c.Iterator[OpenNotifier]:
        engines = []

        def open() -> PostgresNotifier:
            engines.append(sa.create_engine(server.url, **options))
            return PostgresNotifier(engines[-1])

        yield open
        for engine in engines:
            engine.dispose()

    @pytest.fixture
    def break_connections(self, server: PostgreSQL) -> c.Callable[[], None]:
        def break_all() -> None:
            engine = sa.create_engine(server.url, poolclass=sa.NullPool)
            with engine.begin() as connection:
                connection.exec_driver_sql(
                    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
                )

        return break_all


@pytest.mark.full
class TestPostgreSQLWithAPoolOfOne(TestPostgreSQL):
    @pytest.fixture
    def options(self) -> dict[str, object]:
        # Only who waits for ever needs so long: a pool is not fair, and a machine may be busy.
        pool = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 30}
        return {"isolation_level": "SERIALIZABLE", **pool}


class TestRedis(ListeningNotifierContract):
    @pytest.fixture
    def server(self, redis_server: Redis) -> Redis:
        return redis_server

    @pytest.fixture
    def open_notifier(self, server: Redis) -> c.Iterator[OpenNotifier]:
        clients: list[redis.Redis] = []

        def open() -> RedisNotifier:
            clients.append(connect(server.url))
            return RedisNotifier(clients[-1])

        yield open
        for client in clients:
            client.close()

    @pytest.fixture
    def break_connections(self, server: Redis) -> c.Callable[[], None]:
        def break_all() -> None:
            with redis.Redis.from_url(server.url) as client:
                for kind in ("pubsub", "normal"):
                    client.client_kill_filter(_type=kind, skipme=True)

        return break_all

    def test_what_is_no_text_does_not_end_listening(
        self, processes: Processes, server: Redis, open_notifier: OpenNotifier
    ) -> None:
        here, _ = processes
        here.sees = False
        waiter = here.wait_for()
        with redis.Redis.from_url(server.url) as client:
            client.publish("qrlogin", b"\xff\xfe")
            client.publish("qrlogin", waiter.id)
        assert woken(waiter, within=1)


@pytest.mark.full
class TestRedisThatDecodes(TestRedis):
    @pytest.fixture
    def open_notifier(self, server: Redis) -> c.Iterator[OpenNotifier]:
        with redis.Redis.from_url(server.url, decode_responses=True) as client:
            yield lambda: RedisNotifier(client)

    def test_what_is_no_text_does_not_end_listening(
        self, processes: Processes, server: Redis, open_notifier: OpenNotifier
    ) -> None:
        """Its client fails before we see what it was: it listens again."""
        here, _ = processes
        with redis.Redis.from_url(server.url) as client:
            client.publish("qrlogin", b"\xff\xfe")
        here.until_it_hears(open_notifier())
