"""Measures what thousands of waiting browsers cost one process, and how fast an approval comes.

    python benchmarks/waiting.py             about six minutes
    python benchmarks/waiting.py --quick     500 browsers: a minute
    python benchmarks/waiting.py --limit     more and more browsers, until a goal is missed

One gunicorn worker of the kind gevent holds all browsers, on PostgreSQL and then on Redis:

memory     what one more waiting browser takes of it, without the buffers of the kernel; beside it,
           what a view of the same app takes that only sleeps
idle       processor time of a core, and queries of the database in a second, while all are held and
           nothing happens. They are held longer than usual for that
usual      the same with the settings as they come: a browser is answered after 20 s at most and
           polls again
approved   from the moment at which a phone sends its approval, and from the moment at which it is
           told that it is written, until the browser is answered: 50 approvals a second
at once    1,000 phones approve at the same moment: until the last browser is answered, and until
           the last one is logged in
other      the same two, with the phones on a server of their own

Approvals go through the app API. Each process may open as many files as the system lets it
(ulimit -Hn): one for each browser, and some. Linux only.
"""

from __future__ import annotations

import argparse
import collections.abc as c
import contextlib
import math
import resource
import statistics
import time
import typing as t

import crowd
import hosting
import load
import psycopg
import redis
import servers

#: Settings with which nothing ends a wait but a phone.
PATIENT = {
    f"FLASK_QRLOGIN_{name}": "7200"
    for name in (
        "HOLD_SECONDS",
        "TOKEN_LIFETIME",
        "REQUEST_LIFETIME",
        "DECISION_LIFETIME",
        "PICKUP_LIFETIME",
    )
}
USUAL = {"FLASK_QRLOGIN_REQUEST_LIFETIME": "7200"}
GOALS = {
    "memory, KiB": 24.0,
    "idle CPU, %": 2.0,
    "idle queries/s": 1.0,
    "approved p50, ms": 5.0,
    "approved p99, ms": 25.0,
    "other: approved p50, ms": 5.0,
    "other: approved p99, ms": 25.0,
    "at once: lost": 0.0,
    "other: at once: lost": 0.0,
}
_COUNTING = {"postgresql": ("--shared_preload_libraries=pg_stat_statements",)}
#: Approvals in a second.
RATE = 50.0

#: Figures by their names.
Figures: t.TypeAlias = dict[str, float]
Queries: t.TypeAlias = c.Callable[[], int]


@contextlib.contextmanager
def serving(env: hosting.Env) -> c.Iterator[servers.Server]:
    """Run one process that holds whoever wants to wait."""
    env = env | {"FLASK_QRLOGIN_HELD_POLLS": "100000"}
    options = ["--worker-connections", "100000"]
    with hosting.serve(env, "gevent", workers=1, options=options) as server:
        yield server


def counter(env: hosting.Env) -> Queries:
    """Return what counts the queries that a database has answered."""
    url = env.get("FLASK_QRLOGIN_STORE", "")
    if url.startswith("redis"):
        client = redis.Redis.from_url(url)

        def commands() -> int:
            stats = client.info("commandstats")
            return sum(stat["calls"] for name, stat in stats.items() if name != "cmdstat_info")

        return commands
    connection = psycopg.connect(env["DATABASE"].replace("+psycopg", ""), autocommit=True)
    connection.execute("CREATE EXTENSION pg_stat_statements")

    def statements() -> int:
        row = connection.execute(
            "SELECT sum(calls) FROM pg_stat_statements WHERE query NOT LIKE '%pg_stat_statements%'"
        ).fetchone()
        assert row is not None
        return int(row[0])

    return statements


def idle(
    everybody: crowd.Crowd, server: servers.Server, queries: Queries, seconds: float
) -> t.Generator[load.Step, t.Any, Figures]:
    """See what the server does while nobody does anything."""
    began, cpu, asked, polls = time.perf_counter(), server.cpu(), queries(), everybody.polls
    yield seconds
    elapsed = time.perf_counter() - began
    return {
        "CPU, %": (server.cpu() - cpu) / elapsed * 100,
        "queries/s": (queries() - asked) / elapsed,
        "polls/s": (everybody.polls - polls) / elapsed,
    }


def approvals(
    everybody: crowd.Crowd, port: int, *, number: int, burst: int
) -> t.Generator[load.Step, t.Any, Figures]:
    """Let phones approve at a port: one after the other, and then many at once."""
    found = yield from everybody.scan(number, port)
    yield from everybody.approve(found, port, rate=RATE)
    together = yield from everybody.scan(burst, port)
    yield from everybody.approve(together, port)
    began = min(this.sent for this in together)
    return {
        **latencies("approved", (this.answered - this.sent for this in found)),
        **latencies("approved, from 200", (this.answered - this.written for this in found)),
        "at once: last answered, s": max(this.answered for this in together) - began,
        "at once: last logged in, s": max(this.entered for this in together) - began,
        "at once: lost": sum(not this.entered for this in [*found, *together]),
    }


