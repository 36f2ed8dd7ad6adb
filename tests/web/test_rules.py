"""The rules of design.md that no other file is about, one test or class for each."""

from __future__ import annotations

import collections.abc as c
import logging
import typing as t

import flask
import pytest
from werkzeug.test import TestResponse

from .host import Host
from .parties import Browser
from .parties import forms
from .parties import Json
from .parties import problem


def test_rule_1_who_photographs_the_code_can_neither_poll_nor_log_in(
    host: Host, browser: Browser
) -> None:
    app = host.native_app()
    app.scan(browser.token)
    app.decide("approve")
    row = host.row()
    thief = host.browser()
    # The id is in the token; the secret is not.
    base = f"/qrlogin/requests/{row['id']}"
    for since in (0, 2, 3):
        assert problem(thief.post(f"{base}/poll", {"since": since}))[0] == 404
    assert problem(thief.post(f"{base}/cancel"))[0] == 404
    for value in (browser.token, row["id"], row["secret_hash"], app.confirm_token):
        thief.keep_cookie(f"qrlogin-{row['id']}", value)
        assert problem(thief.post(f"{base}/poll", {"since": 3}))[0] == 404
    assert thief.who() == "nobody"
    assert host.row() == row
    assert browser.poll(since=3)["state"] == "redeemed"


@pytest.mark.parametrize("state", ["pending", "scanned", "approved", "denied", "expired"])
def test_rule_4_a_poll_writes_nothing(host: Host, browser: Browser, state: str) -> None:
    app = host.native_app()
    if state not in ("pending", "expired"):
        app.scan(browser.token)
    if state == "approved":
        app.decide("approve")
    if state == "denied":
        app.decide("deny")
    rows = host.rows()
    if state == "expired":
        host.clock.advance(1000)
    secrets = browser.cookies()
    for _ in range(3):
        for name, value in secrets.items():
            browser.keep_cookie(name, value)
        assert browser.poll(since=1)["state"] == state
        browser.post(browser.request["links"]["poll"], form={"since": "1"})
    assert host.rows() == rows


class TestRule5GetWritesNothing:
    def requests(self, host: Host, browser: Browser, url: str) -> c.Iterator[TestResponse]:
        phone, links = host.phone("ben"), browser.request["links"]
        urls = [url, *(f"{url}/{name}" for name in ("scan", "approve", "deny")), *links.values()]
        for client in (phone, browser, host.phone()):
            for each in ("/qrlogin/", "/qrlogin/requests", *urls):
                yield client.get(each)
                yield client.jar.head(client._path(each))
                yield client.jar.options(client._path(each))
                for header in ("Sec_Purpose", "Purpose", "X_Moz", "X_Purpose"):
                    yield client.get(each, **{header: "prefetch"})
            for name in ("scan", "approve", "deny"):
                yield client.get(f"/qrlogin/api/{name}", Authorization="Bearer token of ben")

    @pytest.mark.parametrize("state", ["pending", "scanned", "approved", "old"])
    def test_in_any_state(self, host: Host, browser: Browser, state: str) -> None:
        app = host.native_app("ben")
        if state in ("scanned", "approved"):
            app.scan(browser.token)
        if state == "approved":
            app.decide("approve")
        if state == "old":
            host.clock.advance(1000)
        rows = host.rows()
        assert {answer.status_code for answer in self.requests(host, browser, browser.url)} <= {
            *(200, 302, 303, 401, 404, 405, 409, 410)
        }
        assert host.rows() == rows

    def test_nor_does_it_log_in(self, host: Host, browser: Browser) -> None:
        host.phone("anna").approve(browser.url)
        browser.poll(since=1)
        browser.show()
        browser.get(f"{browser.request['links']['poll']}?since=3")
        assert browser.who() == "nobody"
        assert host.row()["state"] == "approved"


class TestRule6TheFirstScannerOwnsTheRequest:
    def test_another_person_is_told_so(self, host: Host, browser: Browser) -> None:
        host.phone("anna").scan(browser.url)
        row = host.row()
        ben = host.phone("ben")
        assert ben.open(browser.url).status_code == 409
        for action in ("scan", "approve", "deny"):
            form = {"confirm_token": "A" * 27} if action != "scan" else {}
            assert ben.post(f"{browser.url}/{action}", form=form).status_code == 409
        # Only that somebody tried is noted, once, for the owner to be warned.
        assert host.row() == row | {"contested": 1, "version": row["version"] + 1}

    def test_who_taps_without_a_confirm_token_is_told_so_too(
        self, host: Host, browser: Browser
    ) -> None:
        ben = host.phone("ben")
        host.phone("anna").scan(browser.url)
        # Ben's page was older: nobody had scanned yet when he opened it.
        assert ben.post(f"{browser.url}/approve", form={}).status_code == 409

    def test_the_same_person_may_scan_again_for_no_more_time(
        self, host: Host, browser: Browser
    ) -> None:
        phone = host.phone("anna")
        phone.scan(browser.url)
        deadline = host.row()["deadline"]
        host.clock.advance(60)
        phone.post(f"{browser.url}/scan", form={})
        row = host.row()
        assert (row["version"], row["deadline"]) == (3, deadline)


