"""Holds polls until their request changes, with two threads for all of them and no connection."""

from __future__ import annotations

import collections.abc as c
import logging
import os
import threading
import time
import weakref

from ..core.ports import HEARTBEAT
from ..core.ports import Notifier

#: Seconds between two looks at the store while nothing can be heard from other processes.
LOOK_EVERY = 1.0
#: Seconds until it is tried again to listen.
_LISTEN_AGAIN = 2.0

#: Polls of one request: the browser's, and one whose client has gone unseen.
_AT_MOST_FOR_ONE = 2

_log = logging.getLogger(__name__)


class Waiter:
    """One held poll: it has seen version ``since`` of a request, and waits for another.

    ``seconds`` is how long it waits at most.
    """

    __slots__ = ("_changed", "id", "seconds", "since")

    def __init__(self, id: str, *, since: int, seconds: float) -> None:
        self.id: str = id
        self.since: int = since
        self.seconds: float = seconds
        self._changed = threading.Event()

    def wait(self, seconds: float) -> None:
        """Return when the request may have changed, or so many seconds have passed."""
        self._changed.wait(min(seconds, self.seconds))

    def wake(self) -> None:
        """End the wait."""
        self._changed.set()


class WaitingRoom:
    """The polls that one process holds.

    It wakes them when this process changes a request, when ``notifier`` hears that another one did,
    and when a look at the store finds it: ``versions`` is the store's method. That look costs one
    query for all who wait: every second while nothing can be heard, else at each heartbeat of the
    notifier, since a notice may get lost. While nobody waits, there is none.
    """

    def __init__(
        self, versions: c.Callable[[c.Collection[str]], dict[str, int]], notifier: Notifier
    ) -> None:
        self._versions = versions
        self._notifier = notifier
        self._reset()
        if hasattr(os, "register_at_fork"):
            # A child has neither the threads of its parent nor the polls that those answer.
            room = weakref.ref(self)
            os.register_at_fork(after_in_child=lambda: _reset(room))

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._waiters: dict[str, set[Waiter]] = {}
        self._count = 0
        self._released = False
        self._somebody = threading.Event()
        self._threads: list[threading.Thread] = []
        self._heard_at = float("-inf")

    @property
    def count(self) -> int:
        """How many polls are held now."""
        return self._count

    def enter(self, id: str, *, since: int, seconds: float, places: int) -> Waiter | None:
        """Give a poll one of the process's places, or None if it cannot be held.

        Read the request after this, then wait: no change is missed between the two. Whoever
        entered has to :meth:`leave`.
        """
        with self._lock:
            others = self._waiters.get(id, ())
            if self._released or self._count >= places or len(others) >= _AT_MOST_FOR_ONE:
                return None
            if len(self._threads) < 2:
                self._begin()
            waiter = Waiter(id, since=since, seconds=seconds)
            self._waiters.setdefault(id, set()).add(waiter)
            self._count += 1
            self._somebody.set()
        return waiter

    def leave(self, waiter: Waiter) -> None:
        """Give the place back."""
        with self._lock:
            waiters = self._waiters.get(waiter.id, set())
            if waiter not in waiters:
                return
            waiters.remove(waiter)
            if not waiters:
                del self._waiters[waiter.id]
            self._count -= 1
            if not self._count:
                self._somebody.clear()

    def publish(self, id: str) -> None:
        """Wake who waits for a request that was changed here, in all processes. Never raises."""
        self._wake(id)
        try:
            self._notifier.publish(id)
        except Exception:
            _log.exception("A change could not be told to other processes; they find it later.")

    def release(self) -> None:
        """Answer all who wait, and hold nobody any more: the process is about to end."""
        with self._lock:
            self._released = True
            waiters = [waiter for group in self._waiters.values() for waiter in group]
        for waiter in waiters:
            waiter.wake()

    def look(self) -> None:
        """Wake those whose request has another version in the store than they have seen."""
        with self._lock:
            waiters = [waiter for group in self._waiters.values() for waiter in group]
        if not waiters:
            return
        versions = self._versions({waiter.id for waiter in waiters})
        for waiter in waiters:
            if versions.get(waiter.id) != waiter.since:
                waiter.wake()

    def _wake(self, id: str) -> None:
        with self._lock:
            waiters = list(self._waiters.get(id, ()))
        for waiter in waiters:
            waiter.wake()

    def _begin(self) -> None:
        """Start the threads; only now, since servers fork after they have loaded the app."""
        for work in (self._keep_looking, self._keep_listening)[len(self._threads) :]:
            thread = threading.Thread(target=work, name=f"qrlogin {work.__name__}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def _keep_looking(self) -> None:
        working = True
        while True:
            self._somebody.wait()
            time.sleep(LOOK_EVERY)
            if time.monotonic() - self._heard_at < 1.5 * HEARTBEAT:
                continue
            try:
                self.look()
                working = True
            except Exception:
                if working:
                    _log.warning("Waiting browsers cannot be looked after now.", exc_info=True)
                working = False

    def _keep_listening(self) -> None:
        working = True
        while True:
            try:
                for id in self._notifier.listen():
                    if id is not None:
                        self._wake(id)
                        continue
                    self._heard_at = time.monotonic()
                    working = True
                    self.look()
                return  # Nothing to hear, ever.
            except Exception:
                if working:
                    _log.warning("The notifier cannot be heard; looking instead.", exc_info=True)
                working = False
            self._heard_at = float("-inf")
            time.sleep(_LISTEN_AGAIN)


def _reset(room: weakref.ref[WaitingRoom]) -> None:
    if (found := room()) is not None:
        found._reset()
