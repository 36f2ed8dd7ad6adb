"""What every store of linked devices promises."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import typing as t
from datetime import datetime
from datetime import timedelta
from datetime import UTC

import pytest

from ..core import errors
from ..core import tokens
from ..core.linked_device import LinkedDevice
from ..core.ports import LinkedDeviceStore

NOW = datetime(2030, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)


def make_device(**fields: t.Any) -> LinkedDevice:
    values: dict[str, t.Any] = {
        "id": tokens.new_id(),
        "user_id": "7",
        "name": "Firefox on Linux",
        "browser_id": tokens.new_id(),
        "created_at": NOW,
        "last_seen_at": NOW,
        "expires_at": NOW + timedelta(days=30),
    }
    return LinkedDevice(**values | fields)


class DeviceStoreContract:
    """Tests of a store, which the fixture ``store`` returns empty."""

    def test_a_device_comes_back_as_it_was_given(self, store: LinkedDeviceStore) -> None:
        device = make_device(
            name="Annas Gerät 💻 東京",
            user_agent="Mozilla",
            address="2001:db8::1",
            place="東京, Japan",
            remembered=True,
            approver_user_agent="App",
            approver_address="192.0.2.1",
            approver_device_id=tokens.new_id(),
            approver_login="fresh",
            approver_login_at=NOW - timedelta(hours=1),
        )
        store.add(device)
        assert store.get(device.id) == device
        assert store.get(tokens.new_id()) is None

    def test_one_that_is_there_is_not_replaced(self, store: LinkedDeviceStore) -> None:
        device = make_device()
        store.add(device)
        with pytest.raises(errors.StoreUnavailable):
            store.add(dataclasses.replace(device, user_id="8"))
        store.add(device)
        assert store.get(device.id) == device

    def test_a_persons_are_found_those_that_have_not_ended_first(
        self, store: LinkedDeviceStore
    ) -> None:
        devices = [make_device(created_at=NOW + timedelta(minutes=n)) for n in range(4)]
        for device in [*devices, make_device(user_id="8"), make_device(user_id="ann")]:
            store.add(device)
        store.end([devices[3].id, devices[1].id], NOW, reason="ended")
        found = [device.id for device in store.find(user_id="7")]
        assert found == [devices[n].id for n in (2, 0, 3, 1)]
        assert store.find(user_id="ANN") == []

    def test_what_was_seen_last_is_kept(self, store: LinkedDeviceStore) -> None:
        device = make_device()
        store.add(device)
        later = NOW + timedelta(minutes=5)
        store.touch(device.id, later, address="192.0.2.9", place="Japan")
        store.touch(device.id, NOW + timedelta(minutes=1), address="192.0.2.1", place=None)
        seen = dataclasses.replace(device, last_seen_at=later, address="192.0.2.9", place="Japan")
        assert store.get(device.id) == seen
        store.touch(tokens.new_id(), later, address="", place=None)

    def test_a_name_is_kept(self, store: LinkedDeviceStore) -> None:
        device = make_device()
        store.add(device)
        store.rename(device.id, "Büro 🏢")
        assert store.get(device.id) == dataclasses.replace(device, name="Büro 🏢")

    def test_a_device_ends_once(self, store: LinkedDeviceStore) -> None:
        one, other = make_device(), make_device()
        store.add(one)
        store.add(other)
        assert store.end([one.id], NOW, reason="logout") == [one.id]
        later = NOW + timedelta(minutes=1)
        ended = store.end([one.id, other.id, tokens.new_id()], later, reason="ended")
        assert ended == [other.id]
        assert store.get(one.id) == dataclasses.replace(one, ended_at=NOW, end_reason="logout")
        assert store.end([], later, reason="ended") == []

    def test_one_that_has_ended_is_not_seen_again(self, store: LinkedDeviceStore) -> None:
        device = make_device()
        store.add(device)
        store.end([device.id], NOW, reason="ended")
        store.touch(device.id, NOW + timedelta(hours=1), address="192.0.2.9", place=None)
        kept = store.get(device.id)
        assert kept is not None
        assert kept.last_seen_at == NOW

    def test_another_reason_is_kept(self, store: LinkedDeviceStore) -> None:
        device = make_device()
        store.add(device)
        store.end([device.id], NOW, reason="logout")
        store.give_reason(device.id, "not_me")
        expected = dataclasses.replace(device, ended_at=NOW, end_reason="not_me")
        assert store.get(device.id) == expected

    def test_of_many_who_end_it_one_is_told(self, store: LinkedDeviceStore) -> None:
        devices = [make_device() for _ in range(5)]
        for device in devices:
            store.add(device)
        ids = [device.id for device in devices]

        def end(turn: int) -> list[str]:
            return store.end(ids[turn % 5 :] + ids[: turn % 5], NOW, reason="ended")

        with concurrent.futures.ThreadPoolExecutor(4) as threads:
            ended = [id for found in threads.map(end, range(8)) for id in found]
        assert sorted(ended) == sorted(ids)

    def test_old_ones_are_deleted_a_few_at_a_time(self, store: LinkedDeviceStore) -> None:
        old = [make_device(expires_at=NOW - timedelta(minutes=n)) for n in range(1, 4)]
        kept = make_device()
        for device in [*old, kept]:
            store.add(device)
        deleted = [store.delete_expired(NOW, 2) for _ in range(3)]
        assert deleted == [2, 1, 0]
        assert [device.id for device in store.find(user_id="7")] == [kept.id]
