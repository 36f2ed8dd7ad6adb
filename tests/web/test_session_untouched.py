"""Rule 4: an answer that logs nobody in saves no session and sets no cookie of the host's."""

from __future__ import annotations

import collections.abc as c
import typing as t

import flask
import flask_login
import pytest
from werkzeug.test import TestResponse

from .conftest import MakeHost
from .host import Host
from .host import Prepare
from .parties import Browser
from .parties import Client
from .parties import set_cookies
from .server_sessions import ServerSessions


def _quiet_answers(host: Host, browser: Browser) -> c.Iterator[TestResponse]:
    """Everything that the waiting browser is answered and that logs nobody in."""
    phone = host.phone("anna")
    yield browser.post("/qrlogin/requests")
    yield browser.post("/qrlogin/requests", form={})
    browser.start()
    links = browser.request["links"]
    yield browser.show()
    yield browser.get(links["qr_svg"])
    yield browser.get(links["poll"])
    yield browser.try_poll()
    yield browser.post(links["poll"], form={"since": "1"})
    phone.scan(browser.url)
    yield browser.try_poll()
    yield browser.post(links["poll"], "nonsense")
    yield browser.post(links["poll"], Origin="https://evil.example")
    phone.tap("approve")
    yield browser.try_poll(since=1)
    yield browser.post(links["poll"], form={"since": "1"})
    yield browser.cancel()
    yield browser.show()


def _hosts_cookies(answer: TestResponse) -> list[str]:
    return [name for name in set_cookies(answer) if not name.startswith("qrlogin-")]


def make_permanent(app: flask.Flask) -> None:
    @app.before_request
    def change() -> None:
        flask.session.permanent = True


def change_before(app: flask.Flask) -> None:
    @app.before_request
    def change() -> None:
        flask.session["visits"] = flask.session.get("visits", 0) + 1


def change_after(app: flask.Flask) -> None:
    @app.after_request
    def change(response: flask.Response) -> flask.Response:
        flask.session["visits"] = flask.session.get("visits", 0) + 1
        flask.session.permanent = True
        flask.session.pop("visits")
        flask.session.update(seen=True)
        return response


def change_at_the_end(app: flask.Flask) -> None:
    @app.before_request
    def change() -> None:
        @flask.after_this_request
        def later(response: flask.Response) -> flask.Response:
            flask.session["late"] = True
            return response


def use_server_sessions(app: flask.Flask) -> None:
    app.session_interface = ServerSessions()
    change_before(app)
    change_after(app)


def refresh_remember_cookie(app: flask.Flask) -> None:
    app.config["REMEMBER_COOKIE_REFRESH_EACH_REQUEST"] = True


def refresh_and_look_before(app: flask.Flask) -> None:
    refresh_remember_cookie(app)

    @app.before_request
    def look() -> None:
        assert flask_login.current_user is not None
        assert flask_login.current_user.is_authenticated in (True, False)


def refresh_and_look_after(app: flask.Flask) -> None:
    refresh_remember_cookie(app)

    @app.after_request
    def look(response: flask.Response) -> flask.Response:
        name = getattr(flask_login.current_user, "name", "nobody")
        response.headers["X-User"] = name
        return response


HOSTS: list[Prepare] = [
    make_permanent,
    change_before,
    change_after,
    change_at_the_end,
    use_server_sessions,
    refresh_remember_cookie,
    refresh_and_look_before,
    refresh_and_look_after,
]


@pytest.mark.parametrize("prepare", HOSTS)
@pytest.mark.parametrize("logged_in", [False, True])
def test_whatever_the_host_does(make_host: MakeHost, prepare: Prepare, logged_in: bool) -> None:
    host = make_host(prepare=prepare)
    browser = host.browser()
    if logged_in:
        browser.log_in("ben")
    for answer in _quiet_answers(host, browser):
        assert _hosts_cookies(answer) == [], answer.request.path
        assert answer.status_code < 500


