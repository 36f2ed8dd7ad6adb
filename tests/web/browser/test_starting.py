"""Who gets a code, how many, and the code as a second step."""

from __future__ import annotations

import pathlib
import typing as t

import flask
import pytest
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_qrlogin.core import tokens
from tests.web.conftest import MakeHost
from tests.web.host import Host
from tests.web.parties import Browser
from tests.web.parties import Json
from tests.web.parties import PAGE
from tests.web.parties import problem

OFFICE, ELSEWHERE = "192.0.2.7", "198.51.100.9"


def browser_at(host: Host, address: str, **headers: str) -> Browser:
    browser = host.browser()
    browser.jar.environ_base["REMOTE_ADDR"] = address
    browser.headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return browser


def start(browser: Browser) -> int:
    """Ask for a code without keeping its cookie."""
    status = browser.post("/qrlogin/requests").status_code
    for name in browser.cookies():
        browser.jar.delete_cookie(name)
    return status


def behind_proxy(app: flask.Flask) -> None:
    app.wsgi_app = ProxyFix(app.wsgi_app)  # type: ignore[method-assign]


class TestWhatIsKept:
    def test_is_where_the_browser_is(self, make_host: MakeHost) -> None:
        host = make_host()
        browser_at(host, "2001:db8:0:1::1").start()
        row = host.row()
        assert (row["address"], row["network"]) == ("2001:db8:0:1::1", "2001:db8::/56")

    def test_is_no_address_that_a_proxy_hides(self, make_host: MakeHost) -> None:
        host = make_host()
        browser_at(host, OFFICE, X_Forwarded_For="203.0.113.5").start()
        row = host.row()
        assert (row["address"], row["network"]) == ("", "192.0.2.0/24")

    def test_is_the_address_that_a_known_proxy_tells(self, make_host: MakeHost) -> None:
        host = make_host(prepare=behind_proxy)
        browser_at(host, "127.0.0.1", X_Forwarded_For="203.0.113.5").start()
        row = host.row()
        assert (row["address"], row["network"]) == ("203.0.113.5", "203.0.113.0/24")

    def test_is_which_browser_it_is(self, host: Host) -> None:
        id, signer = tokens.new_id(), tokens.IdSigner(["a key of the host"], "browser")
        browser = host.browser()
        browser.keep_cookie("qrlogin-browser", signer.write(id, host.clock()))
        browser.start()
        stranger = host.browser()
        forger = tokens.IdSigner(["another key"], "browser")
        stranger.keep_cookie("qrlogin-browser", forger.write(id, host.clock()))
        stranger.start()
        assert [row["browser_id"] for row in host.rows()] == [id, None]

    @pytest.mark.parametrize(
        ("typed", "kept"),
        [("anna", "anna"), (" an\x00na\n", "an na"), ("", None), ("\x00", None), (None, None)],
    )
    def test_is_the_name_that_was_typed(
        self, host: Host, typed: str | None, kept: str | None
    ) -> None:
        host.browser().start(login_hint=typed)
        assert host.row()["login_hint"] == kept

    def test_is_the_name_of_a_form_too(self, host: Host) -> None:
        assert host.browser().post("/qrlogin/requests", form={"login_hint": "anna"}).status == (
            "303 SEE OTHER"
        )
        assert host.row()["login_hint"] == "anna"

    @pytest.mark.parametrize("hint", ["x" * 256, 7, ["anna"], True])
    def test_is_no_name_that_cannot_be_one(self, host: Host, hint: object) -> None:
        answer = host.browser().post("/qrlogin/requests", {"login_hint": hint})
        assert problem(answer) == (400, "bad_request")
        assert host.rows() == []


