"""``flask qrlogin show``: one login as it is now."""

from __future__ import annotations

import pathlib

from flask_qrlogin.stores.memory import MemoryStore
from tests.web.host import Host
from tests.web.host import PEOPLE

from .conftest import read
from .conftest import run

ANNA = str(PEOPLE["anna"][0])


def test_a_request_is_shown_as_it_is_now(host: Host) -> None:
    browser = host.browser()
    browser.headers["User-Agent"] = "A \x1b[2Jbrowser"
    browser.start(next="/welcome")
    id = browser.request["id"]
    text = run(host.app, "show", id).output
    assert text.startswith(f"request:\n  id {id}\n  state pending\n")
    assert "\n  next /welcome\n" in text
    assert "\ndevice: none\nsteps:\n" in text
    assert text.replace("\n", "").isprintable()
    host.clock.advance(301)
    assert "\n  state expired\n" in run(host.app, "show", id).output
    assert read(host.app, "show", id)["state"] == "expired"


def test_a_login_is_shown_with_its_device(host: Host) -> None:
    browser = host.browser()
    host.log_in_by_qr(browser)
    told = read(host.app, "show", browser.request["id"])
    assert told.keys() == {"state", "request", "device", "steps"}
    assert told["state"] == "redeemed"
    assert told["request"]["user_id"] == told["device"]["user_id"] == ANNA
    assert (
        f"device:\n  id {browser.request['id']}\n"
        in run(host.app, "show", browser.request["id"]).output
    )


def test_no_secret_is_shown(host: Host) -> None:
    browser = host.browser()
    host.log_in_by_qr(browser)
    id, row = browser.request["id"], host.row()
    shown = run(host.app, "show", id).output + run(host.app, "show", id, "--json").output
    for name in ("secret_hash", "nonce"):
        assert row[name]
        assert row[name] not in shown
        assert name not in shown


def test_another_store_knows_it_too(tmp_path: pathlib.Path) -> None:
    host = Host(tmp_path / "host", store=MemoryStore())
    browser = host.browser()
    browser.start()
    assert read(host.app, "show", browser.request["id"])["state"] == "pending"
    host.close()


def test_an_unknown_id_is_told(host: Host) -> None:
    for id in ("0" * 32, "nonsense", "0' OR '1'='1"):
        result = run(host.app, "show", id)
        assert result.exit_code == 1
        assert result.output.startswith("Error: There is no such row.")
