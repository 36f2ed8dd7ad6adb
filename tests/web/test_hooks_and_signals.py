"""Hooks decide and signals tell: what happens where the host's code refuses, or fails."""

from __future__ import annotations

import collections.abc as c
import logging
import typing as t

import blinker
import flask
import flask_login
import pytest

from flask_qrlogin import is_qr_login
from flask_qrlogin import LoginRequest
from flask_qrlogin import Profile
from flask_qrlogin import qr_device
from flask_qrlogin import signals
from flask_qrlogin import State

from .conftest import MakeHost
from .host import Host
from .host import PEOPLE
from .host import User
from .parties import Browser
from .parties import Json
from .parties import problem


class Failure(Exception):
    """What the host's code raises."""


def fail(*arguments: object) -> t.Any:
    raise Failure


@pytest.fixture
def host(make_host: MakeHost) -> Host:
    """A host that answers 500 where it fails, as in production."""
    return make_host(PROPAGATE_EXCEPTIONS=False)


class TestAHookThatFails:
    @pytest.mark.parametrize("hook", ["may_start", "qr_payload"])
    def test_at_the_start_leaves_no_open_request(self, host: Host, hook: str) -> None:
        getattr(host.qrlogin, hook)(fail)
        browser = host.browser()
        assert browser.post("/qrlogin/requests").status_code == 500
        assert browser.cookies() == {}
        assert "pending" not in [row["state"] for row in host.rows()]

    @pytest.mark.parametrize(
        "hook",
        ["app_user_loader", "profile_loader", "may_approve", "describe_browser", "locate"],
    )
    def test_at_the_scan_leaves_the_request_unscanned(
        self, host: Host, browser: Browser, hook: str
    ) -> None:
        row = host.row()
        getattr(host.qrlogin, hook)(fail)
        answer = host.native_app().scan(browser.token)
        # Either it did not happen, or the app has what it needs to go on.
        assert host.row() == row or answer.status_code == 200

    @pytest.mark.parametrize("hook", ["describe_browser", "locate"])
    def test_to_describe_who_asks_does_not_stop_the_person(
        self, host: Host, browser: Browser, hook: str
    ) -> None:
        getattr(host.qrlogin, hook)(fail)
        phone = host.phone("anna")
        assert phone.open(browser.url).status_code == 200
        assert "127.0.0.1" in phone.page.text

    @pytest.mark.parametrize("hook", ["app_user_loader", "may_approve"])
    def test_at_the_approval_leaves_the_request_scanned(
        self, host: Host, browser: Browser, hook: str
    ) -> None:
        app = host.native_app()
        app.scan(browser.token)
        row = host.row()
        getattr(host.qrlogin, hook)(fail)
        assert app.decide("approve").status_code == 500
        assert host.row() == row

    @pytest.mark.parametrize("hook", ["may_approve", "user_loader"])
    def test_at_the_login_leaves_the_request_approved(
        self, host: Host, browser: Browser, hook: str
    ) -> None:
        app = host.native_app()
        app.scan(browser.token)
        app.decide("approve")
        row = host.row()
        users = host.login_manager.user_callback
        decorators: c.Mapping[str, t.Any] = {
            "may_approve": host.qrlogin.may_approve,
            "user_loader": host.login_manager.user_loader,
        }
        decorators[hook](fail)
        assert browser.try_poll(since=2).status_code == 500
        assert host.row() == row
        host.login_manager.user_loader(users)
        host.qrlogin.may_approve(lambda user, login_request: None)
        assert browser.poll(since=2)["state"] == "redeemed"

    def test_after_the_login_does_not_undo_it(
        self, host: Host, caplog: pytest.LogCaptureFixture
    ) -> None:
        host.qrlogin.default_next(fail)
        browser = host.browser()
        assert host.log_in_by_qr(browser)["location"] == "/"
        assert browser.who() == "anna"
        assert "default_next" in caplog.text


