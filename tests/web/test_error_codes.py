"""Each code of the contract: its status, as JSON for a program and as a page for a person."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import logging
import typing as t

import pytest
from werkzeug.test import TestResponse

from flask_qrlogin.core.errors import StoreUnavailable
from flask_qrlogin.stores.memory import MemoryStore

from .conftest import MakeHost
from .host import Host
from .parties import Json
from .parties import PAGE
from .parties import problem

JSON = "application/json"


@dataclasses.dataclass
class Case:
    """How to be refused with a code; ``by`` gets the host and what to accept."""

    code: str
    status: int
    by: c.Callable[[Host, str], TestResponse]
    #: An app never gets a page, and a page never decides as an app does.
    accepts: tuple[str, ...] = (JSON, PAGE)

    def __str__(self) -> str:
        return f"{self.code}-{self.by.__name__}"


def start_with(**fields: t.Any) -> c.Callable[[Host, str], TestResponse]:
    def start(host: Host, accept: str) -> TestResponse:
        return host.browser().post("/qrlogin/requests", fields, Accept=accept)

    return start


def start_elsewhere(host: Host, accept: str) -> TestResponse:
    return host.browser().post(
        "/qrlogin/requests", {}, Accept=accept, Origin="https://evil.example"
    )


def start_as_text(host: Host, accept: str) -> TestResponse:
    return host.browser().jar.post(
        "/qrlogin/requests",
        data="{}",
        content_type="text/plain",
        headers={"Accept": accept, "Origin": "http://localhost"},
    )


def start_vetoed(host: Host, accept: str) -> TestResponse:
    host.qrlogin.may_start(lambda request: "Not on a kiosk.")
    return host.browser().post("/qrlogin/requests", {}, Accept=accept)


def show_unknown(host: Host, accept: str) -> TestResponse:
    return host.browser().get(f"/qrlogin/requests/{'0' * 32}", Accept=accept)


def cancel_twice(host: Host, accept: str) -> TestResponse:
    browser = host.browser()
    browser.start()
    secret = browser.cookies()
    browser.cancel()
    for name, value in secret.items():
        browser.keep_cookie(name, value)
    return browser.post(browser.request["links"]["cancel"], Accept=accept)


def cancel_late(host: Host, accept: str) -> TestResponse:
    browser = host.browser()
    browser.start()
    host.clock.advance(300)
    return browser.post(browser.request["links"]["cancel"], Accept=accept)


def cancel_without_store(host: Host, accept: str) -> TestResponse:
    browser = host.browser()
    browser.start()
    t.cast(BrokenStore, host.state.store).broken = True
    return browser.post(browser.request["links"]["cancel"], Accept=accept)


def scan_nonsense(host: Host, accept: str) -> TestResponse:
    if accept == PAGE:
        return host.phone("anna").open("/qrlogin/s/nonsense")
    return host.native_app().scan("nonsense")


def scan_without_login(host: Host, accept: str) -> TestResponse:
    if accept == PAGE:
        return host.phone().post("/qrlogin/s/nonsense/scan", form={})
    return host.native_app("nemo").scan("nonsense")


def scan_late(host: Host, accept: str) -> TestResponse:
    browser = host.browser()
    browser.start()
    host.clock.advance(61)
    if accept == PAGE:
        return host.phone("anna").open(browser.url)
    return host.native_app().scan(browser.token)


def scan_after_another(host: Host, accept: str) -> TestResponse:
    browser = host.browser()
    browser.start()
    host.native_app("ben").scan(browser.token)
    if accept == PAGE:
        return host.phone("anna").open(browser.url)
    return host.native_app().scan(browser.token)


def approve_with(confirm: str) -> c.Callable[[Host, str], TestResponse]:
    def approve(host: Host, accept: str) -> TestResponse:
        browser, app = host.browser(), host.native_app()
        browser.start()
        app.token = browser.token
        if confirm != "unscanned":
            app.scan(browser.token)
        token = app.confirm_token or "A" * 27
        if confirm == "superseded":
            app.scan(browser.token)
        elif confirm == "wrong":
            token = "A" * 27
        if accept == PAGE:
            form = {"confirm_token": token}
            return host.phone("anna").post(f"{browser.url}/approve", form=form)
        return app.decide("approve", confirm_token=token)

    approve.__name__ = f"approve_{confirm}"
    return approve


class BrokenStore(MemoryStore):
    """A store whose database goes away."""

    broken = False

    def get(self, id: str) -> t.Any:
        if self.broken:
            raise StoreUnavailable from OSError("The disk is full.")
        return super().get(id)


CASES = [
    Case("bad_request", 400, start_with(next="https://evil.example/")),
    Case("bad_request", 400, start_with(next=7)),
    Case("token_invalid", 400, scan_nonsense),
    Case("login_required", 401, scan_without_login),
    Case("not_allowed", 403, start_vetoed),
    Case("origin_refused", 403, start_elsewhere),
    Case("confirm_invalid", 403, approve_with("wrong")),
    Case("request_not_found", 404, show_unknown),
    Case("not_scanned", 409, approve_with("unscanned")),
    Case("already_scanned", 409, scan_after_another),
    Case("confirm_superseded", 409, approve_with("superseded")),
    Case("request_ended", 409, cancel_twice),
    Case("token_expired", 410, scan_late),
    Case("request_expired", 410, cancel_late),
    Case("unsupported_media_type", 415, start_as_text),
    Case("store_unavailable", 503, cancel_without_store),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_program_gets_a_problem_document(make_host: MakeHost, case: Case) -> None:
    host = make_host(store=BrokenStore())
    answer = case.by(host, JSON)
    assert problem(answer) == (case.status, case.code)
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_person_gets_a_page(make_host: MakeHost, case: Case) -> None:
    host = make_host(store=BrokenStore())
    answer = case.by(host, PAGE)
    assert (answer.status_code, answer.mimetype) == (case.status, "text/html")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    program = case.by(make_host(store=BrokenStore()), JSON)
    assert t.cast(Json, program.json)["title"] in answer.text


@pytest.mark.parametrize("case", CASES, ids=str)
def test_only_the_servers_own_trouble_is_an_error_in_the_log(
    make_host: MakeHost, case: Case, caplog: pytest.LogCaptureFixture
) -> None:
    # Else anybody can fill the log, and wake up whoever is on call.
    case.by(make_host(store=BrokenStore()), JSON)
    levels = {record.levelno for record in caplog.records}
    assert (logging.ERROR in levels) == (case.status >= 500)


def test_a_page_that_names_the_state_of_an_ended_request(make_host: MakeHost) -> None:
    answer = cancel_twice(make_host(), JSON)
    assert t.cast(Json, answer.json)["state"] == "cancelled"


@pytest.mark.parametrize(
    ("accept", "page"),
    [
        (PAGE, True),
        ("text/html", True),
        ("*/*", False),
        ("", False),
        ("application/json", False),
        ("application/json, text/html;q=0.5", False),
        ("application/problem+json", False),
        ("image/avif,image/webp,*/*;q=0.8", False),
    ],
)
def test_who_prefers_html_is_a_person(host: Host, accept: str, page: bool) -> None:
    answer = show_unknown(host, accept)
    assert answer.mimetype == ("text/html" if page else "application/problem+json")


def test_a_busy_client_is_told_when_to_come_back(make_host: MakeHost) -> None:
    host = make_host(store=BrokenStore())
    assert int(cancel_without_store(host, JSON).headers["Retry-After"]) > 0
