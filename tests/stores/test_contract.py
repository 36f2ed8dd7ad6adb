"""What every store promises, on every store."""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import dataclasses
import pathlib
import threading
from datetime import datetime
from datetime import timedelta
from datetime import UTC

import pytest
import sqlalchemy as sa

from flask_qrlogin import tokens
from flask_qrlogin.login_request import approve
from flask_qrlogin.login_request import cancel
from flask_qrlogin.login_request import deny
from flask_qrlogin.login_request import LoginRequest
from flask_qrlogin.login_request import Profile
from flask_qrlogin.login_request import redeem
from flask_qrlogin.login_request import scan
from flask_qrlogin.models import login_request_model
from flask_qrlogin.ports import LoginRequestStore
from flask_qrlogin.stores import sql
from flask_qrlogin.stores.memory import MemoryStore

NOW = datetime(2030, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
WINDOW = timedelta(seconds=60)


@pytest.fixture(params=["memory", "sqlite file", "sqlite memory"])
def store(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> c.Iterator[LoginRequestStore]:
    if request.param == "memory":
        yield MemoryStore()
        return
    if request.param == "sqlite file":
        engine = sql.file_engine(tmp_path / "folder" / "qrlogin.sqlite3")
    else:
        engine = sql.memory_engine()
    made = sql.SQLStore(engine, login_request_model(sa.MetaData()))
    made.create_table()
    yield made
    engine.dispose()


def pending(expires_in: float = 300) -> LoginRequest:
    expires_at = NOW + timedelta(seconds=expires_in)
    return LoginRequest(
        id=tokens.new_id(),
        secret_hash="0123456789abcdef" * 4,
        created_at=NOW,
        expires_at=expires_at,
        deadline=expires_at,
        user_agent="Mozilla/5.0 (Ünïcödé 漢)",
        address="2001:db8::1",
        next="/welcome?x=1",
    )


def scanned(request: LoginRequest) -> LoginRequest:
    return scan(request, NOW, user_id="7", profile=Profile("Ann", "/a.svg"), decision=WINDOW)


def test_a_request_comes_back_as_it_was_given(store: LoginRequestStore) -> None:
    request = pending()
    store.add(request)
    assert store.get(request.id) == request


def test_every_field_survives_every_change(store: LoginRequestStore) -> None:
    request = pending()
    store.add(request)
    for step in (
        scanned,
        lambda r: approve(r, NOW, user_id="7", pickup=WINDOW),
        lambda r: redeem(r, NOW, nonce=tokens.new_secret()),
    ):
        changed = step(request)
        assert store.swap(request, changed, NOW)
        assert store.get(request.id) == changed
        request = changed


def test_an_unknown_id_has_no_request(store: LoginRequestStore) -> None:
    assert store.get(tokens.new_id()) is None


def test_a_swap_from_an_older_version_changes_nothing(store: LoginRequestStore) -> None:
    request = pending()
    store.add(request)
    newer = scanned(request)
    assert store.swap(request, newer, NOW)
    assert not store.swap(request, cancel(request, NOW), NOW)
    assert store.get(request.id) == newer


def test_a_swap_of_an_unknown_request_changes_nothing(store: LoginRequestStore) -> None:
    request = pending()
    assert not store.swap(request, scanned(request), NOW)
    assert store.get(request.id) is None


@pytest.mark.parametrize(("late_by", "swapped"), [(-0.000001, True), (0, False), (1, False)])
def test_a_swap_needs_a_deadline_that_is_still_to_come(
    store: LoginRequestStore, late_by: float, swapped: bool
) -> None:
    request = pending()
    store.add(request)
    now = request.deadline + timedelta(seconds=late_by)
    assert store.swap(request, scanned(request), now) is swapped


def test_of_many_swaps_at_once_exactly_one_succeeds(store: LoginRequestStore) -> None:
    request = pending()
    store.add(request)
    current = scanned(request)
    assert store.swap(request, current, NOW)
    together = threading.Barrier(8)

    def decide(number: int) -> bool:
        new = deny(current, NOW, user_id="7", reason=str(number))
        together.wait()
        return store.swap(current, new, NOW)

    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        won = list(threads.map(decide, range(8)))
    assert won.count(True) == 1
    kept = store.get(request.id)
    assert kept is not None
    assert kept.reason == str(won.index(True))


def test_only_expired_requests_are_deleted_the_limit_at_a_time(store: LoginRequestStore) -> None:
    old = [pending(expires_in=-seconds) for seconds in (10, 20, 30)]
    young = pending(expires_in=1)
    for request in [*old, young]:
        store.add(request)
    assert len(store.delete_expired(NOW, 2)) == 2
    assert len(store.delete_expired(NOW, 2)) == 1
    assert store.delete_expired(NOW, 2) == []
    assert all(store.get(request.id) is None for request in old)
    assert store.get(young.id) == young


def test_each_expired_request_is_returned_to_one_caller_only(store: LoginRequestStore) -> None:
    old = [pending(expires_in=-seconds) for seconds in range(1, 41)]
    for request in old:
        store.add(request)
    with concurrent.futures.ThreadPoolExecutor(4) as threads:
        batches = list(threads.map(lambda _: store.delete_expired(NOW, 40), range(4)))
    deleted = [request for batch in batches for request in batch]
    assert sorted(r.id for r in deleted) == sorted(r.id for r in old)
    assert {dataclasses.astuple(r) for r in deleted} == {dataclasses.astuple(r) for r in old}


def test_versions_are_told_for_the_requests_that_are_kept(store: LoginRequestStore) -> None:
    requests = [pending() for _ in range(3)]
    for request in requests:
        store.add(request)
    assert store.swap(requests[0], scanned(requests[0]), NOW)
    unknown = tokens.new_id()
    assert store.versions([requests[0].id, requests[1].id, unknown]) == {
        requests[0].id: 2,
        requests[1].id: 1,
    }
    assert store.versions([]) == {}


def test_versions_of_ten_thousand_requests_are_told_at_once(store: LoginRequestStore) -> None:
    request = pending()
    store.add(request)
    ids = [tokens.new_id() for _ in range(9999)]
    assert store.versions([*ids, request.id]) == {request.id: 1}


def test_the_requests_that_a_person_has_scanned_are_found_newest_first(
    store: LoginRequestStore,
) -> None:
    for age in (20, 10, 0):
        request = pending()
        request = dataclasses.replace(request, created_at=NOW - timedelta(seconds=age))
        store.add(request)
        assert store.swap(request, scanned(request), NOW)
    others = pending()
    store.add(others)
    by_another = scan(others, NOW, user_id="8", profile=Profile("Ben"), decision=WINDOW)
    assert store.swap(others, by_another, NOW)
    store.add(pending())
    assert [NOW - found.created_at for found in store.find(user_id="7")] == [
        timedelta(seconds=age) for age in (0, 10, 20)
    ]
    assert store.find(user_id="8") == [by_another]
    assert store.find(user_id="nobody") == []
