"""Measures what it costs a page of the host to look whether a login by QR code has ended.

    python benchmarks/device_check.py            about a minute
    python benchmarks/device_check.py --quick    fewer rounds, for a look

The page loads its user by Flask-Login from the host's database and answers with the name. It is
asked with the session of a login by password, which has no mark, and with that of a login by QR
code: without the check, with it, and with ``QRLOGIN_DEVICE_CHECK_SECONDS``. All take turns in one
process, without a web server, so that nothing hides a difference. The processor time is ours,
without that of the database; the time that passes holds both.
"""

from __future__ import annotations

import argparse
import datetime
import os
import statistics
import time
import typing as t
import unittest.mock

import flask
import flask_login
import host
import hosting
import in_process
import load

from flask_qrlogin.app_state import current_state
from flask_qrlogin.core import tokens
from flask_qrlogin.core.linked_device import LinkedDevice
from flask_qrlogin.web import host_session

_AGENT = "Mozilla/5.0"
#: What a round asks of each.
_REQUESTS = 100
LABELS = ("no mark", "mark, no check", "mark, checked", "mark, cached")


class Page(t.NamedTuple):
    """An app with a page, and how it is asked for it."""

    app: flask.Flask
    ask: load.Ask


def page(label: str, database: str) -> Page:
    """Make an app, and the session of one who is logged in there."""
    cached = {"FLASK_QRLOGIN_DEVICE_CHECK_SECONDS": "3600"} if label == "mark, cached" else {}
    with unittest.mock.patch.dict(os.environ, cached):
        app = host.create_app(database)
    if label == "mark, no check":
        flask_login.user_accessed.disconnect(host_session._check, app)

    @app.get("/name")
    def name() -> str:
        return str(flask_login.current_user.name)

    environ = {"REMOTE_ADDR": "127.0.0.1", "HTTP_USER_AGENT": _AGENT}
    with app.test_request_context(environ_base=environ, headers={"User-Agent": _AGENT}):
        login_manager = app.login_manager  # type: ignore[attr-defined]
        session: dict[str, t.Any] = {
            "_user_id": "1",
            "_fresh": False,
            "_id": login_manager._session_identifier_generator(),
        }
        if label != "no mark":
            session["_qrlogin"] = [_link(), "1"]
        serializer = flask.sessions.SecureCookieSessionInterface().get_signing_serializer(app)
        assert serializer is not None
        cookie = serializer.dumps(session)
    request = load.request(
        "GET", "/name", port=80, headers={"Cookie": f"session={cookie}", "User-Agent": _AGENT}
    )
    return Page(app, load.Ask(label, request, lambda answer: answer.body == b"Ann"))


def _link() -> str:
    """Keep a linked device; return its id."""
    now = datetime.datetime.now(datetime.UTC)
    device = LinkedDevice(
        id=tokens.new_id(),
        user_id="1",
        name="Firefox on Linux",
        user_agent=_AGENT,
        address="127.0.0.1",
        browser_id=tokens.new_id(),
        created_at=now,
        last_seen_at=now,
        expires_at=now + datetime.timedelta(days=30),
        approver_user_agent=_AGENT,
        approver_address="127.0.0.1",
    )
    current_state().opened_device_store().part.add(device)
    return device.id


def measure(kind: str, rounds: int) -> list[list[str]]:
    """Let the pages of one database take turns, and return the rows of the table."""
    passed: dict[str, list[float]] = {label: [] for label in LABELS}
    used: dict[str, list[float]] = {label: [] for label in LABELS}
    with hosting.database(kind) as env:
        pages = {label: page(label, env["DATABASE"]) for label in LABELS}
        for number in range(-1, rounds):
            for label in LABELS[number % 4 :] + LABELS[: number % 4]:
                app, ask = pages[label]
                began, began_cpu = time.perf_counter(), time.process_time()
                for _ in range(_REQUESTS):
                    in_process.ask(app, ask)
                if number >= 0:  # The first warms up.
                    passed[label].append((time.perf_counter() - began) / _REQUESTS * 1e6)
                    used[label].append((time.process_time() - began_cpu) / _REQUESTS * 1e6)
        for app, _ in pages.values():
            with app.app_context():
                app.extensions["sqlalchemy"].engine.dispose()
                for engine in app.extensions["qrlogin"].engines.values():
                    engine.dispose()
    return [
        [
            f"{kind}, {label}",
            f"{statistics.median(used[label]):.0f}",
            _ratio(used, label, "mark, no check"),
            _ratio(used, label, "no mark"),
            f"{statistics.median(passed[label]):.0f}",
            _ratio(passed, label, "mark, no check"),
        ]
        for label in LABELS
    ]


def _ratio(seen: dict[str, list[float]], label: str, other: str) -> str:
    """Return the median of the rounds' ratios."""
    ratios = [one / two for one, two in zip(seen[label], seen[other], strict=True)]
    return f"{statistics.median(ratios):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=60, help="60, if not said otherwise")
    parser.add_argument("--quick", action="store_true", help="eight rounds, for a look")
    arguments = parser.parse_args()
    print(hosting.machine("flask", "flask-login", "sqlalchemy", "psycopg"))
    rows = []
    for kind in ("sqlite", "postgresql"):
        rows += measure(kind, 8 if arguments.quick else arguments.rounds)
    head = "page of the host|CPU µs|/ no check|/ no mark|passed, µs|/ no check"
    print(hosting.table(head.split("|"), rows))


if __name__ == "__main__":
    main()
