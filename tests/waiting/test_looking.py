"""What wakes who waits when nobody in this process does: looks at the store, and notices."""

from __future__ import annotations

import logging

import pytest

from flask_qrlogin.core.errors import StoreUnavailable
from flask_qrlogin.core.ports import HEARTBEAT
from flask_qrlogin.waiting.room import LOOK_EVERY
from flask_qrlogin.waiting.room import WaitingRoom

from .stand_ins import enter
from .stand_ins import PATIENCE
from .stand_ins import Store
from .stand_ins import Time
from .stand_ins import Wire
from .stand_ins import woken


def test_nothing_runs_before_the_first_poll_is_held(
    room: WaitingRoom, store: Store, wire: Wire
) -> None:
    room.publish("a")
    room.look()
    assert room.enter("a", since=1, seconds=20, places=0) is None
    assert (room._threads, store.asked) == ([], [])
    assert not wire.listened.acquire(blocking=False)


def test_there_are_two_threads_for_all(room: WaitingRoom, wire: Wire) -> None:
    for _ in range(3):
        waiters = [enter(room, str(number)) for number in range(100)]
        for waiter in waiters:
            room.leave(waiter)
    assert len(room._threads) == 2
    assert wire.listened.acquire(timeout=PATIENCE)
    assert not wire.listened.acquire(blocking=False)


def test_a_look_wakes_those_whose_request_has_changed_or_gone(
    room: WaitingRoom, store: Store
) -> None:
    same, changed, gone = enter(room, "a"), enter(room, "b", since=2), enter(room, "c")
    store.kept = {"a": 1, "b": 3}
    room.look()
    assert (woken(same), woken(changed), woken(gone)) == (False, True, True)


def test_a_look_is_one_query_however_many_wait(room: WaitingRoom, store: Store) -> None:
    ids = {str(number) for number in range(1000)}
    waiters = [enter(room, id) for id in ids for _ in range(2)]
    store.kept = dict.fromkeys(ids, 1)
    room.look()
    assert store.asked == [ids]
    assert not any(map(woken, waiters))


def test_while_nothing_can_be_heard_there_is_a_look_each_second(
    room: WaitingRoom, store: Store, wire: Wire, time: Time
) -> None:
    store.kept = {"a": 1}
    waiter = enter(room)
    time.until_asleep("_keep_looking")
    time.advance(5)
    assert (len(store.asked), woken(waiter)) == (5 / LOOK_EVERY, False)
    store.kept = {"a": 2}
    time.advance(1)
    assert woken(waiter)


def test_while_nobody_waits_there_is_no_query(
    room: WaitingRoom, store: Store, wire: Wire, time: Time
) -> None:
    waiter = enter(room)
    time.until_asleep("_keep_looking")
    room.leave(waiter)
    wire.hear(None)
    wire.hear("a")
    wire.hear(OSError("lost"))
    time.until_asleep("_keep_listening")
    for _ in range(10):
        time.move(1)
    assert store.asked == []
    enter(room)
    time.until_asleep("_keep_looking")
    time.advance(1)
    assert store.asked[-1] == {"a"}


def test_while_it_listens_there_is_a_look_at_each_heartbeat_only(
    room: WaitingRoom, store: Store, wire: Wire, time: Time
) -> None:
    store.kept = {"a": 1}
    waiter = enter(room)
    wire.hear(None)
    time.until_asleep("_keep_looking")
    time.advance(HEARTBEAT)
    assert len(store.asked) == 1
    store.kept = {"a": 2}
    wire.hear(None)
    assert len(store.asked) == 2
    assert woken(waiter)


def test_what_is_heard_wakes_without_a_look(room: WaitingRoom, store: Store, wire: Wire) -> None:
    waiter, other = enter(room), enter(room, "b")
    wire.hear("a")
    assert (woken(waiter), woken(other)) == (True, False)
    assert store.asked == []


def test_while_a_notifier_hangs_it_looks(
    room: WaitingRoom, store: Store, wire: Wire, time: Time
) -> None:
    store.kept = {"a": 1}
    waiter = enter(room)
    wire.hear(None)
    time.until_asleep("_keep_looking")
    store.kept = {"a": 2}
    time.advance(1.5 * HEARTBEAT - 1)
    assert not woken(waiter)
    time.advance(2)
    assert woken(waiter)


def test_notices_of_others_do_not_stand_for_a_heartbeat(
    room: WaitingRoom, store: Store, wire: Wire, time: Time
) -> None:
    """A notice that was lost is found by a look, however much else is heard."""
    store.kept = {"a": 1}
    waiter = enter(room)
    wire.hear(None)
    time.until_asleep("_keep_looking")
    store.kept = {"a": 2}
    for _ in range(int(2 * HEARTBEAT)):
        wire.hear("b")
        time.advance(1)
    assert woken(waiter)


def test_while_a_notifier_fails_it_looks_and_then_listens_again(
    room: WaitingRoom,
    store: Store,
    wire: Wire,
    time: Time,
    caplog: pytest.LogCaptureFixture,
) -> None:
    store.kept = {"a": 1}
    waiter = enter(room)
    wire.hear(None)
    time.until_asleep("_keep_looking")
    wire.listened.acquire()
    wire.hear(OSError("connection lost"))
    time.until_asleep("_keep_listening")
    time.advance(1)
    assert "connection lost" in caplog.text
    assert len(store.asked) == 2
    assert not wire.listened.acquire(blocking=False)
    time.advance(1)
    assert wire.listened.acquire(timeout=PATIENCE)
    wire.hear("a")
    assert woken(waiter)


def test_a_notifier_that_cannot_be_heard_is_logged_once(
    room: WaitingRoom, wire: Wire, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    enter(room)
    for number in range(3):
        wire.hear(OSError(f"refused {number}"))
        time.until_asleep("_keep_listening")
        time.until_asleep("_keep_looking")
        time.advance(2)
    assert [record.levelno for record in caplog.records] == [logging.WARNING]


def test_a_notifier_that_hears_nobody_is_not_asked_again(
    room: WaitingRoom, store: Store, wire: Wire, time: Time
) -> None:
    enter(room)
    wire.listened.acquire()
    wire.hear(Wire.END)
    room._threads[1].join(PATIENCE)
    time.until_asleep("_keep_looking")
    time.advance(10)
    assert not wire.listened.acquire(blocking=False)
    assert len(store.asked) == 10


def test_a_store_that_cannot_be_looked_at_is_logged_once_for_each_time_it_fails(
    room: WaitingRoom, store: Store, time: Time, caplog: pytest.LogCaptureFixture
) -> None:
    waiter = enter(room)
    time.until_asleep("_keep_looking")
    for _ in range(2):
        store.error, store.kept = StoreUnavailable("full"), {"a": 1}
        time.advance(3)
        store.error = None
        time.advance(2)
    assert len(caplog.records) == 2
    assert not woken(waiter)
    store.kept = {"a": 2}
    time.advance(1)
    assert woken(waiter)