class TestAHookThatRefuses:
    def test_the_start(self, host: Host) -> None:
        host.qrlogin.may_start(lambda request: "Closed at night.")
        answer = host.browser().post("/qrlogin/requests")
        assert problem(answer) == (403, "not_allowed")
        assert t.cast(Json, answer.json)["detail"] == "Closed at night."
        assert host.rows() == []

    def test_the_scan_on_the_web(self, host: Host, browser: Browser) -> None:
        host.qrlogin.may_approve(lambda user, login_request: f"No, {user.name}.")
        answer = host.phone("anna").scan(browser.url)
        assert answer.status_code == 403
        assert "No, anna." in answer.text
        assert host.row()["state"] == "pending"

    def test_the_login(self, host: Host, browser: Browser) -> None:
        app = host.native_app()
        app.scan(browser.token)
        app.decide("approve")
        row = host.row()
        host.qrlogin.may_approve(lambda user, login_request: "Not any more.")
        for _ in range(2):
            assert problem(browser.try_poll(since=2)) == (403, "not_allowed")
        assert host.row() == row
        assert browser.who() == "nobody"


def test_hooks_decide_what_is_shown(host: Host) -> None:
    host.qrlogin.profile_loader(lambda user: Profile(user.name[0], "/avatars/a.png"))
    host.qrlogin.describe_browser(lambda user_agent: f"<{user_agent}>")
    host.qrlogin.qr_payload(
        lambda url, token, issued_at, expires_at: (
            f"app:{token}?{issued_at:%H%M%S}-{expires_at:%H%M%S}"
        )
    )
    browser = host.browser()
    browser.headers["User-Agent"] = "Kiosk"
    started = browser.start()
    text = started["qr"]["url"]
    assert text.startswith("app:")
    assert text.endswith("?120000-120100")
    app = host.native_app()
    scanned = app.scan(text.removeprefix("app:").partition("?")[0])
    assert t.cast(Json, scanned.json)["asking"]["browser"] == "<Kiosk>"
    assert browser.poll()["profile"] == {"name": "a", "avatar_url": "/avatars/a.png"}


def test_a_profile_is_made_fit_to_be_shown(host: Host, browser: Browser) -> None:
    host.qrlogin.profile_loader(lambda user: Profile("A\x00\n" + "b" * 200, "/" + "x" * 2000))
    host.native_app().scan(browser.token)
    profile = browser.poll()["profile"]
    assert profile == {"name": "A " + "b" * 98, "avatar_url": None}


class TestAReceiverThatFails:
    @pytest.fixture
    def receivers(self, host: Host) -> list[str]:
        """Connect two receivers to each signal, the first of which fails; return what the other
        hears.
        """
        heard: list[str] = []

        def first(sender: object, login_request: LoginRequest) -> None:
            raise Failure

        def second(sender: object, login_request: LoginRequest) -> None:
            heard.append(login_request.state)

        for signal in signals.BY_STATE.values():
            signal.connect(first, host.app, weak=False)
            signal.connect(second, host.app, weak=False)
        return heard

    def test_stops_nothing(self, host: Host, receivers: list[str]) -> None:
        browser = host.browser()
        host.log_in_by_qr(browser)
        assert browser.who() == "anna"
        assert host.row()["state"] == "redeemed"

    def test_is_logged(
        self, host: Host, receivers: list[str], caplog: pytest.LogCaptureFixture
    ) -> None:
        host.browser().start()
        (record,) = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert record.exc_info is not None
        assert record.exc_info[0] is Failure

    def test_does_not_keep_others_from_hearing(self, host: Host, receivers: list[str]) -> None:
        host.log_in_by_qr(host.browser())
        assert receivers == ["pending", "scanned", "approved", "redeemed"]


