"""What every store promises, as tests that run on any store.

Subclass :class:`StoreContract` with a fixture ``store`` that holds nothing yet. For a store that
several processes share, subclass :class:`SharedStoreContract`, with a fixture ``open_store`` too: a
function that can be pickled, and opens the same store in another process.
"""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import dataclasses
import multiprocessing
import threading
import typing as t
from datetime import datetime
from datetime import timedelta
from datetime import UTC

import pytest

from ..core import tokens
from ..core.login_request import LoginRequest
from ..core.login_request import Profile
from ..core.ports import FOUND_AT_MOST
from ..core.ports import LoginRequestStore
from ..core.transitions import approve
from ..core.transitions import cancel
from ..core.transitions import deny
from ..core.transitions import redeem
from ..core.transitions import scan

NOW = datetime(2030, 1, 31, 12, 0, 0, 123456, tzinfo=UTC)
WINDOW = timedelta(seconds=60)

OpenStore: t.TypeAlias = c.Callable[[], LoginRequestStore]


def pending(expires_in: float = 300, *, network: str = "2001:db8::/56") -> LoginRequest:
    """Make a new request, as it is from a browser at :data:`NOW`."""
    expires_at = NOW + timedelta(seconds=expires_in)
    return LoginRequest(
        id=tokens.new_id(),
        secret_hash="0123456789abcdef" * 4,
        created_at=NOW,
        expires_at=expires_at,
        deadline=expires_at,
        user_agent="Mozilla/5.0 (Ünïcödé 漢 \N{GRINNING FACE})",
        address="2001:db8::1",
        network=network,
        next="/welcome?x=1",
    )


def scanned(request: LoginRequest, *, user_id: str = "7") -> LoginRequest:
    """Let a person scan it."""
    profile = Profile("Ann", "/a.svg")
    return scan(request, NOW, user_id=user_id, profile=profile, decision=WINDOW)


