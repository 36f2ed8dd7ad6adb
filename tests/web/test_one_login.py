"""Rule 3: at most one login for each request, whatever happens at the same time or gets lost."""

from __future__ import annotations

import collections.abc as c
import functools
import threading
import typing as t
from concurrent.futures import ThreadPoolExecutor

import pytest
from werkzeug.test import TestResponse

from flask_qrlogin import LoginRequest
from flask_qrlogin.core.errors import StoreUnavailable
from flask_qrlogin.core.ports import LoginRequestStore

from .host import Host
from .parties import Browser
from .parties import Json
from .parties import NativeApp
from .parties import problem


@pytest.fixture
def native(host: Host, browser: Browser) -> NativeApp:
    """An app that has approved the browser's request."""
    app = host.native_app()
    app.scan(browser.token)
    app.decide("approve")
    return app


@pytest.fixture
def store(host: Host) -> LoginRequestStore:
    with host.app.app_context():
        return host.state.store


def twin(browser: Browser) -> Browser:
    """Return the same browser once more: same cookies, same page."""
    other = Browser(browser.jar.application, browser.base_url)
    other.request = browser.request
    for name, value in browser.cookies().items():
        other.keep_cookie(name, value)
    return other


def at_once(
    store: LoginRequestStore,
    monkeypatch: pytest.MonkeyPatch,
    *actions: c.Callable[[], TestResponse],
) -> list[TestResponse]:
    """Run actions in threads, each of which has read the request before any of them writes."""
    barrier = threading.Barrier(len(actions), timeout=10)
    waited = threading.local()
    swap = store.swap

    def swap_together(*arguments: t.Any) -> bool:
        if not hasattr(waited, "once"):
            waited.once = True
            barrier.wait()
        return swap(*arguments)

    monkeypatch.setattr(store, "swap", swap_together)
    with ThreadPoolExecutor(len(actions)) as pool:
        return [future.result() for future in [pool.submit(action) for action in actions]]