class TestALoginThatIsDone:
    def test_is_told_of_after_login_user_and_last_of_all_as_completed(self, host: Host) -> None:
        heard: list[tuple[str, str]] = []

        def connect(signal: blinker.Signal, name: str) -> None:
            def hear(sender: object, **extra: object) -> None:
                heard.append((name, flask_login.current_user.get_id()))

            signal.connect(hear, host.app, weak=False)

        connect(flask_login.user_logged_in, "logged in")
        for name in ("login_redeemed", "device_linked", "login_completed"):
            connect(getattr(signals, name), name)
        host.log_in_by_qr(host.browser())
        names = [name for name, _ in heard]
        assert names == ["logged in", "login_redeemed", "device_linked", "login_completed"]
        assert {id for _, id in heard} == {str(PEOPLE["anna"][0])}

    def test_keeps_what_a_receiver_writes_to_the_session(self, host: Host) -> None:
        told: dict[str, t.Any] = {}

        def note(sender: object, **what: t.Any) -> None:
            told.update(what)
            flask.session["welcomed"] = what["user"].name

        signals.login_completed.connect(note, host.app)
        browser = host.browser()
        host.log_in_by_qr(browser)
        assert browser.session()["welcomed"] == "anna"
        assert told.keys() == {"user", "login_request", "device"}
        assert told["device"].id == told["login_request"].id

    def test_can_be_asked_for_in_flask_logins_own_signal(self, host: Host) -> None:
        asked: list[tuple[bool, bool]] = []

        def ask(sender: object, user: User) -> None:
            asked.append((is_qr_login(), qr_device() is not None))

        flask_login.user_logged_in.connect(ask, host.app)
        browser = host.browser()
        host.log_in_by_qr(browser)
        browser.log_out()
        browser.log_in("ben")
        assert asked == [(True, True), (False, False)]


class TestFlaskLogin:
    def test_that_refuses_logs_nobody_in(
        self, host: Host, browser: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        app = host.native_app()
        app.scan(browser.token)
        app.decide("approve")
        monkeypatch.setattr(flask_login, "login_user", lambda user, fresh: False)
        assert problem(browser.try_poll(since=2)) == (403, "not_allowed")
        monkeypatch.undo()
        assert browser.who() == "nobody"

    def test_that_refuses_leaves_the_login_before_as_it_was(
        self, host: Host, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        browser = host.browser()
        host.log_in_by_qr(browser)
        first = browser.request["id"]
        browser.start()
        app = host.native_app()
        app.scan(browser.token)
        app.decide("approve")
        monkeypatch.setattr(flask_login, "login_user", lambda user, fresh: False)
        assert problem(browser.try_poll(since=2)) == (403, "not_allowed")
        monkeypatch.undo()
        assert browser.who() == "anna"
        with host.app.app_context():
            assert host.state.devices.get(first).ended_at is None

    def test_whose_signal_fails_logs_nobody_in(self, host: Host, browser: Browser) -> None:
        app = host.native_app()
        app.scan(browser.token)
        app.decide("approve")

        def receiver(sender: object, user: User) -> None:
            raise Failure

        flask_login.user_logged_in.connect(receiver, host.app)
        assert browser.try_poll(since=2).status_code == 500
        assert browser.who() == "nobody"
        # Rule 3: a lost login costs a new code, not a second login.
        assert "location" not in browser.poll(since=2)
        assert browser.who() == "nobody"


def test_signals_carry_no_secret(host: Host) -> None:
    seen: list[LoginRequest] = []

    def keep(sender: object, login_request: LoginRequest) -> None:
        seen.append(login_request)

    for signal in signals.BY_STATE.values():
        signal.connect(keep, host.app)
    browser = host.browser()
    browser.start()
    (secret,) = browser.cookies().values()
    app = host.native_app()
    app.scan(browser.token)
    app.decide("approve")
    browser.poll(since=2)
    assert [request.state for request in seen] == [
        *(State.PENDING, State.SCANNED, State.APPROVED, State.REDEEMED)
    ]
    row = host.row()
    for request in seen:
        for hidden in (secret, app.confirm_token, row["secret_hash"], row["nonce"], browser.token):
            assert hidden not in repr(request)
        values = str([getattr(request, name) for name in request.__dataclass_fields__])
        assert secret not in values
        assert app.confirm_token not in values