class StoreContract:
    """The promises of :class:`~flask_qrlogin.LoginRequestStore`."""

    #: Whether old requests go without ``delete_expired``, which then returns none.
    expires_by_itself: t.ClassVar[bool] = False

    def test_a_request_comes_back_as_it_was_given(self, store: LoginRequestStore) -> None:
        request = pending()
        store.add(request)
        assert store.get(request.id) == request

    def test_a_request_that_is_added_again_stays_as_it_is(self, store: LoginRequestStore) -> None:
        request = pending()
        store.add(request)
        store.add(request)
        assert store.get(request.id) == request

    def test_every_field_survives_every_change(self, store: LoginRequestStore) -> None:
        request = pending()
        store.add(request)
        steps: list[c.Callable[[LoginRequest], LoginRequest]] = [
            scanned,
            lambda r: approve(r, NOW, user_id="7", pickup=WINDOW),
            lambda r: redeem(r, NOW, nonce=tokens.new_secret()),
        ]
        for step in steps:
            changed = step(request)
            assert store.swap(request, changed, NOW)
            assert store.get(request.id) == changed
            request = changed

    def test_an_unknown_id_has_no_request(self, store: LoginRequestStore) -> None:
        assert store.get(tokens.new_id()) is None

    def test_a_swap_from_an_older_version_changes_nothing(self, store: LoginRequestStore) -> None:
        request = pending()
        store.add(request)
        newer = scanned(request)
        assert store.swap(request, newer, NOW)
        assert not store.swap(request, cancel(request, NOW), NOW)
        assert store.get(request.id) == newer

    def test_a_swap_of_an_unknown_request_changes_nothing(self, store: LoginRequestStore) -> None:
        request = pending()
        assert not store.swap(request, scanned(request), NOW)
        assert store.get(request.id) is None

    @pytest.mark.parametrize(("late_by", "swapped"), [(-0.000001, True), (0, False), (1, False)])
    def test_a_swap_needs_a_deadline_that_is_still_to_come(
        self, store: LoginRequestStore, late_by: float, swapped: bool
    ) -> None:
        request = pending()
        store.add(request)
        now = request.deadline + timedelta(seconds=late_by)
        assert store.swap(request, scanned(request), now) is swapped

    def test_of_many_swaps_at_once_exactly_one_succeeds(self, store: LoginRequestStore) -> None:
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

    def test_versions_are_told_for_the_requests_that_are_kept(
        self, store: LoginRequestStore
    ) -> None:
        requests = [pending() for _ in range(3)]
        for request in requests:
            store.add(request)
        assert store.swap(requests[0], scanned(requests[0]), NOW)
        ids = [requests[0].id, requests[1].id, tokens.new_id()]
        assert store.versions(ids) == {requests[0].id: 2, requests[1].id: 1}
        assert store.versions([]) == {}

    def test_versions_of_many_thousand_requests_are_told_at_once(
        self, store: LoginRequestStore
    ) -> None:
        request = pending()
        store.add(request)
        ids = [tokens.new_id() for _ in range(70_000)]
        assert store.versions([*ids, request.id]) == {request.id: 1}

    def test_the_requests_that_a_person_has_scanned_are_found_newest_first(
        self, store: LoginRequestStore
    ) -> None:
        for age in (20, 10, 0):
            created_at = NOW - timedelta(seconds=age)
            request = dataclasses.replace(pending(300 - age), created_at=created_at)
            store.add(request)
            assert store.swap(request, scanned(request), NOW)
        others = pending()
        store.add(others)
        by_another = scanned(others, user_id="8")
        assert store.swap(others, by_another, NOW)
        store.add(pending())
        assert [NOW - found.created_at for found in store.find(NOW, user_id="7")] == [
            timedelta(seconds=age) for age in (0, 10, 20)
        ]
        assert store.find(NOW, user_id="8") == [by_another]
        assert store.find(NOW, user_id="nobody") == []

    def test_what_has_ended_is_not_found(self, store: LoginRequestStore) -> None:
        request = pending()
        store.add(request)
        first = scanned(request)
        assert store.swap(request, first, NOW)
        assert store.find(NOW, user_id="7") == [first]
        denied = deny(first, NOW, user_id="7")
        assert store.swap(first, denied, NOW)
        assert store.find(NOW, user_id="7") == []

    def test_only_the_newest_are_found(self, store: LoginRequestStore) -> None:
        for seconds in range(FOUND_AT_MOST + 3):
            request = dataclasses.replace(
                pending(300 + seconds), created_at=NOW + timedelta(seconds=seconds)
            )
            store.add(request)
            assert store.swap(request, scanned(request), NOW)
        found = store.find(NOW, user_id="7")
        assert len(found) == FOUND_AT_MOST
        assert found[-1].created_at == NOW + timedelta(seconds=3)

    def test_people_whose_ids_look_alike_are_told_apart(self, store: LoginRequestStore) -> None:
        for user_id in ("ann", "Ann", "ann ", "änn", "{ann}"):
            request = pending()
            store.add(request)
            assert store.swap(request, scanned(request, user_id=user_id), NOW)
        for user_id in ("ann", "Ann", "ann ", "änn", "{ann}"):
            assert [found.user_id for found in store.find(NOW, user_id=user_id)] == [user_id]

    def test_a_user_code_finds_what_is_kept_newest_first(self, store: LoginRequestStore) -> None:
        older, newer, other, plain = (pending() for _ in range(4))
        newer = dataclasses.replace(
            newer, user_code="WDJBMJHT", created_at=NOW + timedelta(seconds=1)
        )
        older = dataclasses.replace(older, user_code="WDJBMJHT")
        other = dataclasses.replace(other, user_code="WDJBMJHX")
        for request in (newer, older, other, plain):
            store.add(request)
        assert store.find_by_code("WDJBMJHT") == [newer, older]
        ended = cancel(newer, NOW)
        assert store.swap(newer, ended, NOW)
        assert store.find_by_code("WDJBMJHT") == [ended, older]
        assert store.find_by_code("ZZZZZZZZ") == []

    def test_the_requests_of_a_network_are_counted(self, store: LoginRequestStore) -> None:
        here, there = "192.0.2.0/24", "198.51.100.0/24"
        assert store.count_started(here, NOW, 10) == 0
        requests = [pending(network=here) for _ in range(4)]
        for request in [*requests, pending(network=there), pending(network="")]:
            store.add(request)
        assert store.count_started(here, NOW, 10) == 4
        assert store.count_started(there, NOW, 10) == 1
        assert store.count_started(here, NOW, 3) == 3

    def test_who_begins_and_withdraws_or_scans_in_turn_is_counted(
        self, store: LoginRequestStore
    ) -> None:
        for step in (lambda request: cancel(request, NOW), scanned):
            request = pending()
            store.add(request)
            assert store.swap(request, step(request), NOW)
        assert store.count_started(request.network, NOW, 10) == 2

    def test_a_request_that_a_person_has_answered_is_not_counted(
        self, store: LoginRequestStore
    ) -> None:
        redeemed, denied, waiting = pending(), pending(), pending()
        for request in (redeemed, denied, waiting):
            store.add(request)
            other, request = request, scanned(request)
            assert store.swap(other, request, NOW)
            if other is denied:
                assert store.swap(request, deny(request, NOW, user_id="7"), NOW)
            if other is redeemed:
                agreed = approve(request, NOW, user_id="7", pickup=WINDOW)
                assert store.swap(request, agreed, NOW)
                assert store.swap(agreed, redeem(agreed, NOW, nonce="n"), NOW)
        assert store.count_started(waiting.network, NOW, 10) == 1

    def test_a_request_whose_time_has_run_out_is_not_counted(
        self, store: LoginRequestStore
    ) -> None:
        for seconds in (10, 20):
            store.add(pending(expires_in=seconds))
        for after, counted in [(0, 2), (9.999, 2), (10, 1), (15, 1), (20, 0)]:
            now = NOW + timedelta(seconds=after)
            assert store.count_started("2001:db8::/56", now, 10) == counted

    def test_only_expired_requests_are_deleted_the_limit_at_a_time(
        self, store: LoginRequestStore
    ) -> None:
        old = [pending(expires_in=-seconds) for seconds in (10, 20, 30)]
        young = pending(expires_in=1)
        for request in [*old, young]:
            store.add(request)
        if self.expires_by_itself:
            assert store.delete_expired(NOW, 2) == []
            return
        assert len(store.delete_expired(NOW, 2)) == 2
        assert len(store.delete_expired(NOW, 2)) == 1
        assert store.delete_expired(NOW, 2) == []
        assert all(store.get(request.id) is None for request in old)
        assert store.get(young.id) == young

    def test_each_expired_request_is_returned_to_one_caller_as_it_was_last(
        self, store: LoginRequestStore
    ) -> None:
        """Three delete them while two others still change them."""
        requests = [pending(expires_in=-seconds) for seconds in range(1, 41)]
        for request in requests:
            store.add(request)
        together = threading.Barrier(5)

        def change(backwards: bool) -> set[LoginRequest]:
            together.wait()
            long_ago = NOW - timedelta(seconds=60)
            changed = {
                request: cancel(request, long_ago) for request in requests[:: 1 - 2 * backwards]
            }
            return {new for old, new in changed.items() if store.swap(old, new, long_ago)}

        def delete(number: int) -> list[LoginRequest]:
            together.wait()
            return [r for _ in range(20) for r in store.delete_expired(NOW, 7)]

        with concurrent.futures.ThreadPoolExecutor(5) as threads:
            changing = [threads.submit(change, backwards) for backwards in (False, True)]
            deleted = [r for batch in threads.map(delete, range(3)) for r in batch]
            swapped = {request for future in changing for request in future.result()}
        if self.expires_by_itself:
            assert deleted == []
            return
        deleted += store.delete_expired(NOW, 40)
        assert sorted(r.id for r in deleted) == sorted(r.id for r in requests)
        assert {r for r in deleted if r.version > 1} == swapped


