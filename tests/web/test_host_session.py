"""What a login by QR leaves in the host's session: whose it is, how fresh, and by which way."""

from __future__ import annotations

import flask
import flask_login
import pytest
import sqlalchemy as sa

from flask_qrlogin import ConfigurationError

from .conftest import MakeHost
from .host import db
from .host import Host
from .host import User
from .server_sessions import ServerSessions


class TestTheLogin:
    def test_is_flask_logins_own(self, host: Host) -> None:
        told: list[str] = []

        def tell(sender: object, user: User) -> None:
            told.append(user.name)

        flask_login.user_logged_in.connect(tell, host.app)
        browser = host.browser()
        assert host.log_in_by_qr(browser)["state"] == "redeemed"
        assert told == ["anna"]
        assert browser.session()["_user_id"] == "470011"

    @pytest.mark.parametrize("fresh", [False, True])
    def test_is_as_fresh_as_configured(self, make_host: MakeHost, fresh: bool) -> None:
        host = make_host(**({"QRLOGIN_LOGIN_FRESH": True} if fresh else {}))

        @host.app.get("/password")
        @flask_login.fresh_login_required  # type: ignore[untyped-decorator]
        def password() -> str:
            return "change it"

        browser = host.browser()
        host.log_in_by_qr(browser)
        assert browser.get("/password").status_code == (200 if fresh else 401)

    @pytest.mark.parametrize("protection", ["basic", "strong", None])
    def test_lasts_under_session_protection(
        self, make_host: MakeHost, protection: str | None
    ) -> None:
        host = make_host(SESSION_PROTECTION=protection)
        browser = host.browser()
        host.log_in_by_qr(browser)
        assert [browser.who(), browser.who()] == ["anna", "anna"]

    def test_keeps_what_an_anonymous_visitor_had(self, host: Host) -> None:
        browser = host.browser()
        with browser.jar.session_transaction() as session:
            session["basket"] = ["book"]
        host.log_in_by_qr(browser)
        assert browser.session()["basket"] == ["book"]

    def test_keeps_what_the_same_person_had(self, host: Host) -> None:
        browser = host.browser()
        browser.log_in("anna")
        with browser.jar.session_transaction() as session:
            session["basket"] = ["book"]
        host.log_in_by_qr(browser, "anna")
        assert browser.session()["basket"] == ["book"]

    def test_clears_the_session_of_another_person(self, host: Host) -> None:
        browser = host.browser()
        browser.log_in("ben")
        with browser.jar.session_transaction() as session:
            session["basket"] = ["letters of Ben"]
        host.log_in_by_qr(browser, "anna")
        assert "basket" not in browser.session()
        assert browser.who() == "anna"

    def test_of_a_user_whose_text_is_not_the_primary_key(
        self, host: Host, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(User, "get_id", lambda user: f"session-of-{user.name}")
        host.login_manager.user_loader(
            lambda text: db.session.scalar(
                sa.select(User).filter_by(name=text.removeprefix("session-of-"))
            )
        )
        browser = host.browser()
        host.log_in_by_qr(browser)
        assert host.row()["user_id"] == "session-of-anna"
        assert browser.who() == "anna"

    def test_of_a_user_whose_text_is_a_number(
        self, host: Host, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(User, "get_id", lambda user: user.id)
        browser = host.browser()
        host.log_in_by_qr(browser)
        assert browser.who() == "anna"
        assert host.row()["user_id"] == "470011"
        with browser.jar.session_transaction() as session:
            session["basket"] = ["book"]
        host.log_in_by_qr(browser)
        assert browser.session()["basket"] == ["book"]


class TestSessionsOnTheServer:
    @pytest.fixture
    def server(self, make_host: MakeHost) -> tuple[Host, ServerSessions]:
        interface = ServerSessions()

        def prepare(app: flask.Flask) -> None:
            app.session_interface = interface

        return make_host(prepare=prepare), interface

    def test_get_a_new_id_with_the_login(self, server: tuple[Host, ServerSessions]) -> None:
        host, interface = server
        interface.kept["planted"] = {"basket": ["book"]}
        browser = host.browser()
        browser.keep_cookie("session", "planted")
        host.log_in_by_qr(browser)
        assert "planted" not in interface.kept
        assert interface.kept[browser.cookies()["session"]]["basket"] == ["book"]
        assert browser.who() == "anna"

    def test_get_a_new_id_where_another_person_had_it(
        self, server: tuple[Host, ServerSessions]
    ) -> None:
        # Session fixation: Ben plants his own session in Anna's browser, and waits for her login.
        host, _ = server
        attacker, browser = host.browser(), host.browser()
        attacker.log_in("ben")
        browser.keep_cookie("session", attacker.cookies()["session"])
        host.log_in_by_qr(browser, "anna")
        assert browser.who() == "anna"
        assert attacker.who() != "anna"
        assert browser.cookies()["session"] != attacker.cookies()["session"]

    def test_that_are_empty_work(self, server: tuple[Host, ServerSessions]) -> None:
        host, interface = server
        browser = host.browser()
        host.log_in_by_qr(browser)
        assert browser.who() == "anna"
        assert len(interface.kept) == 1


class TestRememberCookie:
    """Rule 15: it is the same for all logins of a person, and no row can revoke it."""

    def test_is_not_set(self, host: Host) -> None:
        browser = host.browser()
        host.log_in_by_qr(browser)
        browser.who()
        assert "remember_token" not in browser.cookies()

    def test_is_not_set_where_the_host_renews_it_with_each_answer(
        self, make_host: MakeHost
    ) -> None:
        host = make_host(REMEMBER_COOKIE_REFRESH_EACH_REQUEST=True)
        browser = host.browser()
        host.log_in_by_qr(browser)
        assert "remember_token" not in browser.cookies()

    def test_is_not_set_by_later_answers_of_such_a_host(self, make_host: MakeHost) -> None:
        # It would outlive the session and its mark: with it, a login by QR may approve another.
        host = make_host(REMEMBER_COOKIE_REFRESH_EACH_REQUEST=True)
        browser = host.browser()
        host.log_in_by_qr(browser)
        assert browser.who() == "anna"
        assert "remember_token" not in browser.cookies()

    @pytest.mark.parametrize("of", ["anna", "ben"])
    def test_that_is_there_is_cleared(self, make_host: MakeHost, of: str) -> None:
        host = make_host(REMEMBER_COOKIE_NAME="stay")
        browser = host.browser()
        browser.log_in(of, remember=True)
        browser.jar.delete_cookie("session")
        assert "stay" in browser.cookies()
        host.log_in_by_qr(browser, "anna")
        assert "stay" not in browser.cookies()
        assert browser.who() == "anna"
        browser.jar.delete_cookie("session")
        assert browser.who() == "nobody"


def test_remember_cookies_that_are_refreshed_have_to_be_set_before(make_host: MakeHost) -> None:
    host = make_host()
    host.app.config["REMEMBER_COOKIE_REFRESH_EACH_REQUEST"] = True
    with pytest.raises(ConfigurationError, match="Set it before"):
        host.browser().start()
