"""What every notifier promises, as tests that run on any notifier.

Subclass :class:`NotifierContract` with a fixture ``open_notifier``: a function that opens it as one
of several processes does. For a notifier that listens, subclass :class:`ListeningNotifierContract`,
with the fixtures ``server`` and ``break_connections`` too.
"""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import gc
import os
import sys
import time
import typing as t
import warnings

import pytest

from ..core.ports import Notifier
from ..waiting import room
from ..waiting.room import Waiter
from ..waiting.room import WaitingRoom

#: Seconds between heartbeats here.
HURRY = 0.2
#: Seconds until a test gives up on what ought to happen at once.
PATIENCE = 30.0

OpenNotifier: t.TypeAlias = c.Callable[[], Notifier]


class Process:
    """Stands for one of several processes that share a store, which keeps ``versions``."""

    def __init__(self, notifier: Notifier, versions: dict[str, int]) -> None:
        self.versions = versions
        #: Without it, a look finds nothing new: who waits is woken by what is heard alone.
        self.sees: bool = True
        self.ended: bool = False
        self._notifier = notifier
        self._since: dict[str, int] = {}
        self._waiters: list[Waiter] = []
        self.room: WaitingRoom = WaitingRoom(self._look, self)

    def wait_for(self, id: str = "a") -> Waiter:
        """Hold a poll until a request changes from now on."""
        self._since[id] = self.versions.setdefault(id, 1)
        waiter = self.room.enter(id, since=self._since[id], seconds=PATIENCE, places=100_000)
        assert waiter is not None
        self._waiters.append(waiter)
        return waiter

    def change(self, id: str = "a") -> None:
        """Change a request and tell all."""
        self.versions[id] += 1
        self.room.publish(id)

    def until_it_hears(self, notifier: Notifier) -> None:
        """Return when it hears what is published."""
        self.sees, end = False, time.monotonic() + PATIENCE
        waiter = self.wait_for("until it hears")
        notifier.publish(waiter.id)
        while not woken(waiter, within=0.05):
            assert time.monotonic() < end
            notifier.publish(waiter.id)
        self.sees = True

    def publish(self, id: str) -> None:
        self._notifier.publish(id)

    def listen(self) -> c.Iterator[str | None]:
        if self.ended:
            return
        for heard in self._notifier.listen():
            yield heard
            if self.ended:
                return

    def end(self) -> None:
        """Let its threads come to rest."""
        self.ended = True
        for waiter in self._waiters:
            self.room.leave(waiter)

    def _look(self, ids: c.Collection[str]) -> dict[str, int]:
        versions = self.versions if self.sees else self._since
        return {id: versions[id] for id in ids}


Processes: t.TypeAlias = tuple[Process, Process]


def woken(waiter: Waiter, within: float = PATIENCE) -> bool:
    """Tell whether a waiter is woken, without its own end of waiting."""
    return waiter._changed.wait(within)


class NotifierContract:
    """The promises of :class:`~flask_qrlogin.Notifier`."""

    @pytest.fixture(autouse=True)
    def hurry(self, open_notifier: OpenNotifier, monkeypatch: pytest.MonkeyPatch) -> None:
        """Let nobody wait for seconds."""
        monkeypatch.setattr(room, "LOOK_EVERY", 0.05)
        monkeypatch.setattr(room, "_LISTEN_AGAIN", 0.1)
        for module in (room, sys.modules[type(open_notifier()).__module__]):
            monkeypatch.setattr(module, "HEARTBEAT", HURRY, raising=False)

    @pytest.fixture
    def processes(self, hurry: None, open_notifier: OpenNotifier) -> c.Iterator[Processes]:
        versions: dict[str, int] = {}
        pair = Process(open_notifier(), versions), Process(open_notifier(), versions)
        yield pair
        for process in pair:
            process.end()

    def test_a_change_wakes_who_waits_in_the_same_process(self, processes: Processes) -> None:
        here, _ = processes
        waiter, other = here.wait_for(), here.wait_for("b")
        here.change()
        assert woken(waiter, within=0)
        assert not woken(other, within=0)

    def test_a_change_wakes_who_waits_in_another_process(self, processes: Processes) -> None:
        here, there = processes
        waiter, other = here.wait_for(), here.wait_for("b")
        there.change()
        assert woken(waiter)
        assert not woken(other, within=0)

    def test_a_change_whose_notice_is_lost_is_found_by_a_look(self, processes: Processes) -> None:
        here, there = processes
        waiter = here.wait_for()
        there.versions["a"] += 1
        assert woken(waiter)

    def test_a_change_is_told_though_nobody_listens(self, open_notifier: OpenNotifier) -> None:
        open_notifier().publish("a")


