"""Keeps login requests in this process, for tests."""

from __future__ import annotations

import collections.abc as c
import threading
from datetime import datetime

from ..core.login_request import LoginRequest
from ..core.ports import FOUND_AT_MOST


class MemoryStore:
    """A :class:`~flask_qrlogin.LoginRequestStore` in a dictionary.

    It is gone with the process and not shared with others: use it in tests only.
    """

    def __init__(self) -> None:
        self._requests: dict[str, LoginRequest] = {}
        self._lock = threading.Lock()

    def add(self, request: LoginRequest) -> None:
        with self._lock:
            self._requests[request.id] = request

    def get(self, id: str) -> LoginRequest | None:
        with self._lock:
            return self._requests.get(id)

    def swap(self, old: LoginRequest, new: LoginRequest, now: datetime) -> bool:
        with self._lock:
            kept = self._requests.get(old.id)
            if kept is None or kept.version != old.version or kept.deadline <= now:
                return False
            self._requests[old.id] = new
            return True

    def versions(self, ids: c.Collection[str]) -> dict[str, int]:
        with self._lock:
            return {id: self._requests[id].version for id in ids if id in self._requests}

    def find(self, now: datetime, *, user_id: str) -> list[LoginRequest]:
        with self._lock:
            requests = [*self._requests.values()]
        under_way = [r for r in requests if r.user_id == user_id and not r.state_at(now).is_end]
        return sorted(under_way, key=lambda r: r.created_at, reverse=True)[:FOUND_AT_MOST]

    def find_by_code(self, user_code: str) -> list[LoginRequest]:
        with self._lock:
            found = [r for r in self._requests.values() if r.user_code == user_code]
        return sorted(found, key=lambda r: r.created_at, reverse=True)[:FOUND_AT_MOST]

    def count_started(self, network: str, now: datetime, limit: int) -> int:
        with self._lock:
            counted = sum(
                r.network == network and r.expires_at > now and not r.state.is_answered
                for r in self._requests.values()
            )
        return min(counted, limit)

    def delete_expired(self, before: datetime, limit: int) -> list[LoginRequest]:
        with self._lock:
            expired = [r for r in self._requests.values() if r.expires_at < before][:limit]
            for request in expired:
                del self._requests[request.id]
            return expired
