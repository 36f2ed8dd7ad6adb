from __future__ import annotations

import collections.abc as c
import concurrent.futures
import dataclasses
import json
import pathlib
import threading
import typing as t
from datetime import datetime
from datetime import timedelta
from datetime import UTC

import pytest
import redis

from flask_qrlogin.core import errors
from flask_qrlogin.core.login_request import Profile
from flask_qrlogin.core.transitions import cancel
from flask_qrlogin.core.transitions import scan
from flask_qrlogin.stores.redis import connect
from flask_qrlogin.stores.redis import RedisStore
from flask_qrlogin.testing.store_contract import NOW
from flask_qrlogin.testing.store_contract import pending
from flask_qrlogin.testing.store_contract import scanned
from tests.processes import free_port
from tests.servers import Redis
from tests.servers import running


@pytest.fixture
def client(redis_server: Redis) -> c.Iterator[redis.Redis]:
    with connect(redis_server.url) as client:
        client.flushall()
        yield client


@pytest.fixture
def store(client: redis.Redis) -> RedisStore:
    return RedisStore(client)


def seconds_left(client: redis.Redis, pattern: str) -> float:
    (key,) = t.cast(list[bytes], client.keys(pattern))
    return client.pttl(key) / 1000


@pytest.mark.parametrize("wrong_by", [timedelta(hours=-1), timedelta(), timedelta(hours=1)])
def test_redis_deletes_a_request_a_minute_after_its_end(
    store: RedisStore, client: redis.Redis, wrong_by: timedelta
) -> None:
    """Also where the clock of this host is wrong."""
    now = datetime.now(UTC) + wrong_by
    request = pending()
    end = now + (request.expires_at - request.created_at)
    request = dataclasses.replace(request, created_at=now, expires_at=end, deadline=end)
    store.add(request)
    expected = pytest.approx((end - now).total_seconds() + 60, abs=10)
    assert seconds_left(client, f"*{request.id}") == expected
    assert seconds_left(client, "*network*") == pytest.approx(expected.expected - 60, abs=10)
    new = scan(request, now, user_id="7", profile=Profile("Ann"), decision=timedelta(seconds=60))
    assert store.swap(request, new, now)
    assert seconds_left(client, f"*{request.id}") == expected
    assert seconds_left(client, "*user*") == expected
    assert len(store.find(now, user_id="7")) == 1


def test_a_swap_that_is_sent_again_after_a_lost_answer_has_succeeded(store: RedisStore) -> None:
    request = pending()
    store.add(request)
    new = cancel(request, NOW)
    assert store.swap(request, new, NOW)
    assert store.swap(request, new, NOW)
    assert not store.swap(request, scanned(request), NOW)


def test_hints_of_what_has_ended_go_as_new_ones_come(
    store: RedisStore, client: redis.Redis
) -> None:
    for late in (False, True):
        request = pending()
        if late:
            moved = request.expires_at + timedelta(seconds=120)
            request = dataclasses.replace(request, expires_at=moved, deadline=moved)
        store.add(request)
        assert store.swap(request, scanned(request), request.expires_at - timedelta(seconds=1))
    assert client.zcard("qrlogin:user:7") == 1
    assert [found.id for found in store.find(NOW, user_id="7")] == [request.id]