class TestNetworks:
    NETWORKS: t.ClassVar = ["192.0.2.0/24", "2001:db8::/32"]

    @pytest.mark.parametrize(
        ("address", "allowed"),
        [
            (OFFICE, True),
            ("2001:db8:7::1", True),
            ("::ffff:192.0.2.7", True),
            (ELSEWHERE, False),
            ("2001:db9::1", False),
            ("127.0.0.1", False),
            ("", False),
        ],
    )
    def test_decide_who_gets_a_code(self, make_host: MakeHost, address: str, allowed: bool) -> None:
        host = make_host(QRLOGIN_START_NETWORKS=self.NETWORKS)
        answer = browser_at(host, address).post("/qrlogin/requests")
        if allowed:
            assert answer.status_code == 201
        else:
            assert problem(answer) == (403, "not_allowed")
            assert host.rows() == []

    def test_are_compared_with_what_a_known_proxy_tells(self, make_host: MakeHost) -> None:
        host = make_host(prepare=behind_proxy, QRLOGIN_START_NETWORKS=self.NETWORKS)
        assert start(browser_at(host, "127.0.0.1", X_Forwarded_For=OFFICE)) == 201
        assert start(browser_at(host, "127.0.0.1", X_Forwarded_For=ELSEWHERE)) == 403
        # What the client itself has written stands before what the proxy adds.
        lie = f"{OFFICE}, {ELSEWHERE}"
        assert start(browser_at(host, "127.0.0.1", X_Forwarded_For=lie)) == 403

    @pytest.mark.parametrize("header", ["X_Forwarded_For", "Forwarded", "X_Real_Ip"])
    def test_are_not_entered_by_a_header(self, make_host: MakeHost, header: str) -> None:
        host = make_host(QRLOGIN_START_NETWORKS=self.NETWORKS)
        assert start(browser_at(host, ELSEWHERE, **{header: OFFICE})) == 403
        # Nor can one tell who is behind a proxy that nobody knows.
        assert start(browser_at(host, OFFICE, **{header: OFFICE})) == 403

    def test_come_before_what_the_application_says(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_START_NETWORKS=self.NETWORKS)
        asked: list[flask.Request] = []
        host.qrlogin.may_start(lambda request: asked.append(request))
        start(browser_at(host, ELSEWHERE))
        assert asked == []
        start(browser_at(host, OFFICE))
        assert len(asked) == 1


class TestTheMostOfANetwork:
    """Without Flask-Limiter."""

    def test_is_refused_and_told_when_to_come_again(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_REQUESTS_PER_NETWORK=3)
        flood = browser_at(host, OFFICE)
        assert [start(flood) for _ in range(3)] == [201] * 3
        refused = browser_at(host, "192.0.2.99").post("/qrlogin/requests")
        assert problem(refused) == (429, "rate_limited")
        assert refused.headers["Retry-After"] == "30"
        assert len(host.rows()) == 3

    def test_does_not_stop_another_network(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_REQUESTS_PER_NETWORK=3)
        flood = browser_at(host, OFFICE)
        assert [start(flood) for _ in range(5)] == [201] * 3 + [429] * 2
        assert start(browser_at(host, ELSEWHERE)) == 201

    @pytest.mark.parametrize(
        ("waiting", "answer"),
        [
            pytest.param(599, 201, id="an office of 200 with three pages each"),
            pytest.param(999, 201, id="a thousand"),
            pytest.param(1000, 429, id="more"),
        ],
    )
    def test_is_a_thousand(self, host: Host, waiting: int, answer: int) -> None:
        browser = browser_at(host, OFFICE)
        browser.start()
        host.execute(
            f"WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {waiting}) "
            "INSERT INTO qrlogin_login_request SELECT "
            + ", ".join("i" if name == "id" else name for name in host.row())
            + " FROM qrlogin_login_request, n"
        )
        assert len(host.rows()) == waiting
        assert start(browser) == answer

    def test_counts_what_was_withdrawn(self, make_host: MakeHost) -> None:
        # Else a table could be filled by beginning and withdrawing in turn.
        host = make_host(QRLOGIN_REQUESTS_PER_NETWORK=3)
        browser = browser_at(host, OFFICE)
        for _ in range(3):
            browser.start()
            browser.cancel()
        assert start(browser) == 429

    def test_counts_what_was_scanned_but_not_what_has_run_out(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_REQUESTS_PER_NETWORK=3)
        browser = browser_at(host, OFFICE)
        browser.start()
        assert host.native_app().scan(browser.token).status_code == 200
        assert [start(browser) for _ in range(3)] == [201, 201, 429]
        host.clock.advance(300)
        assert start(browser) == 201

    def test_counts_no_login_that_is_done(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_REQUESTS_PER_NETWORK=2)
        for _ in range(3):
            host.log_in_by_qr(browser_at(host, OFFICE))
        denied = browser_at(host, OFFICE)
        denied.start()
        app = host.native_app()
        app.scan(denied.token)
        app.decide("deny")
        assert [start(browser_at(host, OFFICE)) for _ in range(3)] == [201, 201, 429]

    def test_leaves_room_for_browsers_that_are_known(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_REQUESTS_PER_NETWORK=2)
        known = browser_at(host, OFFICE)
        host.log_in_by_qr(known)
        known.log_out()
        assert [start(browser_at(host, OFFICE)) for _ in range(3)] == [201, 201, 429]
        statuses = [known.post("/qrlogin/requests").status_code for _ in range(3)]
        assert statuses == [201, 201, 429]
        host.clock.advance(300)
        browser = known
        assert start(browser) == 201

    @pytest.mark.parametrize("address", ["127.0.0.1", "::1", ""])
    def test_is_not_counted_where_an_address_is_nobodys(
        self, make_host: MakeHost, address: str
    ) -> None:
        host = make_host(QRLOGIN_REQUESTS_PER_NETWORK=1)
        assert {start(browser_at(host, address)) for _ in range(3)} == {201}

    def test_can_be_left_out(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_REQUESTS_PER_NETWORK=None)
        browser = browser_at(host, OFFICE)
        assert {start(browser) for _ in range(3)} == {201}