class TestAtOnce:
    def test_of_two_polls_one_logs_in(
        self,
        host: Host,
        browser: Browser,
        native: NativeApp,
        store: LoginRequestStore,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        tabs = [browser, twin(browser)]
        polls = [functools.partial(tab.try_poll, since=3) for tab in tabs]
        answers = [t.cast(Json, a.json) for a in at_once(store, monkeypatch, *polls)]
        assert [answer["state"] for answer in answers] == ["redeemed", "redeemed"]
        assert sorted("location" in answer for answer in answers) == [False, True]
        assert sorted(tab.who() for tab in tabs) == ["anna", "nobody"]

    def test_either_the_login_or_the_denial_happens(
        self,
        host: Host,
        browser: Browser,
        native: NativeApp,
        store: LoginRequestStore,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        poll, deny = at_once(
            store,
            monkeypatch,
            lambda: browser.try_poll(since=3),
            lambda: native.decide("deny"),
        )
        state = host.row()["state"]
        assert poll.status_code == 200
        assert t.cast(Json, poll.json)["state"] == state
        assert deny.status_code == (200 if state == "denied" else 409)
        assert browser.who() == ("nobody" if state == "denied" else "anna")

    def test_either_the_approval_or_the_denial_counts(
        self,
        host: Host,
        browser: Browser,
        store: LoginRequestStore,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        native = host.native_app()
        native.scan(browser.token)
        answers = at_once(
            store,
            monkeypatch,
            lambda: native.decide("approve"),
            lambda: native.decide("deny"),
        )
        # The denial may follow the approval; never the other way round.
        assert answers[1].status_code == 200
        assert answers[0].status_code in (200, 409)
        assert host.row()["state"] == "denied"

    def test_of_two_people_one_scans(
        self,
        host: Host,
        browser: Browser,
        store: LoginRequestStore,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        apps = [host.native_app("anna"), host.native_app("ben")]
        scans = [functools.partial(app.scan, browser.token) for app in apps]
        answers = at_once(store, monkeypatch, *scans)
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        # That there was another is noted, for the owner to be warned.
        assert (host.row()["version"], host.row()["contested"]) == (3, 1)


def test_a_redeemed_request_never_logs_in_again(
    host: Host, browser: Browser, native: NativeApp
) -> None:
    other = twin(browser)
    assert "location" in browser.poll(since=3)
    row = host.row()
    for _ in range(2):
        again = twin(other)
        answer = again.poll(since=9)
        assert (answer["state"], "location" in answer) == ("redeemed", False)
        assert again.who() == "nobody"
    form = other.post(other.request["links"]["poll"], form={"since": "9"})
    assert form.headers["Location"] == other.request["links"]["self"]
    assert other.who() == "nobody"
    assert host.row() == row


@pytest.mark.parametrize("obstacle", ["inactive", "deleted", "vetoed", "renamed"])
def test_a_login_that_may_not_be_uses_nothing_up(
    host: Host,
    browser: Browser,
    native: NativeApp,
    obstacle: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = host.row()
    if obstacle == "inactive":
        host.change_user("anna", active=False)
    elif obstacle == "deleted":
        host.delete_user("anna")
    elif obstacle == "vetoed":
        host.qrlogin.may_approve(lambda user, login_request: "No.")
    else:
        # The user_loader answers somebody else than was asked for.
        monkeypatch.setattr("tests.web.host.User.get_id", lambda user: "other")
    assert problem(browser.try_poll(since=3)) == (403, "not_allowed")
    assert host.row() == row
    assert browser.who() == "nobody"


class TestALostAnswerOfTheDatabase:
    def lose(
        self,
        store: LoginRequestStore,
        monkeypatch: pytest.MonkeyPatch,
        *,
        happened: bool,
        reading: bool = True,
    ) -> None:
        """Let the connection break in a swap that happens, or in two that do not.

        Without ``reading`` it breaks in the read after it, too.
        """
        swap, get = store.swap, store.get
        broken: list[str] = []

        def lost_swap(old: LoginRequest, new: LoginRequest, now: t.Any) -> bool:
            if broken.count("swap") == (1 if happened else 2):
                return swap(old, new, now)
            broken.append("swap")
            if happened:
                assert swap(old, new, now)
            raise StoreUnavailable

        def lost_get(id: str) -> LoginRequest | None:
            if broken == ["swap"]:
                broken.append("get")
                if not reading:
                    raise StoreUnavailable
            return get(id)

        monkeypatch.setattr(store, "swap", lost_swap)
        monkeypatch.setattr(store, "get", lost_get)

    def test_of_a_login_that_happened(
        self,
        browser: Browser,
        native: NativeApp,
        store: LoginRequestStore,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.lose(store, monkeypatch, happened=True)
        assert browser.poll(since=3)["location"] == "/"
        assert browser.who() == "anna"

    def test_of_a_login_that_did_not(
        self,
        host: Host,
        browser: Browser,
        native: NativeApp,
        store: LoginRequestStore,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        row = host.row()
        self.lose(store, monkeypatch, happened=False)
        assert problem(browser.try_poll(since=3)) == (503, "store_unavailable")
        assert host.row() == row
        assert browser.who() == "nobody"
        assert browser.poll(since=3)["location"] == "/"

    def test_of_a_login_that_nobody_can_look_up(
        self,
        browser: Browser,
        native: NativeApp,
        store: LoginRequestStore,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.lose(store, monkeypatch, happened=True, reading=False)
        assert problem(browser.try_poll(since=3)) == (503, "store_unavailable")
        # It costs a new code, not a second login.
        answer = browser.poll(since=3)
        assert (answer["state"], "location" in answer) == ("redeemed", False)
        assert browser.who() == "nobody"

    @pytest.mark.parametrize("action", ["approve", "deny"])
    @pytest.mark.parametrize("happened", [True, False])
    def test_of_a_decision(
        self,
        host: Host,
        browser: Browser,
        store: LoginRequestStore,
        monkeypatch: pytest.MonkeyPatch,
        action: str,
        happened: bool,
    ) -> None:
        native = host.native_app()
        native.scan(browser.token)
        self.lose(store, monkeypatch, happened=happened)
        answer = native.decide(action)
        assert answer.status_code == (200 if happened else 503)
        assert (host.row()["state"] == "scanned") != happened