def test_a_person_has_a_limited_number_of_hints(
    store: RedisStore, client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flask_qrlogin.stores.redis._HINTS_AT_MOST", 10)
    for _ in range(15):
        request = pending()
        store.add(request)
        assert store.swap(request, scanned(request), NOW)
    assert client.zcard("qrlogin:user:7") == 10


def test_a_hint_is_checked_against_the_request(store: RedisStore) -> None:
    request = pending()
    store.add(request)
    assert store.swap(request, scanned(request, user_id="8"), NOW)
    # Another person was faster: this swap leaves its hint and nothing else.
    assert not store.swap(request, scanned(request, user_id="7"), NOW)
    assert store.find(NOW, user_id="7") == []


def test_apps_with_prefixes_of_their_own_do_not_see_each_other(client: redis.Redis) -> None:
    store, other = RedisStore(client), RedisStore(client, prefix="other")
    request = pending()
    store.add(request)
    assert store.swap(request, scanned(request), NOW)
    assert other.get(request.id) is None
    assert other.find(NOW, user_id="7") == []


def test_a_request_from_another_version_of_the_package_can_be_read(
    store: RedisStore, client: redis.Redis
) -> None:
    request = pending()
    store.add(request)
    (key,) = t.cast(list[bytes], client.keys(f"*{request.id}"))
    version, deadline, fields = json.loads(t.cast(bytes, client.get(key)))
    del fields["reason"]
    client.set(key, json.dumps([version, deadline, fields | {"shape": "round"}]))
    assert store.get(request.id) == request


@pytest.mark.parametrize("decode", [False, True])
@pytest.mark.parametrize("value", ["", "x", "x,", "[,", "[x,1]", "[" + 5000 * "9" + ",", "\\a"])
def test_what_others_keep_under_our_keys_hides_no_version(
    redis_server: Redis, decode: bool, value: str
) -> None:
    with redis.Redis.from_url(redis_server.url, decode_responses=decode) as client:
        store = RedisStore(client)
        request, other = pending(), pending()
        store.add(request)
        store.add(other)
        client.set(store._key(other.id), value)
        assert store.versions([other.id, request.id]) == {request.id: 1}


def test_what_is_no_text_or_of_another_type_hides_no_version(
    store: RedisStore, client: redis.Redis
) -> None:
    requests = [pending() for _ in range(3)]
    for request in requests:
        store.add(request)
    client.set(store._key(requests[0].id), b"[\xff\xfe,")
    client.delete(store._key(requests[1].id))
    client.lpush(store._key(requests[1].id), "x")
    assert store.versions([request.id for request in requests]) == {requests[2].id: 1}


def test_a_client_that_decodes_what_it_reads_may_be_given(redis_server: Redis) -> None:
    with redis.Redis.from_url(redis_server.url, decode_responses=True) as client:
        store = RedisStore(client)
        request = pending()
        store.add(request)
        new = scanned(request)
        assert store.swap(request, new, NOW)
        assert store.get(request.id) == new
        assert store.versions([request.id]) == {request.id: 2}
        assert new in store.find(NOW, user_id="7")


@pytest.mark.usefixtures("redis_server")  # Skips where Redis is not installed.
def test_a_socket_can_be_named(tmp_path: pathlib.Path) -> None:
    with running(Redis, "--unixsocket", "socket") as server:
        url = f"unix://{server.folder}/socket?db=1"
        with connect(url) as client:
            RedisStore(client).add(pending(network=""))
            assert client.dbsize() == 1


def test_what_is_no_url_of_redis_is_refused() -> None:
    with pytest.raises(ValueError, match="scheme"):
        connect("http://localhost")


@pytest.mark.parametrize("crash", [False, True])
def test_a_restart_breaks_no_connection_that_waits_in_the_pool(crash: bool) -> None:
    with (
        running(Redis, "--appendonly", "yes") as server,
        connect(server.url) as client,
    ):
        store = RedisStore(client)
        request = pending()
        store.add(request)
        assert store.swap(request, scanned(request), NOW)
        pooled = [client.connection_pool.get_connection() for _ in range(4)]
        for connection in pooled:
            client.connection_pool.release(connection)
        server.kill() if crash else server.stop()
        server.start()
        current = store.get(request.id)
        assert current == scanned(request)
        # The script has to be sent again, too.
        assert store.swap(current, cancel(current, NOW), NOW)
        assert store.versions([request.id]) == {request.id: 3}


def test_a_server_that_does_not_answer_is_unavailable() -> None:
    with connect(f"redis://127.0.0.1:{free_port()}") as client:
        store = RedisStore(client)
        request = pending()
        for use in (
            lambda: store.add(request),
            lambda: store.get(request.id),
            lambda: store.swap(request, scanned(request), NOW),
            lambda: store.versions([request.id]),
            lambda: store.find(NOW, user_id="7"),
            lambda: store.find_by_code("WDJBMJHT"),
        ):
            with pytest.raises(errors.StoreUnavailable) as caught:
                use()
            assert isinstance(caught.value.__cause__, redis.ConnectionError)
            assert request.id not in str(caught.value.__cause__)


def test_a_server_that_refuses_is_unavailable(redis_server: Redis) -> None:
    with (
        connect(redis_server.url.replace("//", "//nobody:secret@")) as client,
        pytest.raises(errors.StoreUnavailable) as caught,
    ):
        RedisStore(client).add(pending())
    assert "secret" not in str(caught.value.__cause__)


def test_more_who_read_at_once_than_there_are_connections_wait_for_each_other(
    redis_server: Redis,
) -> None:
    store = RedisStore(connect(redis_server.url))
    request = pending()
    store.add(request)
    together = threading.Barrier(200)

    def read(_: int) -> bool:
        together.wait()
        return all(store.get(request.id) == request for _ in range(5))

    with concurrent.futures.ThreadPoolExecutor(200) as threads:
        assert all(threads.map(read, range(200)))
    store.client.close()