class SharedStoreContract(StoreContract):
    """The same, and that the store holds them across processes."""

    def test_of_many_processes_that_swap_at_once_one_succeeds(
        self, request: pytest.FixtureRequest, store: LoginRequestStore, open_store: OpenStore
    ) -> None:
        requests = [pending() for _ in range(50)]
        for each in requests:
            store.add(each)
        processing = multiprocessing.get_context("forkserver")
        # What each of them needs, loaded once for all.
        processing.set_forkserver_preload([__name__, request.module.__name__])
        together = processing.Barrier(4)
        results = processing.Queue()
        processes = [
            processing.Process(
                target=_cancel_all, args=(open_store, requests, name, together, results)
            )
            for name in "abcd"
        ]
        for process in processes:
            process.start()
        won = dict(results.get(timeout=60) for _ in processes)
        for process in processes:
            process.join()
        for place, each in enumerate(requests):
            kept = store.get(each.id)
            assert kept is not None
            assert [name for name in "abcd" if won[name][place]] == [kept.reason]


def _cancel_all(
    open_store: OpenStore,
    requests: list[LoginRequest],
    name: str,
    together: t.Any,
    results: t.Any,
) -> None:
    """Withdraw each request, at the same time as other processes do."""
    store = open_store()
    won = []
    for request in requests:
        new = dataclasses.replace(cancel(request, NOW), reason=name)
        together.wait(60)
        won.append(store.swap(request, new, NOW))
    results.put((name, won))