class Server(t.Protocol):
    """The server that notices go through."""

    def stop(self) -> None: ...

    def start(self) -> None: ...


class ListeningNotifierContract(NotifierContract):
    """The same, and that changes are heard, whatever happens to the connection."""

    @pytest.fixture
    def processes(self, hurry: None, open_notifier: OpenNotifier) -> c.Iterator[Processes]:
        """One process that listens, and another one."""
        versions: dict[str, int] = {}
        here = Process(open_notifier(), versions)
        there = Process(open_notifier(), versions)
        here.until_it_hears(open_notifier())
        yield here, there
        here.end()
        there.end()
        open_notifier().publish("the end")
        for thread in [*here.room._threads[1:], *there.room._threads[1:]]:
            thread.join(PATIENCE)

    def test_a_change_is_heard_without_a_look(self, processes: Processes) -> None:
        here, there = processes
        here.sees = False
        waiter, other = here.wait_for(), here.wait_for("b")
        there.change()
        assert woken(waiter, within=1)
        assert not woken(other, within=0)

    def test_many_changes_at_once_are_all_heard(self, processes: Processes) -> None:
        here, there = processes
        here.sees = False
        waiters = [here.wait_for(str(number)) for number in range(1000)]
        with concurrent.futures.ThreadPoolExecutor(4) as threads:
            list(threads.map(there.change, map(str, range(1000))))
        assert all(map(woken, waiters))

    def test_it_says_that_it_listens_while_nothing_happens(
        self, hurry: None, open_notifier: OpenNotifier
    ) -> None:
        listening = open_notifier().listen()
        began = time.monotonic()
        assert [next(listening) for _ in range(4)] == [None] * 4
        assert 3 * HURRY * 0.5 < time.monotonic() - began < 3 * HURRY * 10
        t.cast(c.Generator[None], listening).close()

    def test_it_says_that_it_listens_while_much_happens(
        self, hurry: None, open_notifier: OpenNotifier
    ) -> None:
        """Else who waits for a notice that was lost would not look."""
        listening, other = open_notifier().listen(), open_notifier()
        heartbeats, end = 0, time.monotonic() + PATIENCE
        while heartbeats < 3 and time.monotonic() < end:
            other.publish("a")
            heartbeats += next(listening) is None
        t.cast(c.Generator[None], listening).close()
        assert heartbeats == 3

    def test_after_its_connection_broke_it_looks_and_listens_again(
        self,
        processes: Processes,
        open_notifier: OpenNotifier,
        break_connections: c.Callable[[], None],
    ) -> None:
        here, there = processes
        waiter = here.wait_for()
        break_connections()
        there.versions["a"] += 1
        assert woken(waiter)
        here.until_it_hears(open_notifier())

    def test_a_change_is_told_over_a_pool_of_broken_connections(
        self,
        processes: Processes,
        open_notifier: OpenNotifier,
        break_connections: c.Callable[[], None],
    ) -> None:
        here, there = processes
        there.publish("b")
        break_connections()
        here.until_it_hears(open_notifier())
        self.test_a_change_is_heard_without_a_look(processes)

    def test_while_the_server_is_down_it_looks_and_then_listens_again(
        self, processes: Processes, open_notifier: OpenNotifier, server: Server
    ) -> None:
        here, there = processes
        waiter = here.wait_for()
        server.stop()
        try:
            there.change()
            assert woken(waiter)
        finally:
            server.start()
        here.until_it_hears(open_notifier())

    def test_it_begins_to_listen_when_the_server_comes_later(
        self, hurry: None, open_notifier: OpenNotifier, server: Server
    ) -> None:
        here = Process(open_notifier(), {})
        server.stop()
        try:
            waiter = here.wait_for()
            here.change()
            assert woken(waiter, within=0)
        finally:
            server.start()
        here.until_it_hears(open_notifier())
        here.end()

    def test_a_child_listens_for_itself_and_leaves_its_parent_listening(
        self, processes: Processes
    ) -> None:
        here, there = processes
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Of a fork beside threads.
            child = os.fork()
        if child == 0:
            status = 1
            try:
                here.sees = False
                status = 0 if woken(here.wait_for("in the child")) else 2
                gc.collect()
            finally:
                os._exit(status)
        there.versions["in the child"] = 1
        end = time.monotonic() + PATIENCE
        ended = (0, 0)
        while ended[0] == 0 and time.monotonic() < end:
            there.change("in the child")
            time.sleep(0.02)
            ended = os.waitpid(child, os.WNOHANG)
        assert ended == (child, 0)
        self.test_a_change_is_heard_without_a_look(processes)
