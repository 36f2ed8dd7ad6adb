"""What the use cases need from the outside: small, so that an adapter is small too."""

from __future__ import annotations

import typing as t
from datetime import datetime

from .login_request import LoginRequest


class LoginRequestStore(t.Protocol):
    """Keeps login requests. It knows no rules: only compare-and-swap.

    Every method is safe to call from many threads and processes, takes milliseconds, and raises
    :exc:`~flask_qrlogin.errors.StoreUnavailable` where it cannot tell what happened.
    """

    def add(self, request: LoginRequest) -> None:
        """Keep a new request."""
        ...

    def get(self, id: str) -> LoginRequest | None:
        """Return the newest version of a request, as it was given."""
        ...

    def swap(self, old: LoginRequest, new: LoginRequest, now: datetime) -> bool:
        """Put ``new`` in place of ``old`` and return True, all at once.

        Return False, and change nothing, if the kept request has another version than ``old``, is
        gone, or its deadline is not after ``now``. If it raises, the swap may have happened.
        """
        ...

    def delete_expired(self, before: datetime, limit: int) -> list[LoginRequest]:
        """Delete at most ``limit`` requests whose ``expires_at`` is before a time.

        Return those that this call deleted: of several callers only one gets each.
        """
        ...
