"""Measures whether a site still answers when ten times as many browsers wait as it has threads.

    python benchmarks/threads.py             about three minutes
    python benchmarks/threads.py --quick     a minute

On gunicorn with two processes of 8 threads and on Waitress with 8, browsers ask to be held for 20
seconds, and come back when they are told to; phones approve one after the other. Meanwhile somebody
asks for another page of the site, 40 times a second:

as it comes    nothing is set: no browser is held
4 held         QRLOGIN_HELD_POLLS=4 for each process
naive          browsers ask a view that keeps its thread for 20 seconds

An approval is in time if the browser learns of it within the interval that it was told to leave
between its polls. Linux only.
"""

from __future__ import annotations

import argparse
import collections.abc as c
import contextlib
import math
import sys
import time

import crowd
import hosting
import load
import logins
import servers

WAYS = {"as it comes": {}, "4 held": {"FLASK_QRLOGIN_HELD_POLLS": "4"}, "naive": {}}
#: Requests for another page in a second.
RATE = 40
#: A page has to be there after so many milliseconds.
GOAL = 100
#: What an answer itself may take, in seconds.
GRACE = 0.1


@contextlib.contextmanager
def serving(name: str, env: hosting.Env) -> c.Iterator[servers.Server]:
    """Run the site on a kind of server."""
    if name == "waitress":
        port = servers.free_port()
        command = [sys.executable, "-m", "waitress", f"--listen=127.0.0.1:{port}", "--threads=8"]
        command += ["--call", "host:create_app"]
        server = servers.Server(command, port=port, folder=hosting.FOLDER, env=env)
    else:
        server = hosting.serve(env, "gthread", threads=8)
    with server:
        yield server


class Visitors:
    """People who ask for a page of the site, whatever becomes of the others."""

    def __init__(self, port: int) -> None:
        self._ask = next(logins.empty_views(port))
        self._sent: dict[int, float] = {}
        self.seconds: list[float] = []

    def come(self, there: load.Load, seconds: float) -> load.Script:
        """Come evenly for so long, each with a connection of their own."""
        began = time.perf_counter()
        for number in range(int(seconds * RATE)):
            there.start(self._visit(number), repeat=False)
            yield max(0.0, began + (number + 1) / RATE - time.perf_counter())

    def _visit(self, number: int) -> load.Script:
        began = self._sent[number] = time.perf_counter()
        yield self._ask
        self.seconds.append(time.perf_counter() - began)
        del self._sent[number]

    def leave(self) -> list[float]:
        """Return how long each has waited so far, in milliseconds, in order."""
        now = time.perf_counter()
        waited = [*self.seconds, *(now - sent for sent in self._sent.values())]
        return sorted(second * 1000 for second in waited)


def measure(name: str, way: str, env: hosting.Env, seconds: float) -> list[str]:
    """Return a row of the table."""
    browsers = 160 if name.startswith("gunicorn") else 80
    found: list[crowd.Login] = []

    def direct(everybody: crowd.Crowd) -> crowd.Stage:
        if way == "naive":
            yield from everybody.sleep(browsers, server.port)
        else:
            yield from everybody.hold((yield from everybody.begin(browsers)))
        everybody.start(visitors.come(everybody, seconds), repeat=False)
        if way == "naive":
            yield seconds
        else:
            rate = browsers / (seconds - 6)
            found.extend((yield from everybody.scan(browsers, server.port, rate=2 * rate)))
            yield from everybody.approve(found, server.port, rate=2 * rate)

    with serving(name, env | WAYS[way]) as server:
        visitors = Visitors(server.port)
        crowd.Crowd(server.port, direct, wait=20).go()
    waited = visitors.leave()
    p50, p99 = (waited[math.ceil(len(waited) * share) - 1] for share in (0.5, 0.99))
    row = [f"{name}, {browsers} browsers, {way}", f"{p50:.0f}", f"{p99:.0f}", f"{waited[-1]:.0f}"]
    if not found:
        return [*row, "", "", ""]
    delays = [this.answered - this.written for this in found if this.answered]
    late = [this for this in found if not this.in_time(GRACE)]
    return [
        *row,
        f"{max(delays):.1f}",
        f"{max(this.interval for this in found):.1f}",
        f"{len(late)}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="shorter, for a look")
    arguments = parser.parse_args()
    print(hosting.machine("flask", "gunicorn", "waitress", "sqlalchemy"))
    rows = []
    with hosting.database("sqlite") as env:
        for name in ("gunicorn gthread 2x8", "waitress"):
            for way in WAYS:
                hosting.say(f"{name}, {way}")
                rows.append(measure(name, way, env, 12 if arguments.quick else 25))
    head = f"|page p50, ms|p99 (at most {GOAL})|slowest|approval after at most, s|interval|late"
    print(hosting.table(head.split("|"), rows))


if __name__ == "__main__":
    main()
