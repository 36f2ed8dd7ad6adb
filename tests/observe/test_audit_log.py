"""One record in the audit trail for each step and each refusal, and no secret in any."""

from __future__ import annotations

import json
import logging
import pathlib
import typing as t

import pytest

from flask_qrlogin.observe.audit_log import line
from flask_qrlogin.observe.audit_log import quoted
from tests.web.host import Host
from tests.web.host import PEOPLE

LOGGER = "flask_qrlogin.audit"
ANNA = str(PEOPLE["anna"][0])


@pytest.fixture
def host(tmp_path: pathlib.Path, caplog: pytest.LogCaptureFixture) -> t.Iterator[Host]:
    caplog.set_level(logging.INFO, LOGGER)
    host = Host(tmp_path / "host", QRLOGIN_CONFIRMATION="auto")
    yield host
    host.close()


class Records(list[dict[str, t.Any]]):
    def __init__(self, caplog: pytest.LogCaptureFixture) -> None:
        super().__init__(
            t.cast(t.Any, record).qrlogin for record in caplog.records if record.name == LOGGER
        )

    @property
    def events(self) -> list[str]:
        return [record["event"] for record in self]

    def one(self, event: str) -> dict[str, t.Any]:
        (record,) = (record for record in self if record["event"] == event)
        return record


