"""The waiting room: who is woken, who has a place, and what a child process inherits."""

from __future__ import annotations

import collections.abc as c
import gc
import itertools
import os
import threading
import warnings

import pytest

from flask_qrlogin.waiting.room import Waiter
from flask_qrlogin.waiting.room import WaitingRoom

from .stand_ins import enter
from .stand_ins import PATIENCE
from .stand_ins import Store
from .stand_ins import Time
from .stand_ins import Wire
from .stand_ins import woken


def test_a_change_between_entering_and_waiting_is_not_missed(room: WaitingRoom) -> None:
    waiter = enter(room)
    room.publish("a")
    waiter.wait(PATIENCE * 100)


def test_a_change_during_the_wait_ends_it(room: WaitingRoom) -> None:
    waiter = enter(room)
    waiting = threading.Thread(target=waiter.wait, args=(PATIENCE * 100,))
    waiting.start()
    room.publish("a")
    waiting.join(PATIENCE)
    assert not waiting.is_alive()


def test_a_wait_ends_at_the_earlier_of_its_two_times() -> None:
    Waiter("a", since=1, seconds=0).wait(PATIENCE * 100)
    Waiter("a", since=1, seconds=PATIENCE * 100).wait(0)


def test_a_change_wakes_all_who_wait_for_it_and_nobody_else(room: WaitingRoom) -> None:
    first, second, other = enter(room), enter(room), enter(room, "b")
    room.publish("a")
    assert (woken(first), woken(second), woken(other)) == (True, True, False)


def test_one_of_two_waiters_of_a_request_may_leave(room: WaitingRoom) -> None:
    first, second = enter(room), enter(room)
    room.leave(first)
    room.publish("a")
    assert (woken(first), woken(second)) == (False, True)


def test_late_and_double_and_strange_wake_ups_do_no_harm(room: WaitingRoom, wire: Wire) -> None:
    waiter = enter(room)
    for _ in range(2):
        room.publish("a")
        wire.hear("a")
    room.leave(waiter)
    room.publish("a")
    wire.hear("a")
    wire.hear("")
    assert room.count == 0


def test_there_are_as_many_places_as_the_server_can_bear(room: WaitingRoom) -> None:
    waiters = [enter(room, places=2), enter(room, "b", places=2)]
    assert room.enter("c", since=1, seconds=20, places=2) is None
    assert room.enter("c", since=1, seconds=20, places=0) is None
    for _ in range(2):  # The second time, it has no place any more.
        room.leave(waiters[0])
    assert room.count == 1
    enter(room, "c", places=2)
    assert room.enter("d", since=1, seconds=20, places=2) is None


def test_of_one_request_two_are_held_at_most(room: WaitingRoom) -> None:
    first, _ = enter(room), enter(room)
    assert room.enter("a", since=1, seconds=20, places=10) is None
    enter(room, "b")
    room.leave(first)
    enter(room)
    assert room.enter("a", since=1, seconds=20, places=10) is None
    assert room.count == 3


@pytest.mark.parametrize("number", [1, 2])
def test_a_thread_that_cannot_start_costs_no_place_and_starts_later(
    room: WaitingRoom, store: Store, time: Time, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    start, asked = threading.Thread.start, itertools.count(1)

    def refuse(thread: threading.Thread) -> None:
        if next(asked) == number:
            raise RuntimeError("can't start new thread")
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refuse)
    with pytest.raises(RuntimeError):
        enter(room, places=1)
    assert room.count == 0
    waiter = enter(room, places=1)
    assert [thread.is_alive() for thread in room._threads] == [True, True]
    store.kept = {"a": 2}
    time.until_asleep("_keep_looking")
    time.advance(1)
    assert woken(waiter)


def test_release_answers_all_and_holds_nobody_any_more(room: WaitingRoom) -> None:
    waiters = [enter(room, id) for id in "aab"]
    room.release()
    assert all(map(woken, waiters))
    assert room.enter("c", since=1, seconds=20, places=10) is None


def test_a_change_is_told_to_other_processes(room: WaitingRoom, wire: Wire) -> None:
    room.publish("a")
    assert wire.told == ["a"]


def test_a_change_that_cannot_be_told_is_logged_and_known_here(
    room: WaitingRoom, wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    waiter = enter(room)
    wire.error = OSError("no route")
    room.publish("a")
    assert woken(waiter)
    assert "no route" in caplog.text


def test_a_forked_child_has_none_of_its_parents_waiters_and_can_wait(room: WaitingRoom) -> None:
    waiter = enter(room)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Of a fork beside threads.
        child = os.fork()
    if child == 0:
        status = 1
        try:
            assert (room.count, room._threads) == (0, [])
            own = enter(room, places=1)
            room.publish("a")
            assert woken(own)
            assert not woken(waiter)
            assert all(thread.is_alive() for thread in room._threads)
            status = 0
        finally:
            os._exit(status)
    assert os.waitpid(child, 0)[1] == 0
    assert (room.count, woken(waiter)) == (1, False)


def test_a_fork_while_the_room_is_busy_does_not_block_the_child(
    monkeypatch: pytest.MonkeyPatch, store: Store, wire: Wire, time: Time
) -> None:
    in_child: list[c.Callable[[], None]] = []
    monkeypatch.setattr(
        os, "register_at_fork", lambda after_in_child: in_child.append(after_in_child)
    )
    time.end()
    room = WaitingRoom(store.versions, wire)
    room.release()
    with room._lock:  # As another thread of the parent holds it.
        in_child[0]()
        enter(room)
    wire.hear(Wire.END)
    for thread in room._threads:
        thread.join(PATIENCE)
    # A room that is gone is left alone.
    del room, thread
    gc.collect()
    in_child[0]()


def test_a_system_without_fork_is_fine(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    monkeypatch.delattr(os, "register_at_fork")
    assert WaitingRoom(store.versions, Wire()).count == 0
