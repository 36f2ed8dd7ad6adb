"""What the use cases need from the outside: small, so that an adapter is small too."""

from __future__ import annotations

import collections.abc as c
import typing as t
from datetime import datetime

from .linked_device import LinkedDevice
from .login_request import LoginRequest

#: How many requests :meth:`LoginRequestStore.find` returns, and how many devices
#: :meth:`LinkedDeviceStore.find`.
FOUND_AT_MOST = 100
DEVICES_AT_MOST = 1000

#: Seconds in which a notifier that listens says so at least once.
HEARTBEAT = 10.0


class LoginRequestStore(t.Protocol):
    """Keeps login requests. It knows no rules: only compare-and-swap.

    Every method is safe to call from many threads and processes, takes milliseconds, and raises
    :exc:`~flask_qrlogin.StoreUnavailable` where it cannot tell what happened.
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

    def versions(self, ids: c.Collection[str]) -> dict[str, int]:
        """Return the version of each of these requests that is kept: one look for all of them."""
        ...

    def find(self, now: datetime, *, user_id: str) -> list[LoginRequest]:
        """Return what a person has scanned and what is under way, the newest first.

        At most :data:`FOUND_AT_MOST`. It is a hint: some may be missing, or have changed since.
        """
        ...

    def find_by_code(self, user_code: str) -> list[LoginRequest]:
        """Return the requests with a user code that are kept, the newest first.

        Those that have ended too, and at most :data:`FOUND_AT_MOST`. Mostly it is one: that two
        have the same code is as rare as a good guess.
        """
        ...

    def count_started(self, network: str, now: datetime, limit: int) -> int:
        """Count the requests of a network whose time has not run out, up to ``limit``.

        Without those that were answered (:attr:`State.is_answered`), but with those that the
        browser withdrew: else one could begin and withdraw without an end.
        """
        ...

    def delete_expired(self, before: datetime, limit: int) -> list[LoginRequest]:
        """Delete at most ``limit`` requests whose ``expires_at`` is before a time.

        Return those that this call deleted: of several callers only one gets each.
        """
        ...


class Notifier(t.Protocol):
    """Tells the other processes of an application that a login request has changed.

    What it says is a hint: it may come late, twice or never, since whoever waits reads the store.
    Both methods may raise whatever their connection raises.
    """

    def publish(self, id: str) -> None:
        """Tell all that listen, in milliseconds."""
        ...

    def listen(self) -> c.Iterator[str | None]:
        """Yield the ids that are published from now on, in a thread of its own.

        The first None says that it has begun to listen, each later one, every :data:`HEARTBEAT`
        seconds, that it still does. It raises where that is not known any more, and is called
        again after a pause. One that ends by itself cannot hear others at all.
        """
        ...


class LinkedDeviceStore(t.Protocol):
    """Keeps linked devices. It knows no rules; ended rows stay until they expire.

    Every method is safe to call from many threads and processes, and raises
    :exc:`~flask_qrlogin.StoreUnavailable` where it cannot tell what happened.
    """

    def add(self, device: LinkedDevice) -> None:
        """Keep a new device."""
        ...

    def get(self, id: str) -> LinkedDevice | None:
        """Return a device, ended ones included."""
        ...

    def find(self, *, user_id: str) -> list[LinkedDevice]:
        """Return a person's devices, at most :data:`DEVICES_AT_MOST`.

        Those that have not ended come before those that have, the newer ones first.
        """
        ...

    def touch(self, id: str, now: datetime, *, address: str, place: str | None) -> None:
        """Note when and where a device was last seen, unless something newer is noted."""
        ...

    def rename(self, id: str, name: str) -> None:
        """Give a device another name."""
        ...

    def end(self, ids: c.Collection[str], now: datetime, *, reason: str) -> list[str]:
        """End devices that have not ended, and return those that this call ended."""
        ...

    def give_reason(self, id: str, reason: str) -> None:
        """Give another reason to a device that has ended."""
        ...

    def delete_expired(self, before: datetime, limit: int) -> int:
        """Delete at most ``limit`` devices that expired before a time; return how many."""
        ...


class Waiter(t.Protocol):
    """A poll that may wait."""

    def wait(self, seconds: float) -> None:
        """Return when the request may have changed, or so many seconds have passed."""
        ...
