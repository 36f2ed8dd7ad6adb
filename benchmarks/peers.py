"""Measures login by QR code beside what a site would take instead: device grants (RFC 8628).

    python benchmarks/peers.py --setup    installs the packages outside the repository, once
    python benchmarks/peers.py            measures: about five minutes
    python benchmarks/peers.py --quick    a look: a minute and a half

Setup needs pip, and Node 20 or newer with npm for two of the peers; npm builds better-sqlite3 with
a compiler where it finds no binary. What is measured stands in benchmarks/peers/, a folder for each
package. They take turns, several times in one run, and the medians are compared:

polls   pending polls answered in a second, with 32 clients, each with a code of its own. None is
        one that the server would refuse as too early: better-auth, the only one that refuses any,
        has its interval set to 0 here.
logins  whole logins in a second, with 16 clients, from the request for a code to the answer that
        brings the session or the token, with two polls in vain on the way. The phone's part is the
        fewest requests that each package insists on.
cost    the server's processor time for one login when the person takes 20 seconds to confirm, and
        half of that to open the code. Nothing is set: each browser polls as it is told. All servers
        do this at the same time, and are idle mostly; all processes of each are counted.

SQLite is in WAL mode with synchronous=NORMAL for all. Linux only.
"""

from __future__ import annotations

import argparse
import collections
import collections.abc as c
import concurrent.futures
import contextlib
import functools
import math
import os
import pathlib
import platform
import random
import statistics
import sys

from load import Load
from load import Measured
from load import Script

sys.path.insert(0, str(pathlib.Path(__file__).parent / "peers"))

import sessions
from flows import Flow
from packages import PACKAGES
from packages import Running
from packages import running
from packages import Target
from packages import TARGETS

POLLERS = 32
PEOPLE = 16
#: Seconds until people confirm: spread, so that it favours nobody's interval.
CONFIRM = (17.5, 22.5)

#: What was seen of each target, by the name of the figure: a value for each round.
Figures = collections.defaultdict[tuple[Target, str], list[float]]


@contextlib.contextmanager
def all_running(
    bench: pathlib.Path, *, warm_up: float, env: c.Mapping[str, str]
) -> c.Iterator[dict[Target, Running]]:
    """Serve all targets at the same time, and warm each up.

    V8 makes better-auth twice as fast in its first five thousand requests, so Node gets longer.
    """
    with contextlib.ExitStack() as stack:
        everything = {
            target: stack.enter_context(running(target, bench, env=env)) for target in TARGETS
        }
        for target, this in everything.items():
            say(f"warming up {target}")
            seconds = warm_up * (6 if target.kind == "node" else 1)
            load(target, this, sessions.hasty_logins, PEOPLE, seconds)
        yield everything


def load(
    target: Target,
    this: Running,
    make_script: c.Callable[[Flow], Script],
    clients: int,
    seconds: float,
    *,
    repeat: bool = True,
) -> Measured:
    """Put load on a target, and say what went wrong: nothing should."""
    measured = Load(
        this.server.port,
        lambda: make_script(this.flow),
        clients=clients,
        seconds=seconds,
        warm_up=seconds / 4 if repeat else 0,
        repeat=repeat,
    ).run()
    for error, times in measured.errors.most_common(3):
        say(f"  {target}: {times} times {error}")
    return measured


def bring_phones(target: Target, this: Running, people: int) -> list[str]:
    """Bring phones that are logged in."""
    phones: list[str] = []
    script = functools.partial(sessions.bring_phone, phones=phones)
    load(target, this, script, people, 10, repeat=False)
    return phones


def measure_rates(
    figures: Figures, everything: c.Mapping[Target, Running], rounds: int, seconds: float
) -> None:
    """Measure the polls and logins of each target in a second, in turn."""
    for number in range(1, rounds + 1):
        for target, this in everything.items():
            say(f"round {number} of {rounds}: {target}")
            before = this.server.cpu()
            polls = load(target, this, sessions.polls, POLLERS, seconds)
            cpu = this.server.cpu() - before
            logins = load(target, this, sessions.logins, PEOPLE, seconds)
            login = functools.partial(sessions.login, phone=bring_phones(target, this, 1)[0])
            once = load(target, this, login, 1, 10, repeat=False)
            for figure, value in {
                "polls/s": polls.rate("poll"),
                "p99 of polls": polls.quantile("poll", 0.99) * 1000,
                "CPU ms a poll": cpu / max(1, polls.answers) * 1000,
                "logins/s": logins.rate("login"),
                "p99 of polls in logins": logins.quantile("poll", 0.99) * 1000,
                "requests a login": once.answers,
                "own CPU": polls.cpu / max(1, polls.answers) * 1e6,
            }.items():
                figures[target, figure].append(value)
            if target.package is PACKAGES[0]:
                empty = load(target, this, sessions.empty_views, POLLERS, seconds)
                figures[target, "empty views/s"].append(empty.rate("empty"))


