"""``flask qrlogin show ID``: what the rows tell of one login."""

from __future__ import annotations

import json
import pathlib
import typing as t

import pytest

from tests.web.host import Host
from tests.web.host import PEOPLE

ANNA = str(PEOPLE["anna"][0])


@pytest.fixture
def host(tmp_path: pathlib.Path) -> t.Iterator[Host]:
    host = Host(tmp_path / "host", QRLOGIN_CONFIRMATION="auto")
    yield host
    host.close()


def run(host: Host, *args: str) -> t.Any:
    return host.app.test_cli_runner().invoke(args=["qrlogin", "show", *args])


def read(host: Host, id: str) -> dict[str, t.Any]:
    return t.cast(dict[str, t.Any], json.loads(run(host, id, "--json").stdout))


def started(host: Host) -> t.Any:
    browser = host.browser()
    browser.headers["User-Agent"] = "A \x1b[2Jbrowser"
    browser.move_to("198.51.100.7")
    browser.start()
    return browser


def test_a_login_is_told_from_start_to_device(host: Host) -> None:
    browser, app = started(host), host.native_app()
    app.move_to("203.0.113.9")
    host.clock.advance(5)
    app.scan(browser.token)
    host.clock.advance(5)
    assert app.decide("approve", number=browser.poll()["number"]).status_code == 200
    host.clock.advance(1)
    assert browser.poll()["state"] == "redeemed"
    id = browser.request["id"]

    text = run(host, id).stdout
    for word in (
        "login_started address=198.51.100.7",
        f"login_scanned user_id={ANNA} confirmation=match",
        '"other_network,new_browser"',
        "login_approved address=203.0.113.9",
        f"device_linked user_id={ANNA}",
        "state=redeemed",
    ):
        assert word in text
    assert text.replace("\n", "").isprintable()

    told = read(host, id)
    assert told["state"] == "redeemed"
    assert [step["event"] for step in told["steps"]] == [
        "login_started",
        "login_scanned",
        "login_approved",
        "device_linked",
        "device_seen",
    ]
    assert told["request"]["user_id"] == told["device"]["user_id"] == ANNA


def test_no_secret_is_told(host: Host) -> None:
    browser = started(host)
    host.native_app().scan(browser.token)
    row = host.row()
    shown = run(host, row["id"], "--json").stdout + run(host, row["id"]).stdout
    assert row["secret_hash"] not in shown
    assert not {"secret_hash", "nonce", "browser_id"} & read(host, row["id"])["request"].keys()


def test_a_denied_request_is_told_with_its_reason(host: Host) -> None:
    browser, app = started(host), host.native_app()
    app.scan(browser.token)
    app.decide("approve", number="00")
    id = browser.request["id"]
    assert "login_denied reason=number_mismatch" in run(host, id).stdout
    assert read(host, id)["device"] is None


def test_an_expired_request_is_told_as_such(host: Host) -> None:
    browser = started(host)
    host.clock.advance(3600)
    assert "state=expired" in run(host, browser.request["id"]).stdout


def test_a_device_outlives_its_request(host: Host) -> None:
    browser, app = started(host), host.native_app()
    app.scan(browser.token)
    app.decide("approve", number=browser.poll()["number"])
    browser.poll()
    browser.log_out()
    host.clock.advance(3600)
    with host.app.app_context():
        assert host.state.login_requests.purge(10) == 1
    id = browser.request["id"]
    text = run(host, id).stdout
    assert "device_ended reason=logout" in text
    assert "The request itself has been deleted" in text
    assert read(host, id)["state"] is read(host, id)["request"] is None


@pytest.mark.parametrize("id", ["0" * 32, "nonsense", "0' OR '1'='1"])
def test_an_unknown_id_is_told(host: Host, id: str) -> None:
    result = run(host, id)
    assert result.exit_code == 1
    assert result.output.startswith("Error: There is no such row.")


def test_a_store_that_does_not_answer_is_told(host: Host) -> None:
    host.execute("DROP TABLE qrlogin_login_request")
    result = run(host, "0" * 32)
    assert result.exit_code == 1
    assert result.output.startswith("Error: The table")