@pytest.mark.parametrize("prepare", HOSTS)
def test_whoever_is_remembered(make_host: MakeHost, prepare: Prepare) -> None:
    # Only the remember cookie is left, as after closing and opening the browser.
    host = make_host(prepare=prepare)
    browser = host.browser()
    browser.log_in("ben", remember=True)
    browser.jar.delete_cookie("session")
    for answer in _quiet_answers(host, browser):
        assert _hosts_cookies(answer) == [], answer.request.path


def test_a_session_on_the_server_is_not_written(make_host: MakeHost) -> None:
    host = make_host(prepare=use_server_sessions)
    interface = t.cast(ServerSessions, host.app.session_interface)
    browser = host.browser()
    browser.log_in("ben")
    host.phone("anna")
    browser.start()
    saves, kept = interface.saves, {sid: dict(values) for sid, values in interface.kept.items()}
    browser.poll()
    browser.show()
    browser.cancel()
    assert interface.saves == saves
    assert interface.kept == kept


def test_the_host_may_read_after_us_what_it_wrote_before(make_host: MakeHost) -> None:
    def count(app: flask.Flask) -> None:
        change_before(app)

        @app.after_request
        def tell(response: flask.Response) -> flask.Response:
            response.headers["X-Visits"] = flask.session["visits"]
            return response

    browser = make_host(prepare=count).browser()
    browser.start()
    assert browser.try_poll().headers["X-Visits"] == "1"


def test_a_test_may_change_the_session_while_it_looks_at_an_answer(host: Host) -> None:
    browser = host.browser()
    browser.start()
    with browser.jar:
        assert browser.try_poll().status_code == 200
        with browser.jar.session_transaction() as session:
            session["basket"] = ["book"]
    assert browser.session()["basket"] == ["book"]


def test_of_two_apps_with_one_session_interface_each_saves_its_own(make_host: MakeHost) -> None:
    sessions = ServerSessions()

    def share(app: flask.Flask) -> None:
        app.session_interface = sessions

    one, other = (make_host(prepare=share) for _ in range(2))
    for host in (one, other, one):
        browser = host.browser()
        host.log_in_by_qr(browser)
        saves = sessions.saves
        browser.start()
        browser.poll()
        assert sessions.saves == saves
        assert browser.who() == "anna"


class TestALatePoll:
    """A poll that began before something happened in another tab, and is answered after it."""

    def tabs(self, make_host: MakeHost) -> tuple[Browser, Client]:
        """Return two tabs of one browser, which have one cookie jar."""
        host = make_host(prepare=make_permanent)
        waiting, other = host.browser(), host.browser()
        other.jar = waiting.jar
        return waiting, other

    def test_does_not_undo_a_login(self, make_host: MakeHost) -> None:
        waiting, other = self.tabs(make_host)
        waiting.start()
        late = _Late(waiting)
        other.log_in("ben")
        late.answer()
        assert other.who() == "ben"

    def test_does_not_undo_a_logout(self, make_host: MakeHost) -> None:
        waiting, other = self.tabs(make_host)
        other.log_in("ben", remember=True)
        waiting.start()
        late = _Late(waiting)
        other.log_out()
        late.answer()
        assert other.who() == "nobody"


class _Late:
    """A poll that the server answers later: it carries the cookies of when it was sent."""

    def __init__(self, browser: Browser) -> None:
        self.browser = browser
        self.cookies = browser.cookies()

    def answer(self) -> None:
        """Let the answer reach the browser now."""
        shadow = Browser(self.browser.jar.application, self.browser.base_url)
        shadow.request = self.browser.request
        for name, value in self.cookies.items():
            shadow.keep_cookie(name, value)
        answer = shadow.try_poll()
        assert answer.status_code == 200
        for name, morsel in set_cookies(answer).items():
            self.browser.keep_cookie(name, morsel.value)