def measure_cost(figures: Figures, everything: c.Mapping[Target, Running], people: int) -> None:
    """Measure the processor time that each server takes for a login of a person with patience."""
    chance = random.Random(20)
    times = [(chance.uniform(0, 5), chance.uniform(*CONFIRM)) for _ in range(people)]

    def log_in(target: Target, phones: list[str]) -> Measured:
        plans = iter(zip(phones, times, strict=True))

        def script(flow: Flow) -> Script:
            phone, (begin, confirm) = next(plans)
            return sessions.patient_login(flow, phone, begin=begin, confirm=confirm)

        return load(target, everything[target], script, people, 60, repeat=False)

    say(f"{people} people log in at each server, patiently")
    phones = [bring_phones(target, this, people) for target, this in everything.items()]
    before = [this.server.cpu() for this in everything.values()]
    with concurrent.futures.ThreadPoolExecutor(len(everything)) as pool:
        results = list(pool.map(log_in, everything, phones))
    for (target, this), measured, used in zip(everything.items(), results, before, strict=True):
        # Half a login's cost would be no figure.
        cost = math.nan if measured.errors else (this.server.cpu() - used) / people * 1000
        figures[target, "CPU ms a login"].append(cost)
        figures[target, "polls in 20 s"].append(measured.counts["poll"] / people)


COLUMNS = (
    "polls/s",
    "p99 of polls",
    "CPU ms a poll",
    "logins/s",
    "p99 of polls in logins",
    "requests a login",
    "polls in 20 s",
    "CPU ms a login",
)
#: Those of which the ratio is written in brackets.
RATIOS = ("polls/s", "CPU ms a poll", "logins/s", "CPU ms a login")
#: Each figure that has a goal, what is the best of the peers in it, and the goal.
GOALS = (
    ("polls/s", max, "at least 1.2"),
    ("logins/s", max, "at least 1.5"),
    ("p99 of polls", min, "at most 1"),
    ("p99 of polls in logins", min, "at most 1"),
    ("CPU ms a login", min, "at most 0.5"),
)


def report(figures: Figures, kind: str) -> c.Iterator[str]:
    """Write the figures of one kind of server, and Node's, as Markdown."""
    targets = [target for target in TARGETS if target.kind in (kind, "node")]
    ours = targets[0]
    peers = [target for target in targets[1:] if not target.package.is_reference]

    def seen(target: Target, figure: str) -> float:
        return statistics.median(figures[target, figure])

    def ratio(target: Target, figure: str) -> float:
        there = seen(target, figure)
        return seen(ours, figure) / there if there else math.nan

    yield f"| gunicorn {kind}, Node | {' | '.join(COLUMNS)} |"
    yield "|---|" + "---:|" * len(COLUMNS)
    for target in targets:
        cells = []
        for figure in COLUMNS:
            value = seen(target, figure)
            cells.append(f"{value:,.0f}" if value >= 100 else f"{value:.3g}")
            if target is not ours and figure in RATIOS:
                cells[-1] += f" ({ratio(target, figure):.2f})"
        yield f"| {target.package.name} | {' | '.join(cells)} |"
    yield ""
    for figure, best, goal in GOALS:
        peer = best(peers, key=lambda peer: seen(peer, figure))
        yield f"- {figure}: {ratio(peer, figure):.2f} of {peer.package.name}'s, {goal}"
    better_auth = next(peer for peer in peers if peer.package.name == "better-auth")
    yield f"- polls/s: {ratio(better_auth, 'polls/s'):.2f} of better-auth's, at least 2"
    empty = seen(ours, "empty views/s")
    yield f"- polls/s: {seen(ours, 'polls/s') / empty:.2f} of an empty view's, {empty:,.0f}"
    own = max(seen(target, "own CPU") for target in targets)
    yield f"- the load program took {own:.0f} µs of processor time a request, or less"


def say(text: str) -> None:
    """Tell how far it is, beside the tables."""
    print(text, file=sys.stderr, flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bench", type=pathlib.Path, default=".bench", help="where all is kept")
    parser.add_argument("--setup", action="store_true", help="install the packages")
    parser.add_argument("--quick", action="store_true", help="one short round, for a look")
    parser.add_argument("--rounds", type=int, default=3, help="3, if not said otherwise")
    arguments = parser.parse_args()
    for package in PACKAGES:
        if arguments.setup:
            say(f"installing {package.name}")
            package.install(arguments.bench)
        elif not package.is_installed(arguments.bench):
            parser.error("Run it with --setup first.")
    if arguments.setup:
        return
    rounds, seconds, people, warm_up = arguments.rounds, 3.0, 100, 1.0
    if arguments.quick:
        rounds, seconds, people, warm_up = 1, 1.0, 50, 0.25
    figures: Figures = collections.defaultdict(list)
    with all_running(arguments.bench, warm_up=warm_up, env={"INTERVAL": "0s"}) as everything:
        measure_rates(figures, everything, rounds, seconds)
    with all_running(arguments.bench, warm_up=warm_up, env={}) as everything:
        measure_cost(figures, everything, people)
    print(f"CPython {platform.python_version()}, {os.cpu_count()} CPUs, {rounds} rounds, medians.")
    print("Latencies in ms. In brackets: what flask_qrlogin has, divided by it.")
    for kind in ("sync", "gevent"):
        print("", *report(figures, kind), sep="\n")


if __name__ == "__main__":
    main()
