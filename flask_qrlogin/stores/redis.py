"""Keeps login requests in Redis 6.2 or newer, or Valkey: one server or a cluster."""

from __future__ import annotations

import collections
import collections.abc as c
import contextlib
import dataclasses
import json
import typing as t
from datetime import datetime
from datetime import timedelta
from datetime import UTC

import redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisClusterException
from redis.retry import Retry

from ..core import errors
from ..core.confirmation import Confirmation
from ..core.login_request import LoginRequest
from ..core.login_request import State
from ..core.login_request import TIMES
from ..core.ports import FOUND_AT_MOST

_FIELDS = [field.name for field in dataclasses.fields(LoginRequest)]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
#: How many of one network are counted.
_HINTS_AT_MOST = 1000
_COUNTED_AT_MOST = 100_000
#: A request is kept this much longer: the clocks of the hosts differ.
_KEPT_AFTER = timedelta(seconds=60)

# A client that lost the answer sends it again: what is kept already has been swapped.
_SWAP = """
local kept = redis.call('GET', KEYS[1])
if not kept then return 0 end
if kept == ARGV[3] then return 1 end
local version, deadline = string.match(kept, '^%[(%d+), (%d+),')
if version ~= ARGV[1] or tonumber(deadline) <= tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'KEEPTTL')
return 1
"""

# What has ended leaves the hints as new ones come.
_HINT = """
redis.call('ZADD', KEYS[1], ARGV[1], ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[4])
redis.call('PEXPIRE', KEYS[1], ARGV[5])
"""


def connect(url: str) -> redis.Redis:
    """Make a client of ``redis://``, ``rediss://`` or ``unix://``; options stand in the query.

    Raises:
        ValueError: it is not such a URL.
    """
    pool = redis.BlockingConnectionPool.from_url(
        url,
        # A thousand who are woken at once wait for each other: by default they would be refused.
        max_connections=50,
        timeout=10,
        protocol=2,
        socket_connect_timeout=2,
        socket_timeout=3,
        # Once and at once: a restart has broken the connections that wait in the pool.
        retry=Retry(NoBackoff(), 1, (redis.ConnectionError,)),
    )
    return redis.Redis.from_pool(pool)