class TestRule7ThePersonAtTheBrowserHasSeenWhoLogsIn:
    def test_before_the_poll_redeems(self, host: Host, browser: Browser) -> None:
        app = host.native_app()
        app.scan(browser.token)
        app.decide("approve")
        for body in ({}, {"since": 0}, {"since": 1}):
            answer = t.cast(Json, browser.post(browser.request["links"]["poll"], body).json)
            assert answer["state"] == "approved"
            assert answer["profile"] == {"name": "Anna Berg", "avatar_url": None}
            assert "location" not in answer
        assert browser.poll(since=answer["version"])["state"] == "redeemed"

    def test_also_without_javascript(self, host: Host, browser: Browser) -> None:
        host.phone("anna").approve(browser.url)
        links, poll = browser.request["links"], browser.request["links"]["poll"]
        assert browser.post(poll, form={"since": "1"}).headers["Location"] == links["self"]
        page = browser.show()
        assert "Anna Berg" in page.text
        (form,) = (form for form in forms(page) if form.action == poll)
        assert browser.post(poll, form=form.fields).headers["Location"] == "/"


class TestRule11BeforeTheApprovalOnlyThePublicProfileIsSaid:
    SECRETS = ("470011", "anna@example.org", "5550100", "example.org")

    def test_in_no_answer_to_the_browser(self, host: Host) -> None:
        browser, app = host.browser(), host.native_app()
        browser.start()
        answers = [browser.show()]
        app.scan(browser.token)
        for _ in range(2):
            answers += [browser.try_poll(), browser.show(), browser.post("/qrlogin/requests")]
            answers += [browser.get(browser.request["links"]["qr_svg"])]
            app.decide("approve")
            browser.request["version"] = 1
        for answer in answers:
            for secret in self.SECRETS:
                assert secret not in answer.text
                assert secret not in str(answer.headers)
        assert any("Anna Berg" in answer.text for answer in answers)

    @pytest.mark.parametrize(
        ("columns", "shown"),
        [
            ({"display_name": "Anna Berg"}, "Anna Berg"),
            ({"display_name": None}, "anna"),
            ({"display_name": "anna@example.org"}, "anna"),
            ({"display_name": "anna@example.org", "name": "ann@home"}, "Somebody"),
            ({"display_name": "+49 30 5550100"}, "anna"),
            ({"display_name": "0171\u20135550100"}, "anna"),
            ({"display_name": "tel:+49305550100"}, "anna"),
            ({"display_name": "anna\uff20example.org"}, "anna"),
            ({"display_name": " "}, "anna"),
        ],
        ids=str,
    )
    def test_by_default(
        self, host: Host, browser: Browser, columns: dict[str, str | None], shown: str
    ) -> None:
        host.change_user("anna", **columns)
        host.native_app(columns.get("name") or "anna").scan(browser.token)
        assert browser.poll()["profile"]["name"] == shown


class TestRule12NoSecretInALog:
    def test_nor_in_an_error(
        self, host: Host, browser: Browser, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        (secret,) = browser.cookies().values()
        phone, app = host.phone("anna"), host.native_app()
        app.scan(browser.token)
        superseded = app.confirm_token
        phone.open(browser.url)
        app.scan(browser.token)
        answers = [
            app.decide("approve", confirm_token=superseded),
            app.decide("approve", confirm_token="wrong" + superseded[5:]),
            app.decide("approve", token="x" + browser.token[1:]),
            phone.post(f"{browser.url}/approve", form={"confirm_token": superseded}),
        ]
        app.decide("approve")
        host.qrlogin.may_approve(lambda user, login_request: repr(login_request))
        answers.append(browser.try_poll(since=2))
        host.qrlogin.may_approve(lambda user, login_request: None)
        browser.poll(since=2)
        session = browser.cookies()["session"]
        said = caplog.text + "".join(answer.text for answer in answers)
        for hidden in (secret, superseded, app.confirm_token, session, host.row()["nonce"]):
            assert hidden not in said

    def test_nor_in_what_a_broken_database_says(
        self, host: Host, browser: Browser, caplog: pytest.LogCaptureFixture
    ) -> None:
        host.execute(
            "CREATE TRIGGER broken BEFORE UPDATE ON qrlogin_login_request "
            "BEGIN SELECT RAISE(ABORT, 'The disk is full.'); END"
        )
        (secret,) = browser.cookies().values()
        assert problem(browser.cancel()) == (503, "store_unavailable")
        assert "The disk is full." in caplog.text
        assert host.row()["secret_hash"] not in caplog.text
        assert secret not in caplog.text

    def test_nor_in_a_url(self, host: Host) -> None:
        urls: list[str] = []
        host.app.before_request(lambda: urls.append(flask.request.url))
        browser, phone = host.browser(), host.phone("anna")
        browser.start()
        secrets = [*browser.cookies().values()]
        phone.scan(browser.url)
        secrets += [form.fields["confirm_token"] for form in forms(phone.page)]
        phone.tap("approve")
        browser.poll(since=2)
        assert urls
        assert not any(secret in url for secret in secrets for url in urls)
