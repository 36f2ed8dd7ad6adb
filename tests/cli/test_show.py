"""``flask qrlogin show``: one login as it is now, and what is under way."""

from __future__ import annotations

import pathlib

from flask_qrlogin.stores.memory import MemoryStore

from ..web.host import Host
from ..web.host import PEOPLE
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
    assert text.endswith("device: none\n")
    assert text.replace("\n", "").isprintable()
    host.clock.advance(301)
    assert "\n  state expired\n" in run(host.app, "show", id).output
    assert read(host.app, "show", id)["state"] == "expired"


def test_a_login_is_shown_with_its_device(host: Host) -> None:
    browser = host.browser()
    host.log_in_by_qr(browser)
    told = read(host.app, "show", browser.request["id"])
    assert told.keys() == {"state", "request", "device"}
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


def test_what_is_under_way_is_listed(host: Host) -> None:
    host.log_in_by_qr(host.browser())
    waiting, scanned = host.browser(), host.browser()
    waiting.start()
    host.clock.advance(5)
    scanned.start()
    host.native_app().scan(scanned.token)
    assert read(host.app, "show") == {
        "requests": [
            {
                "id": scanned.request["id"],
                "state": "scanned",
                "age": 0,
                "ends_in": 120,
                "user_id": ANNA,
                "address": "127.0.0.1",
                "user_agent": scanned.jar.environ_base["HTTP_USER_AGENT"],
            },
            {
                "id": waiting.request["id"],
                "state": "pending",
                "age": 5,
                "ends_in": 295,
                "user_id": None,
                "address": "127.0.0.1",
                "user_agent": waiting.jar.environ_base["HTTP_USER_AGENT"],
            },
        ]
    }
    first, second = run(host.app, "show").output.splitlines()
    assert first.startswith(f"id={scanned.request['id']} state=scanned ends_in=120")
    assert second.startswith(f"id={waiting.request['id']} state=pending age=5 ends_in=295")


def test_nothing_under_way_is_told(host: Host) -> None:
    result = run(host.app, "show")
    assert (result.exit_code, result.output) == (0, "Nothing is under way.\n")
    assert read(host.app, "show") == {"requests": []}


def test_of_many_the_newest_are_listed(host: Host) -> None:
    with host.app.test_request_context():
        for _ in range(101):
            host.state.flow.start(host.state.flow.draft()[0])
            host.clock.advance(1)
    lines = run(host.app, "show").output.splitlines()
    assert len(lines) == 101
    assert "age=1 " in lines[0]
    assert lines[-1] == "The newest 100; 'flask qrlogin stats' counts all."


def test_another_store_lists_nothing_but_knows_each(tmp_path: pathlib.Path) -> None:
    host = Host(tmp_path / "host", store=MemoryStore())
    browser = host.browser()
    browser.start()
    result = run(host.app, "show")
    assert result.exit_code == 1
    assert result.output == (
        "Error: What is under way cannot be listed in MemoryStore (store=). Give an ID.\n"
    )
    assert read(host.app, "show", browser.request["id"])["state"] == "pending"
    host.close()


def test_an_unknown_id_is_told(host: Host) -> None:
    for id in ("0" * 32, "nonsense", "0' OR '1'='1"):
        result = run(host.app, "show", id)
        assert result.exit_code == 1
        assert result.output.startswith("Error: There is no such row.")
