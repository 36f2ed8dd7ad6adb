"""Measures how a pending poll compares with a view that does nothing, on the same server.

    python benchmarks/poll.py              about three minutes
    python benchmarks/poll.py --quick      one short round
    python benchmarks/poll.py --profile    where the time of one poll goes, without a web server

A poll has its cookie, its hash and its one read by primary key; it is not held. Both are views of
one Flask app, asked by 32 clients. All servers, of two processes each, run at the same time and
take turns; ratios are medians of those of the rounds. The processor time is the server's, without
that of its database: on a busy computer it tells more than the rates do. Linux only.
"""

from __future__ import annotations

import argparse
import contextlib
import cProfile
import os
import pstats
import statistics
import time

import host
import hosting
import in_process
import load
import logins
import rounds

#: Kinds of gunicorn's workers, and the threads of each.
WORKERS = {"sync": 1, "gthread": 8, "gevent": 1}
#: What a poll has to reach of an empty view's throughput.
GOALS = {"sqlite": 0.7, "postgresql": 0.55, "redis": 0.7}
GEVENT_SQLITE_GOAL = 0.6
SCRIPTS = {"empty": logins.empty_views, "poll": logins.pending_polls}


def compare(number: int, seconds: float) -> None:
    """Measure each kind of server with each database, and print the table."""
    with contextlib.ExitStack() as stack:
        running, goals = {}, {}
        for kind, goal in GOALS.items():
            env = stack.enter_context(hosting.database(kind))
            for worker, threads in WORKERS.items():
                name = f"{worker}, {kind}"
                running[name] = stack.enter_context(hosting.serve(env, worker, threads=threads))
                easier = name == "gevent, sqlite"
                goals[name] = GEVENT_SQLITE_GOAL if easier else goal
        seen = rounds.Rounds(running, SCRIPTS, rounds=number, seconds=seconds, clients=32)
    rows = []
    for name, goal in goals.items():
        ratio = seen.ratio(name, "poll", to=(name, "empty"))
        empty_cpu, poll_cpu = seen.cpu(name, "empty"), seen.cpu(name, "poll")
        rows.append(
            [
                name,
                *(f"{seen.rate(name, label):,.0f}" for label in SCRIPTS),
                f"{ratio:.2f}",
                f"{goal}{'' if ratio >= goal else ' missed'}",
                *(f"{cpu:.0f}" for cpu in (empty_cpu, poll_cpu)),
                f"{empty_cpu / poll_cpu:.2f}",
            ]
        )
    head = "gunicorn, store|empty/s|polls/s|ratio|goal|CPU µs, empty|CPU µs, poll|ratio of CPU"
    print(hosting.table(head.split("|"), rows))


def profile(kind: str, number: int) -> None:
    """Show what a poll costs without a server, and which functions take it."""
    with hosting.database(kind) as env:
        os.environ.update(env)
        app = host.create_app()
        code = in_process.run(app, logins.begin(0))
        empty = next(logins.empty_views(0))
        poll = logins.ask_poll(0, code, state="pending")
        assert isinstance(empty, load.Ask)
        times: dict[str, list[float]] = {"empty": [], "poll": []}
        for _ in range(number):
            for ask in (empty, poll):
                began = time.perf_counter()
                for _ in range(100):
                    in_process.ask(app, ask)
                times[ask.label].append((time.perf_counter() - began) / 100 * 1e6)
        for label, seconds in times.items():
            print(f"{label}: median {statistics.median(seconds):.0f} µs, least {min(seconds):.0f}")
        for ask in (empty, poll):
            profiler = cProfile.Profile()
            profiler.runcall(lambda: [in_process.ask(app, ask) for _ in range(2000)])  # noqa: B023
            statistic = pstats.Stats(profiler).strip_dirs()
            print(f"\n2,000 of: {ask.label}")
            statistic.sort_stats("tottime").print_stats(40)
            if ask is poll:
                statistic.sort_stats("cumtime").print_stats("flask_qrlogin|sql|browser", 60)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=3, help="3, if not said otherwise")
    parser.add_argument("--quick", action="store_true", help="one short round, for a look")
    parser.add_argument("--profile", nargs="?", const="sqlite", choices=GOALS, metavar="STORE")
    arguments = parser.parse_args()
    print(hosting.machine("flask", "sqlalchemy", "gunicorn", "gevent", "psycopg", "redis"))
    if arguments.profile:
        profile(arguments.profile, 20)
    elif arguments.quick:
        compare(1, 1.0)
    else:
        compare(arguments.rounds, 2.0)


if __name__ == "__main__":
    main()
