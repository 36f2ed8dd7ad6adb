"""Polls that are held until something happens, by a server of many threads."""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import dataclasses
import threading
import time
import typing as t

import flask
import pytest
import sqlalchemy as sa
from werkzeug.test import TestResponse

from flask_qrlogin.app_state import release_waiting
from flask_qrlogin.core.errors import StoreUnavailable
from flask_qrlogin.stores.sql import SQLStore
from flask_qrlogin.waiting import room as waiting_room
from flask_qrlogin.waiting.room import Waiter
from flask_qrlogin.waiting.room import WaitingRoom
from tests.web.conftest import MakeHost
from tests.web.host import db
from tests.web.host import Host
from tests.web.parties import Browser
from tests.web.parties import Json
from tests.web.parties import problem
from tests.web.parties import set_cookies

#: Seconds until a test gives up on what ought to happen at once.
PATIENCE = 10.0


def threads(app: flask.Flask) -> None:
    """Serve the app as a server of many threads does."""
    wsgi_app = app.wsgi_app

    def serve(environ: t.Any, start_response: t.Any) -> t.Any:
        return wsgi_app(environ | {"wsgi.multithread": True}, start_response)

    app.wsgi_app = serve  # type: ignore[method-assign]


@pytest.fixture
def host(make_host: MakeHost) -> Host:
    return make_host(prepare=threads, QRLOGIN_HELD_POLLS=4)


def room(host: Host) -> WaitingRoom:
    with host.app.app_context():
        return host.state.waiting


@dataclasses.dataclass
class Held:
    """A poll that is held in a thread of its own."""

    future: concurrent.futures.Future[TestResponse]

    def response(self) -> TestResponse:
        return self.future.result(PATIENCE)

    def answer(self) -> Json:
        response = self.response()
        assert response.status_code == 200, response.text[:300]
        return t.cast(Json, response.json)


Hold: t.TypeAlias = c.Callable[[Browser], Held]


@pytest.fixture
def hold(monkeypatch: pytest.MonkeyPatch) -> c.Iterator[Hold]:
    """Send a poll that has seen the newest answer; return when it waits, having read."""
    waits = threading.Semaphore(0)
    wait = Waiter.wait

    def note(waiter: Waiter, seconds: float) -> None:
        waits.release()
        wait(waiter, seconds)

    monkeypatch.setattr(Waiter, "wait", note)
    apps = set()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:

        def hold(browser: Browser) -> Held:
            apps.add(browser.jar.application)
            future = pool.submit(browser.try_poll)
            assert waits.acquire(timeout=PATIENCE), future.result(0).text
            return Held(future)

        yield hold
        for app in apps:
            release_waiting(app)


