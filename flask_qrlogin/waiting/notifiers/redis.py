"""Redis' publish and subscribe."""

from __future__ import annotations

import collections.abc as c
import time

import redis

from ...core.ports import HEARTBEAT

_CHANNEL = "qrlogin"


class RedisNotifier:
    """A :class:`~flask_qrlogin.Notifier` over one channel of a Redis server.

    A process that has held a poll keeps one connection to listen.
    """

    def __init__(self, client: redis.Redis | redis.RedisCluster) -> None:
        self._client = client

    def publish(self, id: str) -> None:
        self._client.publish(_CHANNEL, id)

    def listen(self) -> c.Iterator[str | None]:
        with self._client.pubsub() as pubsub:  # type: ignore[no-untyped-call]
            pubsub.subscribe(_CHANNEL)
            beat_at = time.monotonic() + HEARTBEAT
            while True:
                message = pubsub.get_message(timeout=max(0.0, beat_at - time.monotonic()))
                if time.monotonic() >= beat_at:
                    # Without an answer, nothing is yielded: the connection may be dead.
                    pubsub.ping()
                    beat_at = time.monotonic() + HEARTBEAT
                if message is None:
                    continue
                if message["type"] == "message":
                    id = message["data"]
                    yield id.decode(errors="replace") if isinstance(id, bytes) else id
                else:
                    # That answer; or "subscribe", also after the client has connected anew.
                    yield None
