"""What becomes of logins by QR code: until when they count, and what ends with them."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t
from datetime import datetime
from datetime import timedelta

import pytest
import sqlalchemy as sa

from flask_qrlogin.core import devices as core_devices
from flask_qrlogin.core import errors
from flask_qrlogin.core import tokens
from flask_qrlogin.core.devices import DeviceLifetimes
from flask_qrlogin.core.devices import LinkedDevices
from flask_qrlogin.core.linked_device import LinkedDevice
from flask_qrlogin.core.login_request import LoginRequest
from flask_qrlogin.core.login_request import State
from flask_qrlogin.core.repository import LoginRequests
from flask_qrlogin.stores.memory import MemoryStore
from flask_qrlogin.stores.models import linked_device_model
from flask_qrlogin.stores.sql import memory_engine
from flask_qrlogin.stores.sql_devices import SQLDeviceStore
from flask_qrlogin.testing import Clock

DAY = 86400.0


class CountingStore(SQLDeviceStore):
    """Counts how often a device is read, and can fail."""

    reads = 0
    fails = False

    def get(self, id: str) -> LinkedDevice | None:
        self.reads += 1
        return super().get(id)

    def touch(self, id: str, now: datetime, *, address: str, place: str | None) -> None:
        if self.fails:
            raise errors.StoreUnavailable
        super().touch(id, now, address=address, place=place)

    def delete_expired(self, before: datetime, limit: int) -> int:
        if self.fails:
            raise errors.StoreUnavailable
        return super().delete_expired(before, limit)


class Devices:
    """The devices of a clock and two stores, and what was announced."""

    def __init__(self, clock: Clock, store: CountingStore, **limits: t.Any) -> None:
        self.clock = clock
        self.store = store
        self.requests = MemoryStore()
        self.announced: list[LinkedDevice] = []
        login_requests = LoginRequests(self.requests, clock=clock, announce=lambda request: None)
        self.list = LinkedDevices(
            store,
            login_requests,
            lifetimes=DeviceLifetimes(**limits),
            announce=self.announced.append,
        )

    def request(self, **fields: t.Any) -> LoginRequest:
        """Make a request that Anna has scanned on her phone."""
        values: dict[str, t.Any] = {
            "id": tokens.new_id(),
            "secret_hash": "0" * 64,
            "state": State.SCANNED,
            "user_id": "anna",
            "created_at": self.clock(),
            "expires_at": self.clock() + timedelta(minutes=5),
            "deadline": self.clock() + timedelta(minutes=5),
            "user_agent": "Mozilla",
            "approver_user_agent": "Anna's app",
            "approver_address": "192.0.2.7",
            "approver_login": "fresh",
        }
        return LoginRequest(**values | fields)

    def under_way(self, **fields: t.Any) -> str:
        """Keep a request; return its id."""
        request = self.request(**fields)
        self.requests.add(request)
        return request.id

    def state(self, id: str) -> tuple[State, str | None]:
        """Return how far a request has come, and why it was denied."""
        request = self.requests.get(id)
        assert request is not None
        return request.state, request.reason

    def link(
        self, browser_id: str | None = None, name: str = "Firefox", **fields: t.Any
    ) -> LinkedDevice:
        """Link a device, as a redeemed request does."""
        return self.list.link(
            self.request(**fields),
            name=name,
            address="192.0.2.1",
            place="Japan",
            browser_id=browser_id or tokens.new_id(),
        )

    def live(self, device: LinkedDevice) -> LinkedDevice | None:
        """Ask as each request of the device does."""
        return self.list.live(device.id, user_id=device.user_id)

    def ended(self) -> list[tuple[str, str | None]]:
        """Return what was announced to have ended, and why."""
        return [(d.id, d.end_reason) for d in self.announced if d.ended_at is not None]


Make: t.TypeAlias = c.Callable[..., Devices]


@pytest.fixture
def make() -> c.Iterator[Make]:
    store = CountingStore(memory_engine(), linked_device_model(sa.MetaData()))
    store.create_table()
    clock = Clock()
    yield lambda **limits: Devices(clock, store, **limits)
    store.engine.dispose()


@pytest.fixture
def f(make: Make) -> Devices:
    return make()


class TestLinking:
    def test_keeps_who_approved_it_and_how(self, f: Devices) -> None:
        device = f.link(remember=True)
        assert device == f.list.get(device.id)
        assert device.approver_user_agent == "Anna's app"
        assert device.approver_address == "192.0.2.7"
        assert device.approver_login == "fresh"
        assert device.remembered
        assert device.expires_at == f.clock() + timedelta(days=30)
        assert f.announced == []  # Whoever logs in tells of it, afterwards.

    def test_makes_names_fit(self, f: Devices) -> None:
        assert f.link(name="a\x00b\n" + "c" * 200).name == "a b " + "c" * 96
        assert f.link(name="\u202e\n").name == "A browser"

    def test_makes_room_a_few_at_a_time(self, make: Make) -> None:
        f = make(lifetime=timedelta(days=1))
        for _ in range(3):
            f.link()
        f.clock.advance(2 * DAY)
        for _ in range(8):
            f.link()
        assert len(f.store.find(user_id="anna")) == 8

    def test_is_not_stopped_by_rows_that_cannot_be_deleted(self, f: Devices) -> None:
        f.store.fails = True
        assert f.live(f.link())


class TestLiving:
    def test_lasts_for_the_lifetime(self, make: Make) -> None:
        f = make(lifetime=timedelta(days=2))
        device = f.link()
        f.clock.advance(2 * DAY - 1)
        assert f.live(device) == device
        f.clock.advance(1)
        assert f.live(device) is None
        assert f.list.of_person("anna") == []

    def test_ends_when_it_is_idle(self, make: Make) -> None:
        f = make(idle=timedelta(hours=1))
        device = f.link()
        f.clock.advance(3000)
        seen = f.live(device)
        assert seen is not None
        f.list.note(seen, address="192.0.2.2", place=None)
        f.clock.advance(3000)
        assert f.live(device)
        f.clock.advance(600)
        assert f.live(device) is None

    def test_is_another_persons(self, f: Devices) -> None:
        device = f.link()
        assert f.list.live(device.id, user_id="ben") is None
        assert f.list.live(tokens.new_id(), user_id="anna") is None

    def test_is_read_each_time(self, f: Devices) -> None:
        device = f.link()
        f.store.reads = 0
        for _ in range(3):
            assert f.live(device)
        assert f.store.reads == 3

    def test_is_read_once_in_a_while_if_it_may_be_cached(self, make: Make) -> None:
        f = make(check=timedelta(seconds=30))
        device = f.link()
        f.store.reads = 0
        for _ in range(3):
            assert f.live(device)
        assert f.store.reads == 1
        # Another process.
        f.store.end([device.id], f.clock(), reason="ended")
        f.clock.advance(29)
        assert f.live(device)
        f.clock.advance(1)
        assert f.live(device) is None
        assert f.live(device) is None

    def test_is_over_at_once_in_the_process_that_ends_it(self, make: Make) -> None:
        f = make(check=timedelta(seconds=30))
        device = f.link()
        assert f.live(device)
        f.list.end(device.id, user_id="anna", reason="ended")
        assert f.live(device) is None

    def test_is_looked_at_again_before_it_counts_as_idle(self, make: Make) -> None:
        f = make(check=timedelta(hours=1), idle=timedelta(minutes=10))
        device = f.link()
        assert f.live(device)
        f.clock.advance(500)
        f.store.touch(device.id, f.clock(), address="", place=None)
        f.clock.advance(500)
        assert f.live(device)

    def test_is_remembered_for_so_many_only(
        self, make: Make, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(core_devices, "_CACHED", 2)
        f = make(check=timedelta(seconds=30))
        devices = [f.link() for _ in range(3)]
        f.store.reads = 0
        for device in [*devices, devices[2], devices[0]]:
            assert f.live(device)
        assert f.store.reads == 4


class TestNoting:
    def test_is_due_every_five_minutes(self, f: Devices) -> None:
        device = f.link()
        assert not f.list.is_note_due(device)
        f.clock.advance(299)
        assert not f.list.is_note_due(device)
        f.clock.advance(1)
        assert f.list.is_note_due(device)
        f.list.note(device, address="192.0.2.9", place="Chile")
        seen = f.live(device)
        assert seen is not None
        assert (seen.address, seen.place, seen.last_seen_at) == ("192.0.2.9", "Chile", f.clock())
        assert not f.list.is_note_due(seen)

    def test_is_due_sooner_where_the_limit_is_short(self, make: Make) -> None:
        f = make(idle=timedelta(minutes=10))
        device = f.link()
        f.clock.advance(60)
        assert f.list.is_note_due(device)

    def test_keeps_the_address_where_it_is_not_known(self, f: Devices) -> None:
        device = f.link()
        f.clock.advance(300)
        f.list.note(device, address="", place=None)
        seen = f.live(device)
        assert seen is not None
        assert (seen.address, seen.place) == ("192.0.2.1", "Japan")

    def test_is_seen_where_the_answer_is_cached(self, make: Make) -> None:
        f = make(check=timedelta(hours=1))
        device = f.live(f.link())
        assert device is not None
        f.clock.advance(300)
        f.list.note(device, address="192.0.2.9", place=None)
        cached = f.live(device)
        assert cached is not None
        assert not f.list.is_note_due(cached)

    def test_does_not_let_a_cached_answer_live_longer(self, make: Make) -> None:
        f = make(check=timedelta(minutes=6))
        device = f.live(f.link())
        assert device is not None
        f.clock.advance(300)
        f.list.note(device, address="", place=None)
        f.store.end([device.id], f.clock(), reason="ended")
        f.clock.advance(60)
        assert f.live(device) is None

    def test_that_fails_is_logged_and_tried_again_later(
        self, f: Devices, caplog: pytest.LogCaptureFixture
    ) -> None:
        device = f.link()
        f.clock.advance(300)
        f.store.fails = True
        f.list.note(device, address="", place=None)
        assert "could not be kept" in caplog.text
        assert not f.list.is_note_due(device)
        f.clock.advance(60)
        assert f.list.is_note_due(device)


class TestEnding:
    def test_ends_that_one_only(self, f: Devices) -> None:
        one, other = f.link(), f.link()
        f.list.end(one.id, user_id="anna", reason="ended")
        assert f.live(one) is None
        assert f.live(other)
        assert f.list.of_person("anna") == [other]
        assert f.ended() == [(one.id, "ended")]

    def test_is_told_once(self, f: Devices) -> None:
        device = f.link()
        f.list.end(device.id, user_id="anna", reason="logout")
        f.list.end(device.id, user_id="anna", reason="ended")
        assert f.ended() == [(device.id, "logout")]

    @pytest.mark.parametrize("id", ["", "x\x00", "0" * 32, "a device of Ben's"])
    def test_refuses_what_is_not_ones_own(self, f: Devices, id: str) -> None:
        if id == "a device of Ben's":
            id = f.link(user_id="ben").id
        with pytest.raises(errors.DeviceNotFound):
            f.list.end(id, user_id="anna", reason="ended")
        with pytest.raises(errors.DeviceNotFound):
            f.list.rename(id, user_id="anna", name="Mine")
        with pytest.raises(errors.DeviceNotFound):
            f.list.not_me(id, user_id="anna")
        assert f.ended() == []

    def test_ends_what_it_approved_and_so_on(self, f: Devices) -> None:
        first = f.link()
        second = f.link(approver_device_id=first.id)
        third = f.link(approver_device_id=second.id)
        other = f.link()
        f.list.end(first.id, user_id="anna", reason="logout")
        assert f.ended() == [
            (first.id, "logout"),
            (second.id, "approver_ended"),
            (third.id, "approver_ended"),
        ]
        assert f.live(other)

    def test_denies_what_it_was_about_to_approve(self, f: Devices) -> None:
        device, other = f.link(), f.link()
        scanned = f.under_way(approver_device_id=device.id)
        approved = f.under_way(approver_device_id=device.id, state=State.APPROVED)
        not_its = [f.under_way(approver_device_id=other.id), f.under_way()]
        over = f.under_way(approver_device_id=device.id, state=State.CANCELLED)
        f.list.end(device.id, user_id="anna", reason="ended")
        assert f.state(scanned) == f.state(approved) == (State.DENIED, "device_ended")
        assert {f.state(id) for id in not_its} == {(State.SCANNED, None)}
        assert f.state(over) == (State.CANCELLED, None)

    def test_leaves_requests_whose_time_ran_out(self, f: Devices) -> None:
        device = f.link()
        id = f.under_way(approver_device_id=device.id)
        f.clock.advance(301)
        f.list.end(device.id, user_id="anna", reason="ended")
        assert f.state(id) == (State.SCANNED, None)

    def test_of_all_others_leaves_one(self, f: Devices) -> None:
        kept, *others = f.link(), f.link(), f.link()
        of_ben = f.link(user_id="ben")
        f.list.end_others(user_id="anna", keep=kept.id)
        assert f.list.of_person("anna") == [kept]
        assert {id for id, _ in f.ended()} == {device.id for device in others}
        assert f.live(of_ben)

    def test_of_all_others_ends_the_one_that_they_approved(self, f: Devices) -> None:
        # Else a login that was phished could get rid of what it came from.
        approver = f.link()
        current = f.link(approver_device_id=approver.id)
        f.list.end_others(user_id="anna", keep=current.id)
        assert f.list.of_person("anna") == []

    def test_of_all_ends_all(self, f: Devices) -> None:
        f.link()
        f.link()
        f.list.end_all("anna")
        f.list.end_all("anna")
        assert [reason for _, reason in f.ended()] == ["account", "account"]

    def test_is_no_approval_any_more(self, f: Devices) -> None:
        approver = f.link()
        f.list.end(approver.id, user_id="anna", reason="ended")
        with pytest.raises(errors.NotAllowed):
            f.link(approver_device_id=approver.id)
        assert f.list.of_person("anna") == []

    def test_while_another_is_linked_ends_that_too(
        self, f: Devices, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        approver = f.link()
        add = f.store.add

        def end_and_add(device: LinkedDevice) -> None:
            f.list.end(approver.id, user_id="anna", reason="ended")
            add(device)

        monkeypatch.setattr(f.store, "add", end_and_add)
        with pytest.raises(errors.NotAllowed):
            f.link(approver_device_id=approver.id)
        assert f.list.of_person("anna") == []
        assert [reason for _, reason in f.ended()] == ["ended", "approver_ended"]

    def test_comes_to_what_was_approved_at_the_same_time(self, f: Devices) -> None:
        approver = f.link()
        f.clock.advance(DAY)
        assert f.link(approver_device_id=approver.id).expires_at == approver.expires_at


class TestNotMe:
    def test_ends_it_and_all_that_is_under_way(self, f: Devices) -> None:
        device = f.link()
        child, other = f.link(approver_device_id=device.id), f.link()
        under_way = [f.under_way(), f.under_way(state=State.APPROVED)]
        of_ben = f.under_way(user_id="ben")
        f.list.not_me(device.id, user_id="anna")
        assert f.ended() == [(device.id, "not_me"), (child.id, "approver_ended")]
        assert {f.state(id) for id in under_way} == {(State.DENIED, "not_me")}
        assert f.state(of_ben) == (State.SCANNED, None)
        assert f.live(other)

    def test_counts_also_for_one_that_has_ended(self, f: Devices) -> None:
        # Whoever was faster to log out must not have left a browser that is known.
        device = f.link(browser_id="b" * 32)
        f.list.end(device.id, user_id="anna", reason="logout")
        f.list.not_me(device.id, user_id="anna")
        assert f.list.get(device.id).end_reason == "not_me"
        assert not f.list.is_known_browser(user_id="anna", browser_id="b" * 32)


class TestKnownBrowser:
    @pytest.mark.parametrize(
        ("reason", "known"),
        [
            (None, True),
            ("logout", True),
            ("replaced", True),
            ("ended", False),
            ("not_me", False),
            ("approver_ended", False),
            ("account", False),
        ],
    )
    def test_is_one_that_the_person_stands_by(
        self, f: Devices, reason: str | None, known: bool
    ) -> None:
        device = f.link(browser_id="b" * 32)
        if reason is not None:
            f.list.end(device.id, user_id="anna", reason=reason)
        assert f.list.is_known_browser(user_id="anna", browser_id="b" * 32) is known
        assert not f.list.is_known_browser(user_id="ben", browser_id="b" * 32)
        assert not f.list.is_known_browser(user_id="anna", browser_id="c" * 32)

    @pytest.mark.parametrize(
        ("reasons", "known"),
        [
            (["ended", None], True),
            (["logout", "ended"], False),
            (["not_me", None], False),
            (["not_me", "logout"], False),
        ],
    )
    def test_is_judged_by_its_newest_login_but_once_not_me_for_good(
        self, f: Devices, reasons: list[str | None], known: bool
    ) -> None:
        for reason in reasons:
            device = f.link(browser_id="b" * 32)
            if reason is not None:
                f.list.end(device.id, user_id="anna", reason=reason)
            f.clock.advance(1)
        assert f.list.is_known_browser(user_id="anna", browser_id="b" * 32) is known


def test_a_device_gets_another_name(f: Devices) -> None:
    device = f.link()
    f.list.rename(device.id, user_id="anna", name="  the\toffice ")
    assert f.list.of_person("anna") == [dataclasses.replace(device, name="the office")]
    with pytest.raises(errors.BadRequest):
        f.list.rename(device.id, user_id="anna", name=" \n")


def test_old_devices_are_deleted(f: Devices) -> None:
    f.link()
    f.clock.advance(30 * DAY + 59)
    assert f.list.purge(10) == 0
    f.clock.advance(2)
    assert f.list.purge(10) == 1


class TestALoginThatWasntMe:
    def test_is_not_linked_afterwards(self, f: Devices) -> None:
        request = f.request(state=State.REDEEMED, browser_id="b" * 32)
        f.requests.add(request)
        f.list.not_me(request.id, user_id="anna")
        with pytest.raises(errors.NotAllowed):
            f.link(id=request.id)
        assert f.list.of_person("anna") == []
        assert not f.list.is_known_browser(user_id="anna", browser_id="b" * 32)

    def test_is_ended_where_it_was_linked_in_that_moment(
        self, f: Devices, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        request = f.request(state=State.REDEEMED)
        f.requests.add(request)
        get = f.requests.get

        def link_meanwhile(id: str) -> LoginRequest | None:
            f.link(id=request.id)
            return get(id)

        monkeypatch.setattr(f.requests, "get", link_meanwhile)
        f.list.not_me(request.id, user_id="anna")
        assert f.ended() == [(request.id, "not_me")]

    def test_is_told_to_have_failed_where_it_cannot_be_kept(
        self, f: Devices, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(device: LinkedDevice) -> None:
            raise errors.StoreUnavailable

        request = f.request(state=State.REDEEMED)
        f.requests.add(request)
        monkeypatch.setattr(f.store, "add", fail)
        with pytest.raises(errors.StoreUnavailable):
            f.list.not_me(request.id, user_id="anna")

    def test_is_not_said_of_another_persons_request(self, f: Devices) -> None:
        id = f.under_way(user_id="ben")
        with pytest.raises(errors.DeviceNotFound):
            f.list.not_me(id, user_id="anna")
        assert f.state(id) == (State.SCANNED, None)


def test_a_device_that_cannot_be_kept_is_not_linked(
    f: Devices, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(device: LinkedDevice) -> None:
        raise errors.StoreUnavailable

    monkeypatch.setattr(f.store, "add", fail)
    with pytest.raises(errors.StoreUnavailable):
        f.link()
    assert f.announced == []