@pytest.fixture
def entered(host: Host, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """For how many seconds each poll was held."""
    return spy(host, monkeypatch)


def spy(host: Host, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []
    enter = room(host).enter

    def note(id: str, **arguments: t.Any) -> object:
        waiter = enter(id, **arguments)
        if waiter is not None:
            seconds.append(arguments["seconds"])
        return waiter

    monkeypatch.setattr(room(host), "enter", note)
    return seconds


def tab(host: Host, browser: Browser) -> Browser:
    """Open another tab of a browser; a client of Werkzeug's serves one thread."""
    other = host.browser()
    for name, value in browser.cookies().items():
        other.keep_cookie(name, value)
    other.request = dict(browser.request)
    return other


def poll(browser: Browser, **fields: t.Any) -> TestResponse:
    return browser.post(browser.request["links"]["poll"], {"since": 1, "wait": 20} | fields)


def test_a_scan_is_answered_at_once(host: Host, browser: Browser, hold: Hold) -> None:
    held = hold(browser)
    host.native_app().scan(browser.token)
    answer = held.answer()
    assert (answer["state"], answer["version"]) == ("scanned", 2)
    assert answer["profile"]["name"] == "Anna Berg"
    assert answer["interval"] == 0


def test_a_held_poll_never_logs_in_and_the_next_does(
    host: Host, browser: Browser, hold: Hold
) -> None:
    app = host.native_app()
    app.scan(browser.token)
    browser.poll()
    held = hold(browser)
    app.decide("approve")
    response = held.response()
    answer = held.answer()
    assert (answer["state"], answer["interval"]) == ("approved", 0)
    assert "location" not in answer
    assert set_cookies(response) == {}
    assert host.row()["state"] == "approved"
    assert browser.who() == "nobody"
    browser.request |= answer
    assert browser.poll()["state"] == "redeemed"
    assert browser.who() == "anna"


def test_a_bystander_who_scans_and_approves_during_one_hold_is_shown_for_a_second(
    host: Host, browser: Browser, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting_room, "LOOK_EVERY", PATIENCE)
    held = hold(browser)
    app = host.native_app("ben")
    with monkeypatch.context() as patch:
        patch.setattr(room(host), "publish", lambda id: None)
        app.scan(browser.token)
    app.decide("approve")
    answer = held.answer()
    assert (answer["state"], answer["interval"]) == ("approved", 1)
    assert answer["profile"]["name"] == "Ben Cole"
    # Having seen nothing, it may ask again as often as it likes.
    assert browser.poll(since=1)["state"] == "approved"
    assert browser.who() == "nobody"
    browser.request |= answer
    assert browser.poll()["state"] == "redeemed"
    assert browser.who() == "ben"


def test_a_denial_is_answered_at_once_and_takes_the_secret_away(
    host: Host, browser: Browser, hold: Hold
) -> None:
    app = host.native_app()
    app.scan(browser.token)
    browser.poll()
    held = hold(browser)
    app.decide("deny")
    answer = held.answer()
    assert (answer["state"], answer["interval"]) == ("denied", 0)
    (cookie,) = set_cookies(held.response()).values()
    assert cookie["max-age"] == "0"


def test_a_withdrawal_in_another_tab_is_found_by_a_look(
    host: Host, browser: Browser, hold: Hold
) -> None:
    held = hold(browser)
    tab(host, browser).cancel()
    room(host).look()
    assert held.answer()["state"] == "cancelled"


def test_the_end_of_its_time_ends_the_hold(host: Host, browser: Browser, hold: Hold) -> None:
    host.clock.advance(299.9)
    browser.poll()
    browser.request["issued_at"] = "2030-01-31T12:04:59Z"
    held = hold(browser)
    host.clock.advance(1)
    answer = held.answer()
    assert (answer["state"], answer["interval"]) == ("expired", 0)


def test_a_request_that_is_deleted_meanwhile_is_not_found(
    host: Host, browser: Browser, hold: Hold
) -> None:
    held = hold(browser)
    host.execute("DELETE FROM qrlogin_login_request")
    room(host).look()
    assert problem(held.response()) == (404, "request_not_found")


def test_a_store_that_fails_meanwhile_is_unavailable(
    host: Host, browser: Browser, hold: Hold, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = hold(browser)

    def fail(id: str) -> None:
        raise StoreUnavailable

    with host.app.app_context():
        monkeypatch.setattr(host.state.store, "get", fail)
    room(host).publish(browser.request["id"])
    assert problem(held.response()) == (503, "store_unavailable")
    assert room(host).count == 0


def test_a_code_that_is_due_ends_the_hold(host: Host, browser: Browser, hold: Hold) -> None:
    host.clock.advance(29.9)
    held = hold(browser)
    host.clock.advance(1)
    answer = held.answer()
    assert answer["state"] == "pending"
    assert answer["qr"]["url"] != browser.url
    assert answer["issued_at"] == "2030-01-31T12:00:30Z"


def test_after_a_scan_a_poll_is_held_however_old_the_code_is(
    host: Host, browser: Browser, hold: Hold
) -> None:
    app = host.native_app()
    app.scan(browser.token)
    browser.poll()
    host.clock.advance(60)
    held = hold(browser)
    app.decide("approve")
    assert held.answer()["state"] == "approved"


def test_two_tabs_that_wait_for_one_request_are_both_told_and_one_logs_in(
    host: Host, browser: Browser, hold: Hold
) -> None:
    app = host.native_app()
    app.scan(browser.token)
    browser.poll()
    tabs = [browser, tab(host, browser)]
    held = [hold(one) for one in tabs]
    app.decide("approve")
    assert [one.answer()["state"] for one in held] == ["approved", "approved"]
    answers = [one.poll(since=3) for one in tabs]
    assert ["location" in answer for answer in answers] == [True, False]
    assert [one.who() for one in tabs] == ["anna", "nobody"]


def test_a_hold_in_vain_lasts_as_long_as_the_browser_and_the_app_allow(
    make_host: MakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = make_host(prepare=threads, QRLOGIN_HELD_POLLS=4, QRLOGIN_HOLD_SECONDS=0.2)
    entered = spy(host, monkeypatch)
    browser = host.browser()
    browser.start()
    for wait in (1, 20, 10**9):
        answer = t.cast(Json, poll(browser, wait=wait).json)
        assert answer["state"] == "pending"
        assert 0 <= answer["interval"] <= 2
    assert all(0.17 <= seconds <= 0.2 for seconds in entered)
    assert len(entered) == 3


@pytest.mark.parametrize(
    "fields",
    [
        {"wait": 0},
        {"wait": None},
        {"since": 0},
        {"since": 2},
        {"issued_at": "1970-01-01T00:00:00Z"},
    ],
)
def test_what_need_not_wait_is_answered_at_once(browser: Browser, host: Host, fields: Json) -> None:
    fields = {"since": 1, "wait": 20} | fields
    if fields["wait"] is None:
        del fields["wait"]
    began = time.monotonic()
    response = browser.post(browser.request["links"]["poll"], fields)
    assert t.cast(Json, response.json)["state"] == "pending"
    assert time.monotonic() - began < 5
    assert room(host).count == 0


def test_a_form_is_never_held(make_host: MakeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    host = make_host(prepare=threads, QRLOGIN_HELD_POLLS=4, QRLOGIN_HOLD_SECONDS=0.1)
    entered = spy(host, monkeypatch)
    browser = host.browser()
    browser.start()
    form = {"since": "1", "wait": "20"}
    assert browser.post(browser.request["links"]["poll"], form=form).status_code == 303
    assert entered == []


def test_nobody_else_can_take_a_place(host: Host, browser: Browser, entered: list[float]) -> None:
    stranger = host.browser()
    stranger.request = browser.request
    assert problem(stranger.try_poll()) == (404, "request_not_found")
    assert entered == []


@pytest.mark.parametrize("id", ["%00", "x", "X" * 32])
def test_what_is_no_id_takes_no_place(
    host: Host, browser: Browser, entered: list[float], id: str
) -> None:
    browser.keep_cookie(f"qrlogin-{id}", "secret")
    response = browser.post(f"/qrlogin/requests/{id}/poll", {"since": 1, "wait": 20})
    assert problem(response) == (404, "request_not_found")
    assert entered == []


def test_in_a_full_room_polls_are_answered_at_once(
    host: Host, browser: Browser, hold: Hold, entered: list[float]
) -> None:
    other = host.browser()
    other.start()
    held = [hold(tab(host, one)) for one in (browser, other) for _ in range(2)]
    third = host.browser()
    third.start()
    assert 1.7 <= third.poll()["interval"] <= 2.3
    assert len(entered) == 4
    host.native_app().scan(browser.token)
    assert [one.answer()["state"] for one in held[:2]] == ["scanned"] * 2
    hold(third)


def test_of_one_request_two_polls_are_held_at_most(
    host: Host, browser: Browser, hold: Hold, entered: list[float]
) -> None:
    for _ in range(2):
        hold(tab(host, browser))
    assert 1.7 <= browser.poll()["interval"] <= 2.3
    assert len(entered) == 2
    other = host.browser()
    other.start()
    hold(other)


def test_a_flood_slows_others_to_ten_seconds_at_most(host: Host, browser: Browser) -> None:
    for _ in range(20_000):
        host.state.pacing.unheld()
    release_waiting(host.app)
    assert 7 <= browser.poll()["interval"] <= 10


def test_a_server_of_one_thread_never_holds(
    make_host: MakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = make_host(QRLOGIN_HELD_POLLS=4)
    entered = spy(host, monkeypatch)
    browser = host.browser()
    browser.start()
    assert 1.7 <= browser.poll()["interval"] <= 2.3
    assert entered == []


@pytest.mark.parametrize("places", [None, 0])
def test_an_unknown_server_of_threads_holds_only_what_it_is_told_to(
    make_host: MakeHost, monkeypatch: pytest.MonkeyPatch, places: int | None
) -> None:
    host = make_host(prepare=threads, QRLOGIN_HELD_POLLS=places)
    entered = spy(host, monkeypatch)
    browser = host.browser()
    browser.start()
    browser.poll()
    assert entered == []


def test_polls_that_are_not_held_come_back_sooner_once_somebody_has_scanned(
    make_host: MakeHost,
) -> None:
    host = make_host(QRLOGIN_POLL_INTERVAL=10)
    browser = host.browser()
    assert 8.5 <= browser.start()["interval"] <= 11.5
    assert 8.5 <= browser.poll()["interval"] <= 11.5
    app = host.native_app()
    app.scan(browser.token)
    assert browser.poll()["interval"] == 1
    app.decide("approve")
    assert browser.poll()["state"] == "redeemed"


def test_who_waits_holds_no_connection(make_host: MakeHost, hold: Hold) -> None:
    options = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 1}
    host = make_host(prepare=threads, QRLOGIN_HELD_POLLS=4, SQLALCHEMY_ENGINE_OPTIONS=options)
    visitor = host.browser()
    visitor.log_in("ben")
    browsers = [host.browser() for _ in range(4)]
    for browser in browsers:
        browser.start()
        hold(browser)
    with host.app.app_context():
        assert t.cast(sa.pool.QueuePool, db.engine.pool).checkedout() == 0
    assert visitor.who() == "ben"
    assert host.browser().start()["state"] == "pending"


def test_without_a_connection_of_the_pool_a_poll_is_refused(make_host: MakeHost) -> None:
    options = {"pool_size": 1, "max_overflow": 0, "pool_timeout": 0.1}
    host = make_host(prepare=threads, QRLOGIN_HELD_POLLS=4, SQLALCHEMY_ENGINE_OPTIONS=options)
    browser = host.browser()
    browser.start()
    with host.app.app_context():
        engine = t.cast(SQLStore, host.state.store).engine
    with engine.connect():
        assert problem(browser.try_poll()) == (503, "store_unavailable")
    assert room(host).count == 0


def test_who_waits_is_not_loaded(host: Host, browser: Browser, hold: Hold) -> None:
    browser.log_in("ben")
    loaded: list[str] = []
    host.login_manager.user_loader(loaded.append)
    held = hold(browser)
    host.native_app().scan(browser.token)
    held.answer()
    assert loaded == []


@pytest.mark.parametrize("ends", [False, True])
def test_a_poll_is_held_only_if_the_hosts_session_is_in_no_transaction(
    make_host: MakeHost, monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    def prepare(app: flask.Flask) -> None:
        threads(app)

        @app.before_request
        def query() -> None:
            db.session.execute(sa.select(1))
            if ends:
                db.session.commit()

    host = make_host(prepare=prepare, QRLOGIN_HELD_POLLS=4, QRLOGIN_HOLD_SECONDS=0.1)
    entered = spy(host, monkeypatch)
    browser = host.browser()
    browser.start()
    browser.poll()
    assert len(entered) == ends


def test_a_held_poll_saves_no_session_that_the_host_has_changed(
    make_host: MakeHost, hold: Hold
) -> None:
    def prepare(app: flask.Flask) -> None:
        threads(app)

        @app.before_request
        def change() -> None:
            flask.session.permanent = True
            flask.session["seen"] = flask.session.get("seen", 0) + 1

    host = make_host(prepare=prepare, QRLOGIN_HELD_POLLS=4)
    browser = host.browser()
    browser.start()
    app = host.native_app()
    app.scan(browser.token)
    browser.poll()
    held = hold(browser)
    # In another tab, meanwhile. The answer must not bring back the session from before.
    other = tab(host, browser)
    other.log_in("ben")
    app.decide("approve")
    assert set_cookies(held.response()) == {}
    assert other.who() == "ben"


def test_released_polls_are_answered_and_later_ones_not_held(
    host: Host, browser: Browser, hold: Hold, entered: list[float]
) -> None:
    held = [hold(browser), hold(browser)]
    release_waiting(host.app)
    assert [one.answer()["state"] for one in held] == ["pending", "pending"]
    browser.poll()
    assert len(entered) == 2


def test_release_before_anybody_waited_lets_nobody_wait(host: Host, browser: Browser) -> None:
    release_waiting(host.app)
    browser.poll()
    assert room(host).count == 0