def latencies(name: str, seconds: c.Iterable[float]) -> Figures:
    ordered = sorted(second * 1000 for second in seconds)
    return {
        f"{name} p50, ms": statistics.median(ordered),
        f"{name} p99, ms": ordered[math.ceil(len(ordered) * 0.99) - 1],
    }


class Report:
    """The figures of one kind of database, told as they come."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.figures: Figures = {}

    def add(self, prefix: str, figures: Figures) -> None:
        for name, value in figures.items():
            hosting.say(f"{self.kind}: {prefix}{name}: {value:.3g}")
            self.figures[prefix + name] = value


def measure(report: Report, number: int, approved: int, burst: int, seconds: float) -> None:
    """Measure everything with one kind of database."""

    def be_patient(everybody: crowd.Crowd) -> crowd.Stage:
        for port in (server.port, other.port):
            yield from everybody.hold((yield from everybody.begin(50)))
            yield from everybody.approve((yield from everybody.scan(50, port)), port)
        before, sleepers = other.memory(), min(2000, number)
        yield from everybody.sleep(sleepers, other.port)
        each = (other.memory() - before) / sleepers / 1024
        report.add("", {"memory of a view that sleeps, KiB": each})
        browsers = yield from everybody.begin(number)
        before = server.memory()
        yield from everybody.hold(browsers)
        report.add("", {"memory, KiB": (server.memory() - before) / number / 1024})
        report.add("idle ", (yield from idle(everybody, server, queries, seconds)))
        for prefix, port in (("", server.port), ("other: ", other.port)):
            seen = yield from approvals(everybody, port, number=approved, burst=burst)
            report.add(prefix, seen)

    def be_usual(everybody: crowd.Crowd) -> crowd.Stage:
        yield from everybody.hold((yield from everybody.begin(number)))
        yield 20.0
        report.add("usual ", (yield from idle(everybody, server, queries, seconds)))

    with hosting.database(report.kind, *_COUNTING.get(report.kind, ())) as env:
        queries = counter(env)
        with serving(env | PATIENT) as server, serving(env | PATIENT) as other:
            crowd.Crowd(server.port, be_patient, wait=7200).go()
        with serving(env | USUAL) as server:
            usual = crowd.Crowd(server.port, be_usual, wait=20)
            # Too many for the machine is a figure too.
            with contextlib.suppress(RuntimeError):
                usual.go()
            report.add("usual ", {"errors": usual.errors.total()})


def grow(kind: str, step: int, seconds: float) -> None:
    """Add browsers, and print what it is like, until a goal is missed or no file is left."""

    def direct(everybody: crowd.Crowd) -> crowd.Stage:
        most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 500
        while len(everybody.waiting) + step <= most:
            browsers = yield from everybody.begin(step)
            before = server.memory()
            yield from everybody.hold(browsers)
            seen = yield from idle(everybody, server, queries, seconds)
            memory = (server.memory() - before) / step / 1024
            found = yield from everybody.scan(500, server.port)
            yield from everybody.approve(found, server.port, rate=RATE)
            figures = {
                "memory, KiB": memory,
                **{f"idle {name}": value for name, value in seen.items()},
                **latencies("approved", (this.answered - this.sent for this in found)),
            }
            missed = [name for name, goal in GOALS.items() if figures.get(name, 0) > goal]
            print(f"{len(everybody.waiting) + 500} held:", figures, "missed:", missed, flush=True)
            if missed:
                return
        print(f"No goal is missed at {len(everybody.waiting)}; ulimit -n is {most + 500}.")

    with hosting.database(kind, *_COUNTING.get(kind, ())) as env:
        queries = counter(env)
        with serving(env | PATIENT) as server:
            crowd.Crowd(server.port, direct, wait=7200).go()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="500 browsers, for a look")
    parser.add_argument("--limit", action="store_true", help="until a goal is missed")
    parser.add_argument("--store", choices=("postgresql", "redis"), help="only this one")
    arguments = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    kinds = [arguments.store] if arguments.store else ["postgresql", "redis"]
    print(hosting.machine("flask", "gunicorn", "gevent", "sqlalchemy", "psycopg", "redis"))
    if arguments.limit:
        for kind in kinds:
            grow(kind, 2500, 20)
        return
    reports = [Report(kind) for kind in kinds]
    for report in reports:
        if arguments.quick:
            measure(report, 500, 100, 100, 20)
        else:
            measure(report, 10_000, 1000, 1000, 20)
    rows = [
        [name, *(f"{report.figures[name]:.3g}" for report in reports), GOALS.get(name, "")]
        for name in reports[0].figures
    ]
    print(hosting.table(["", *kinds, "at most"], rows))


if __name__ == "__main__":
    main()
