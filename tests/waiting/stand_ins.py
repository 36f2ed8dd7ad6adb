"""A clock, a store and a wire that stand for what a waiting room has around it."""

from __future__ import annotations

import collections.abc as c
import queue
import threading

from flask_qrlogin.waiting.room import Waiter
from flask_qrlogin.waiting.room import WaitingRoom

#: Seconds until a test gives up on what ought to happen at once.
PATIENCE = 10


class Time:
    """Stands for the module ``time``: threads sleep until the test moves it on."""

    room: WaitingRoom

    def __init__(self) -> None:
        self._now = 1000.0
        self._changed = threading.Condition()
        self._sleeping: dict[threading.Thread, float] = {}
        self._ended = False

    def monotonic(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        thread = threading.current_thread()
        with self._changed:
            self._sleeping[thread] = self._now + seconds
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._ended or self._now >= self._sleeping[thread])
        if self._ended:
            raise SystemExit

    def advance(self, seconds: float) -> None:
        """Let time pass, second by second, and what it brings happen."""
        for _ in range(int(seconds)):
            self.move(1)
            self.until_asleep("_keep_looking")

    def move(self, seconds: float) -> None:
        """Let time pass at once, without regard to who sleeps."""
        with self._changed:
            self._now += seconds
            self._changed.notify_all()

    def until_asleep(self, work: str) -> None:
        """Return when the thread of the room that does this sleeps."""
        (thread,) = (found for found in self.room._threads if found.name.endswith(work))
        with self._changed:
            assert self._changed.wait_for(
                lambda: self._sleeping.get(thread, 0) > self._now, timeout=PATIENCE
            )

    def end(self) -> None:
        with self._changed:
            self._ended = True
            self._changed.notify_all()


class Store:
    """Knows the versions of requests, and what it was asked for."""

    def __init__(self) -> None:
        self.kept: dict[str, int] = {}
        self.asked: list[set[str]] = []
        self.error: Exception | None = None

    def versions(self, ids: c.Collection[str]) -> dict[str, int]:
        self.asked.append(set(ids))
        if self.error is not None:
            raise self.error
        return {id: self.kept[id] for id in ids if id in self.kept}


class Wire:
    """A notifier over which the test says what is heard: an id, a heartbeat, a fault, the end."""

    END = StopIteration()

    def __init__(self) -> None:
        self.told: list[str] = []
        self.error: Exception | None = None
        self.listened = threading.Semaphore(0)
        self._heard: queue.Queue[str | Exception | None] = queue.Queue()
        self._taken = threading.Semaphore(0)

    def publish(self, id: str) -> None:
        self.told.append(id)
        if self.error is not None:
            raise self.error

    def listen(self) -> c.Iterator[str | None]:
        self.listened.release()
        while (heard := self._heard.get()) is not self.END:
            if isinstance(heard, Exception):
                raise heard
            yield heard
            self._taken.release()

    def hear(self, heard: str | Exception | None) -> None:
        """Let something be heard; return when the room has dealt with it."""
        self._heard.put(heard)
        if not isinstance(heard, Exception):
            assert self._taken.acquire(timeout=PATIENCE)


def enter(room: WaitingRoom, id: str = "a", *, since: int = 1, places: int = 10_000) -> Waiter:
    waiter = room.enter(id, since=since, seconds=20, places=places)
    assert waiter is not None
    return waiter


def woken(waiter: Waiter) -> bool:
    return waiter._changed.is_set()