class TestTheMostOfABrowser:
    def test_is_five_the_sixth_withdraws_the_first(self, host: Host) -> None:
        browser = host.browser()
        ids = [browser.start()["id"] for _ in range(6)]
        states = {row["id"]: row["state"] for row in host.rows()}
        assert [states[id] for id in ids] == ["cancelled"] + ["pending"] * 5
        browser.start()
        assert [row["state"] for row in host.rows()].count("pending") == 5

    def test_is_kept_to_where_the_first_has_ended(self, host: Host) -> None:
        browser = host.browser()
        browser.start()
        app = host.native_app()
        app.scan(browser.token)
        app.decide("deny")
        for _ in range(5):
            browser.start()
        assert [row["state"] for row in host.rows()] == ["denied"] + ["pending"] * 5

    def test_withdraws_nothing_of_another_browser(self, host: Host) -> None:
        victim, attacker = host.browser(), host.browser()
        victim.start()
        for number in range(5):
            name = victim.request["id"] if number == 0 else tokens.new_id()
            attacker.keep_cookie(f"qrlogin-{name}", "no secret")
        attacker.start()
        assert victim.poll()["state"] == "pending"


class TestASecondStep:
    @pytest.fixture
    def host(self, make_host: MakeHost) -> Host:
        return make_host(QRLOGIN_REQUIRE_LOGIN=True)

    def test_is_for_somebody_who_is_logged_in(self, host: Host) -> None:
        browser = host.browser()
        answer = browser.post("/qrlogin/requests")
        assert problem(answer) == (401, "login_required")
        assert browser.post("/qrlogin/requests", form={}).status_code == 401
        assert host.rows() == []
        asked_to = browser.get("/qrlogin/?next=/reports", Accept=PAGE)
        assert asked_to.status_code == 302
        assert asked_to.headers["Location"] == "/login?next=%2Fqrlogin%2F%3Fnext%3D%2Freports"

    def test_leads_from_the_password_to_the_code_and_on(self, host: Host) -> None:
        browser = host.browser()
        asked_to = browser.get("/qrlogin/?next=/reports", Accept=PAGE)
        page = browser.get(browser.log_in("anna", url=asked_to.headers["Location"]).location)
        assert "<qr-login" in page.text
        assert 'value="/reports"' in page.text
        assert host.log_in_by_qr(browser, "anna", next="/reports")["location"] == "/reports"
        assert browser.who() == "anna"
        assert browser.session()["_qrlogin"]
        assert host.row()["requested_by"] == "470011"
        # The step is done.
        assert browser.get("/qrlogin/", Accept=PAGE).headers["Location"] == "/"

    def test_keeps_how_fresh_the_password_is(self, host: Host) -> None:
        browser = host.browser()
        browser.log_in("anna")
        known_since = browser.session()["_qrlogin_at"]
        host.clock.advance(100)
        host.log_in_by_qr(browser, "anna")
        session = browser.session()
        assert (session["_fresh"], session["_qrlogin_at"]) == (True, known_since)

    def test_shows_no_panel_to_who_is_not_logged_in(self, host: Host) -> None:
        browser = host.browser()
        assert "<qr-login" not in browser.get("/login").text
        browser.log_in("anna")
        assert "<qr-login" in browser.get("/login").text

    def test_is_done_by_the_same_person_only(self, host: Host) -> None:
        browser = host.browser()
        browser.log_in("anna")
        browser.start()
        answer = host.native_app("ben").scan(browser.token)
        assert problem(answer) == (403, "not_allowed")
        assert host.phone("ben").scan(browser.url).status_code == 403
        assert host.row()["state"] == "pending"
        assert host.native_app("anna").scan(browser.token).status_code == 200

    def test_guards_a_view_as_the_guide_shows(self, host: Host) -> None:
        guide = (pathlib.Path(__file__).parents[3] / "docs/guides/second-step.md").read_text()
        names: dict[str, t.Any] = {}
        exec(guide.partition("```python\n")[2].partition("```")[0], names)
        view = names["second_step_required"](lambda: "the reports")
        host.app.add_url_rule("/reports", view_func=view)
        browser = host.browser()
        assert browser.get("/reports").headers["Location"].startswith("/login?next=")
        browser.log_in("anna")
        assert browser.get("/reports").headers["Location"] == "/qrlogin/?next=/reports"
        host.log_in_by_qr(browser, "anna", next="/reports")
        assert browser.get("/reports").text == "the reports"

    def test_can_be_left_to_the_native_app(self, host: Host) -> None:
        # Who has the password could log in on a phone's web browser, too.
        @host.qrlogin.may_approve
        def only_the_app(user: object, login_request: object) -> str | None:
            on_the_web = flask.request.blueprint == "qrlogin_phone"
            return "Approve it in the app." if on_the_web else None

        browser = host.browser()
        browser.log_in("anna")
        browser.start()
        assert host.phone("anna").scan(browser.url).status_code == 403
        assert host.log_in_by_qr(browser, "anna")["state"] == "redeemed"

    def test_is_lost_where_somebody_else_logs_in_meanwhile(self, host: Host) -> None:
        browser = host.browser()
        browser.log_in("anna")
        browser.start()
        app = host.native_app("anna")
        app.scan(browser.token)
        app.decide("approve")
        browser.log_in("ben")
        browser.try_poll(since=2)
        assert browser.who() == "ben"
        assert "_qrlogin" not in browser.session()

    def test_is_not_asked_of_who_has_logged_out_meanwhile(self, host: Host) -> None:
        browser = host.browser()
        browser.log_in("anna")
        browser.start()
        app = host.native_app("anna")
        app.scan(browser.token)
        app.decide("approve")
        browser.log_out()
        browser.try_poll(since=2)
        assert browser.who() == "nobody"

    def test_without_a_login_page_says_so(self, host: Host) -> None:
        host.login_manager.login_view = None
        answer = host.browser().get("/qrlogin/", Accept=PAGE)
        assert answer.status_code == 401
        assert "with your password first" in answer.text

    def test_does_not_lead_in_circles(self, host: Host) -> None:
        host.login_manager.login_view = "qrlogin.login"
        assert host.browser().get("/qrlogin/", Accept=PAGE).status_code == 401

    def test_is_polled_without_loading_the_person(self, host: Host) -> None:
        browser = host.browser()
        browser.log_in("anna")
        browser.start()
        host.delete_user("anna")
        assert t.cast(Json, browser.try_poll().json)["state"] == "pending"