class RedisStore:
    """A :class:`~flask_qrlogin.LoginRequestStore` in Redis, for many hosts.

    Redis itself deletes a request a minute after its end, so ``delete_expired`` has nothing to do
    and the signal ``login_expired`` is never sent. Apps that share one database of Redis need
    a ``prefix`` each. Set ``maxmemory-policy`` so that Redis does not evict keys before their time.
    """

    def __init__(
        self, client: redis.Redis | redis.RedisCluster, *, prefix: str = "qrlogin"
    ) -> None:
        #: What it talks through.
        self.client = client
        self._prefix = prefix
        self._is_cluster = isinstance(client, redis.RedisCluster)
        self._encoder = client.get_encoder()
        self._swap = client.register_script(_SWAP)
        self._hint = client.register_script(_HINT)

    def add(self, request: LoginRequest) -> None:
        with _translated():
            if request.network:
                self._add_hint(
                    self._network_key(request.network),
                    request.id,
                    until=request.expires_at,
                    now=request.created_at,
                    most=_COUNTED_AT_MOST,
                )
            if request.user_code:
                self._add_hint(
                    self._code_key(request.user_code),
                    request.id,
                    until=request.expires_at + _KEPT_AFTER,
                    now=request.created_at,
                    most=_HINTS_AT_MOST,
                )
            # As a duration, since its clock may be another.
            self.client.set(
                self._key(request.id),
                _text(request),
                px=request.expires_at - request.created_at + _KEPT_AFTER,
            )

    def get(self, id: str) -> LoginRequest | None:
        with _translated():
            text = self.client.get(self._key(id))
        return None if text is None else _request(text)

    def swap(self, old: LoginRequest, new: LoginRequest, now: datetime) -> bool:
        first_scan = new.user_id is not None and old.user_id is None
        with _translated():
            if first_scan:
                # Before, so that there is no scanned request that cannot be found.
                self._add_hint(
                    self._user_key(str(new.user_id)),
                    new.id,
                    until=new.expires_at + _KEPT_AFTER,
                    now=now,
                    most=_HINTS_AT_MOST,
                )
            swapped = self._swap(
                keys=[self._key(old.id)],
                args=[old.version, _microseconds(now), _text(new)],
            )
            if swapped and new.state.is_end and new.user_id is not None:
                self.client.zrem(self._user_key(new.user_id), new.id)
            if swapped and new.state.is_answered and new.network:
                self.client.zrem(self._network_key(new.network), new.id)
        return bool(swapped)

    def versions(self, ids: c.Collection[str]) -> dict[str, int]:
        comma = self._encoder.decode(b",")
        versions = {}
        for id, text in self._texts(ids):
            with contextlib.suppress(ValueError):  # Not ours.
                versions[id] = int(text[1 : text.index(comma)])
        return versions

    def find(self, now: datetime, *, user_id: str) -> list[LoginRequest]:
        requests = self._hinted(self._user_key(user_id))
        return [r for r in requests if r.user_id == user_id and not r.state_at(now).is_end]

    def find_by_code(self, user_code: str) -> list[LoginRequest]:
        requests = self._hinted(self._code_key(user_code))
        return [request for request in requests if request.user_code == user_code]

    def count_started(self, network: str, now: datetime, limit: int) -> int:
        with _translated():
            counted = self.client.zcount(
                self._network_key(network), f"({_milliseconds(now)}", "+inf"
            )
        return min(counted, limit)

    def delete_expired(self, before: datetime, limit: int) -> list[LoginRequest]:
        return []

    def _add_hint(self, key: str, id: str, *, until: datetime, now: datetime, most: int) -> None:
        """Note a request where it is looked for, in a command of its own: its slot is another."""
        args: list[str | int] = [
            _milliseconds(until),
            id,
            _milliseconds(now),
            most,
            _milliseconds(until) - _milliseconds(now),
        ]
        self._hint(keys=[key], args=args)

    def _hinted(self, key: str) -> list[LoginRequest]:
        """Return the requests that are noted there and still kept, the newest first."""
        with _translated():
            found = self.client.zrange(key, 0, FOUND_AT_MOST - 1, desc=True)
        ids = [self._encoder.decode(id, force=True) for id in t.cast(list[t.Any], found)]
        requests = [_request(text) for _, text in self._texts(ids)]
        return sorted(requests, key=lambda request: request.created_at, reverse=True)

    def _texts(self, ids: c.Iterable[str]) -> c.Iterator[tuple[str, t.Any]]:
        """Yield what is kept of these, asking once, or once for each slot of a cluster."""
        slots = collections.defaultdict(list)
        for id in ids:
            slots[id[:1] if self._is_cluster else ""].append(id)
        for together in slots.values():
            with _translated():
                texts = self.client.mget([self._key(id) for id in together])
            for id, text in zip(together, t.cast(list[t.Any], texts), strict=True):
                if text is not None:
                    yield id, text

    def _key(self, id: str) -> str:
        # In a cluster the part in braces chooses the slot. An id is hexadecimal: 16 slots, enough
        # to spread them, few enough to ask about ten thousand requests with 16 commands.
        return f"{self._prefix}:{{{id[:1]}}}:{id}"

    def _user_key(self, user_id: str) -> str:
        return f"{self._prefix}:user:{user_id}"

    def _code_key(self, user_code: str) -> str:
        return f"{self._prefix}:code:{user_code}"

    def _network_key(self, network: str) -> str:
        return f"{self._prefix}:network:{network}"


@contextlib.contextmanager
def _translated() -> c.Iterator[None]:
    try:
        yield
    except (redis.RedisError, RedisClusterException) as error:
        raise errors.StoreUnavailable from error


def _text(request: LoginRequest) -> str:
    """Write a request as JSON, with what the script compares in front."""
    values = {name: getattr(request, name) for name in _FIELDS}
    return json.dumps(
        [request.version, _microseconds(request.deadline), values], default=datetime.isoformat
    )


def _request(text: str | bytes) -> LoginRequest:
    kept = json.loads(text)[2]
    # Another version of this package, on another host, may know more fields or fewer.
    values = {name: kept[name] for name in _FIELDS if name in kept}
    values |= {name: datetime.fromisoformat(values[name]) for name in TIMES if values.get(name)}
    values["state"] = State(values["state"])
    if "confirmation" in values:
        values["confirmation"] = Confirmation(values["confirmation"])
    return LoginRequest(**values)


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _milliseconds(moment: datetime) -> int:
    return _microseconds(moment) // 1000