def test_a_login_is_told_step_by_step(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    browser, app = host.browser(), host.native_app()
    browser.headers["User-Agent"], app.headers["User-Agent"] = "A browser", "An app"
    browser.move_to("198.51.100.7")
    app.move_to("203.0.113.9")
    number = log_in(host, browser, app)
    records = Records(caplog)
    assert records.events[:4] == [
        "login_started",
        "login_scanned",
        "login_approved",
        "login_redeemed",
    ]
    assert records.one("device_linked")["device_id"] == browser.request["id"]
    scanned = records.one("login_scanned")
    assert scanned | {"approver_device_id": None} == scanned
    assert scanned["request_id"] == browser.request["id"]
    assert (scanned["user_id"], scanned["confirmation"]) == (ANNA, "match")
    assert scanned["warnings"] == ["other_network", "new_browser"]
    assert (scanned["address"], scanned["user_agent"]) == ("198.51.100.7", "A browser")
    assert (scanned["actor_address"], scanned["actor_user_agent"]) == ("203.0.113.9", "An app")
    assert records.one("login_redeemed")["actor_user_agent"] == "A browser"
    for record in caplog.records:
        assert browser.token not in record.getMessage()
        assert app.confirm_token not in record.getMessage()
        assert f"={number} " not in f"{record.getMessage()} "


def log_in(host: Host, browser: t.Any, app: t.Any) -> str:
    browser.start()
    assert app.scan(browser.token).status_code == 200
    number = t.cast(str, browser.poll()["number"])
    assert app.decide("approve", number=number).status_code == 200
    assert browser.poll()["state"] == "redeemed"
    return number


def test_other_ends_are_told_with_their_reason(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    browser, app = host.browser(), host.native_app()
    browser.start()
    app.scan(browser.token)
    app.decide("approve", number="00")
    browser.start()
    browser.cancel()
    records = Records(caplog)
    assert records.one("login_denied")["reason"] == "number_mismatch"
    assert records.one("refused")["code"] == "number_mismatch"
    assert records.events[-1] == "login_cancelled"


def test_who_deletes_old_rows_has_nothing_to_do_with_them(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    host.browser().start()
    host.clock.advance(3600)
    with host.app.test_request_context():
        host.state.login_requests.purge(10)
    assert "actor_address" not in Records(caplog).one("login_expired")


def test_what_no_client_did_has_no_actor(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    with host.app.app_context():
        host.state.flow.start(host.state.flow.draft(address="198.51.100.7")[0])
    started = Records(caplog).one("login_started")
    assert started["address"] == "198.51.100.7"
    assert "actor_address" not in started


def test_a_refusal_names_request_and_person(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    browser, stranger = host.browser(), host.native_app("ben")
    browser.start()
    host.native_app("anna").scan(browser.token)
    stranger.headers["User-Agent"] = "Another app"
    assert stranger.scan(browser.token).status_code == 409
    refused = Records(caplog).one("refused")
    assert refused == {
        "event": "refused",
        "code": "already_scanned",
        "detail": None,
        "endpoint": "qrlogin_api.scan",
        "request_id": browser.request["id"],
        "user_id": str(PEOPLE["ben"][0]),
        "actor_address": "127.0.0.1",
        "peer": "127.0.0.1",
        "actor_user_agent": "Another app",
    }


@pytest.mark.parametrize("token", ["A" * 38, "short", 5, None])
def test_a_made_up_token_names_no_request(
    host: Host, caplog: pytest.LogCaptureFixture, token: object
) -> None:
    host.native_app().post("/qrlogin/api/scan", {"token": token})
    assert Records(caplog).one("refused")["request_id"] is None


def test_a_made_up_id_names_no_request(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    browser = host.browser()
    browser.post("/qrlogin/requests/made-up/poll")
    browser.post(f"/qrlogin/requests/{'0' * 32}/poll")
    assert [record["request_id"] for record in Records(caplog)] == [None, "0" * 32]


def test_a_page_and_a_forged_origin_are_told(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    browser, phone = host.browser(), host.phone("anna")
    browser.start()
    phone.post_headers["Origin"] = "https://evil.example"
    url = browser.url
    assert phone.post(f"{url}/approve", form={}).status_code == 403
    refused = Records(caplog).one("refused")
    assert (refused["code"], refused["request_id"]) == ("origin_refused", browser.request["id"])
    assert browser.token not in str(refused)


def test_a_body_too_deep_to_read_is_told(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    deep = "[" * 8000
    app = host.native_app()
    headers = {**app.post_headers, "Content-Type": "application/json"}
    app.jar.post("/qrlogin/api/scan", data=deep, headers=headers)
    assert Records(caplog).one("refused")["code"] == "bad_request"


def test_a_client_forges_no_line_and_no_field(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    agent = "Good\u2028Browser\x1b[2J\x7f event=login_approved user_id=1"
    with host.app.test_request_context(headers={"User-Agent": agent}):
        host.state.flow.start(host.state.flow.draft(user_agent=agent)[0])
    (record,) = caplog.records
    message = record.getMessage()
    assert message.isascii()
    assert message.isprintable()
    assert message.count("event=") == 1
    quoted_agent = message.partition("actor_user_agent=")[2]
    assert json.loads(quoted_agent) == agent


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("plain-1.2:/@+_", "plain-1.2:/@+_"),
        ("", '""'),
        ("a b", '"a b"'),
        ('a"b', '"a\\"b"'),
        ("a=b", '"a\\u003db"'),
        ("a\r\nb", '"a\\r\\nb"'),
        ("\x7fä", '"\\u007f\\u00e4"'),
        (["one", "two words"], '"one,two words"'),
    ],
)
def test_a_value_stays_one_word(value: object, written: str) -> None:
    assert quoted(value) == written


def test_what_is_empty_is_left_out_of_the_line() -> None:
    assert line({"event": "x", "reason": None, "warnings": [], "address": ""}) == "event=x"


def test_a_handler_that_fails_undoes_nothing(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    class Broken(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("disk full")

    logger, handler = logging.getLogger(LOGGER), Broken()
    logger.addHandler(handler)
    try:
        browser = host.browser()
        log_in(host, browser, host.native_app())
        assert browser.who() == "anna"
        assert host.native_app().scan("nothing").status_code == 400
    finally:
        logger.removeHandler(handler)
    assert "disk full" in capsys.readouterr().err


def test_nothing_is_written_that_nobody_asked_for(
    host: Host, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING, LOGGER)
    host.browser().start()
    assert Records(caplog) == []
