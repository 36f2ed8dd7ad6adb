"""``flask qrlogin stats``: what the rows tell together."""

from __future__ import annotations

import json
import pathlib

import pytest

from flask_qrlogin.stores.memory import MemoryStore

from ..web.host import Host
from .conftest import read
from .conftest import run


def scanned(host: Host, seconds: float = 0) -> tuple[object, ...]:
    browser, app = host.browser(), host.native_app()
    browser.start()
    host.clock.advance(seconds)
    app.scan(browser.token)
    return browser, app


def let_ten_people_in(host: Host) -> None:
    """Nine need 2 and 3 seconds, one needs 20 and 30."""
    for seconds in [2] * 9 + [20]:
        browser, app = host.browser(), host.native_app()
        browser.start()
        host.clock.advance(seconds)
        app.scan(browser.token)
        host.clock.advance(seconds * 1.5)
        app.decide("approve")
        browser.poll(since=2)


def test_each_end_is_counted(host: Host) -> None:
    host.log_in_by_qr(host.browser())
    # Approved, and the browser never comes back.
    browser, app = host.browser(), host.native_app()
    browser.start()
    app.scan(browser.token)
    app.decide("approve")
    host.clock.advance(130)
    # Under way, in each of the three states.
    for action in (None, "scan", "approve"):
        browser, app = host.browser(), host.native_app("ben")
        browser.start()
        if action is not None:
            app.scan(browser.token)
        if action == "approve":
            app.decide("approve")
    # Refused, ended by "This wasn't me", and withdrawn.
    browser, app = host.browser(), host.native_app()
    browser.start()
    app.scan(browser.token)
    app.decide("deny")
    browser = host.browser()
    phone = host.phone("anna")
    browser.start()
    phone.approve(browser.url)
    phone.post(f"{browser.url}/not-me", form={})
    browser = host.browser()
    browser.start()
    browser.cancel()
    told = read(host.app, "stats")
    assert told["requests"]["reached"] == {
        "started": 8,
        "scanned": 6,
        "approved": 3,
        "redeemed": 1,
        "denied": 2,
        "cancelled": 1,
        "expired": 1,
    }
    assert told["requests"]["reasons"] == {"not_me": 1}
    assert told["requests"]["waiting"] == {"pending": 1, "scanned": 1, "approved": 1}
    assert told["linked_devices"] == 1


def test_the_times_are_told_for_half_and_for_nine_of_ten(host: Host) -> None:
    let_ten_people_in(host)
    told = read(host.app, "stats")["requests"]
    assert told["to_scan"] == {"median": 2, "p90": 2}
    assert told["to_approve"] == {"median": 3, "p90": 3}
    browser, app = host.browser(), host.native_app()
    browser.start()
    host.clock.advance(40)
    app.scan(browser.token)
    assert read(host.app, "stats")["requests"]["to_scan"] == {"median": 2, "p90": 20}


def test_a_person_reads_lines(host: Host) -> None:
    let_ten_people_in(host)
    host.browser().start()
    result = run(host.app, "stats")
    assert result.exit_code == 0
    assert result.output == (
        "Login requests that are kept (the oldest 95 s old); complete for the last 300 s.\n"
        "started         11\n"
        "scanned         10\n"
        "approved        10\n"
        "redeemed        10\n"
        "denied          0\n"
        "cancelled       0\n"
        "expired         0\n"
        "waiting now     1 (1 pending)\n"
        "time to scan    median 2.0 s, nine of ten within 2.0 s\n"
        "time to approve median 3.0 s, nine of ten within 3.0 s\n"
        "linked devices  10\n"
    )


def test_with_no_rows_nothing_is_made_up(host: Host) -> None:
    told = read(host.app, "stats")
    assert told["requests"]["oldest"] is told["requests"]["to_scan"] is None
    assert told["complete_for"] == 300
    assert "Login requests that are kept (none);" in run(host.app, "stats").output


def test_the_span_can_be_narrowed(host: Host) -> None:
    host.browser().start()
    host.clock.advance(61)
    host.browser().start()
    for since, number in (
        ("0s", 1),
        ("60s", 1),
        ("1m", 1),
        ("2m", 2),
        ("1h", 2),
        ("99999d", 2),
    ):
        told = read(host.app, "stats", "--since", since)
        assert told["requests"]["reached"]["started"] == number


@pytest.mark.parametrize("since", ["", "5", "m", "-5m", "5 m", "5w", "\u0665m", "999999d"])
def test_a_span_that_cannot_be_read_is_wrong_usage(host: Host, since: str) -> None:
    result = run(host.app, "stats", "--since", since)
    assert result.exit_code == 2
    assert "Write a time such as 90s, 15m, 2h or 1d." in result.output


def test_devices_that_are_idle_or_over_are_not_counted(tmp_path: pathlib.Path) -> None:
    host = Host(tmp_path / "host", QRLOGIN_DEVICE_IDLE=600, QRLOGIN_DEVICE_LIFETIME=900)
    host.log_in_by_qr(host.browser())
    host.clock.advance(599)
    browser = host.browser()
    host.log_in_by_qr(browser)
    assert read(host.app, "stats")["linked_devices"] == 2
    host.clock.advance(1)
    assert read(host.app, "stats")["linked_devices"] == 1
    browser.log_out()
    assert read(host.app, "stats")["linked_devices"] == 0
    host.close()


def test_another_store_is_told_and_the_devices_are_counted(tmp_path: pathlib.Path) -> None:
    host = Host(tmp_path / "host", store=MemoryStore())
    host.log_in_by_qr(host.browser())
    result = run(host.app, "stats")
    assert (result.exit_code, result.stdout) == (1, "linked devices  1\n")
    assert result.stderr == (
        "Error: Login requests cannot be counted in MemoryStore (store=). Use the metrics.\n"
    )
    told = run(host.app, "stats", "--json")
    assert told.exit_code == 1
    assert json.loads(told.stdout) | {"requests": None, "linked_devices": 1} == json.loads(
        told.stdout
    )
    host.close()


def test_a_missing_table_is_told_in_one_line(host: Host) -> None:
    host.execute("DROP TABLE qrlogin_linked_device")
    result = run(host.app, "stats")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: The table 'qrlogin_linked_device' is missing")
    assert result.stderr.count("\n") == 1
