"""Measures the login page and the start of a login, and how much of that is the QR picture.

    python benchmarks/pages.py             about a minute
    python benchmarks/pages.py --quick     one short round

A view of the same app that does nothing is what they are compared with. The third server is the
same app with a constant in place of each picture. gunicorn with two sync processes and SQLite; the
ratios are medians of those of the rounds. Linux only.
"""

from __future__ import annotations

import argparse
import contextlib

import flask
import host
import hosting
import load
import logins
import rounds

from flask_qrlogin.qr import image as qr_image


def create_app_without_pictures() -> flask.Flask:
    """Make the app, with one picture for all codes."""
    picture = qr_image.svg(f"{host.BASE_URL}/qrlogin/s/{'x' * 38}")
    qr_image.svg = lambda text, style=None: picture
    return host.create_app()


def pages(port: int) -> load.Script:
    """Open the login page, for ever."""
    data = load.request("GET", "/qrlogin/", port=port)
    while True:
        yield load.Ask("page", data, lambda answer: b"<qr-login" in answer.body)


def starts(port: int) -> load.Script:
    """Start a login and leave it, for ever."""
    while True:
        yield logins.ask_begin(port)


SCRIPTS = {"empty": logins.empty_views, "page": pages, "begin": starts}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="5, if not said otherwise")
    parser.add_argument("--quick", action="store_true", help="one short round, for a look")
    arguments = parser.parse_args()
    number, seconds = (1, 1.0) if arguments.quick else (arguments.rounds, 2.0)
    print(hosting.machine("flask", "sqlalchemy", "gunicorn", "qrcode"))
    apps = {"as it is": "host:create_app()", "without": "pages:create_app_without_pictures()"}
    with contextlib.ExitStack() as stack:
        running = {}
        for name, app in apps.items():
            env = stack.enter_context(hosting.database("sqlite"))
            running[name] = stack.enter_context(hosting.serve(env, "sync", app=app))
        seen = rounds.Rounds(running, SCRIPTS, rounds=number, seconds=seconds, clients=32)
    usual, empty = "as it is", ("as it is", "empty")
    rows = [
        [
            label,
            f"{seen.rate(name, script):,.0f}",
            f"{seen.ratio(name, script, to=empty):.2f}",
            f"{seen.cpu(name, script):.0f}",
        ]
        for label, name, script in (
            ("a view that does nothing", *empty),
            ("GET /qrlogin/", usual, "page"),
            ("POST /qrlogin/requests", usual, "begin"),
            ("the same without pictures", "without", "begin"),
        )
    ]
    print(hosting.table(["", "requests/s", "of the empty view", "CPU µs"], rows))
    share = 1 - seen.cpu("without", "begin") / seen.cpu(usual, "begin")
    print(f"The picture takes {share:.0%} of the processor time of POST /qrlogin/requests.")


if __name__ == "__main__":
    main()
