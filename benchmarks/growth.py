"""Measures whether polls, logins and the purge take longer with many old rows in the table.

    python benchmarks/growth.py                    10 thousand and 1 million rows: three minutes
    python benchmarks/growth.py --rows 10000000    10 million too
    python benchmarks/growth.py --quick            10 and 100 thousand rows, fewer rounds

The rows are of requests that ended long ago. Each size has a database of its own on the same
server; they take turns, in one process and without a web server, so that nothing hides a
difference. The ratios are medians of those of the rounds. A login goes from the start to the
redeeming poll; every tenth takes some old rows away. A purge takes 100.
"""

from __future__ import annotations

import argparse
import collections
import collections.abc as c
import contextlib
import statistics
import tempfile
import time

import flask
import host
import hosting
import in_process
import logins
import sqlalchemy as sa

from flask_qrlogin.app_state import current_state

#: What a database may take of the time of the smallest one.
GOAL = 1.2
SMALLEST = 10_000
#: Rows that one statement adds.
_CHUNK = 500_000

# Scanned by one of 100,000 people, and left. The ids are random, as ours are.
_INSERT = """
INSERT INTO qrlogin_login_request (id, secret_hash, created_at, expires_at, deadline, user_id,
    state, version, scanner_name, confirm_version, user_agent, address, network, confirmation,
    warnings, contested, approver_user_agent, approver_address, remember)
"""
_SCANNED = """
    'scanned', 2, 'Ann', 2, 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0',
    '203.0.113.7', '203.0.113.0/24', 'tap', '', false, '', '203.0.113.9', false
"""
_ROWS = {
    "postgresql": f"""
{_INSERT} SELECT md5(random()::text || n), md5(n::text) || md5(n::text), moment,
    moment + interval '300 seconds', moment + interval '300 seconds', mod(n, 100000), {_SCANNED}
FROM generate_series({{first}}, {{last}}) AS n,
    LATERAL (SELECT timestamp '2020-01-01' + n * interval '10 seconds') AS times(moment)
""",
    "sqlite": f"""
{_INSERT} WITH RECURSIVE numbers(n) AS
    (SELECT {{first}} UNION ALL SELECT n + 1 FROM numbers WHERE n < {{last}})
SELECT lower(hex(randomblob(16))), lower(hex(randomblob(32))),
    datetime('2020-01-01', (n * 10) || ' seconds') || '.000000',
    datetime('2020-01-01', (n * 10 + 300) || ' seconds') || '.000000',
    datetime('2020-01-01', (n * 10 + 300) || ' seconds') || '.000000', n % 100000, {_SCANNED}
FROM numbers
""",
    "mariadb": f"""
{_INSERT} SELECT md5(concat(rand(), seq)), sha2(seq, 256), '2020-01-01' + INTERVAL seq * 10 SECOND,
    '2020-01-01' + INTERVAL seq * 10 + 300 SECOND, '2020-01-01' + INTERVAL seq * 10 + 300 SECOND,
    mod(seq, 100000), {_SCANNED}
FROM seq_{{first}}_to_{{last}}
""",
}
# What a server with so many rows is given.
_MEMORY = {"postgresql": "--shared_buffers=1GB", "mariadb": "--innodb-buffer-pool-size=1G"}
_TIDY = {
    "postgresql": ["VACUUM ANALYZE", "CHECKPOINT"],
    "sqlite": ["PRAGMA wal_checkpoint(TRUNCATE)"],
    "mariadb": ["ANALYZE TABLE qrlogin_login_request"],
}


@contextlib.contextmanager
def databases(kind: str, sizes: c.Sequence[int]) -> c.Iterator[dict[int, flask.Flask]]:
    """Yield an app for each size, whose database has so many old rows."""
    with contextlib.ExitStack() as stack:
        if kind == "sqlite":
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="qrlogin-"))
            urls = [f"sqlite:///{folder}/{size}.sqlite3" for size in sizes]
        else:
            server = stack.enter_context(hosting.sql_server(kind, _MEMORY[kind]))
            urls = [server.new_database(f"rows{size}") for size in sizes]
        apps = {}
        for size, url in zip(sizes, urls, strict=True):
            hosting.say(f"{kind}: filling a database with {size:,} rows")
            hosting.create({"DATABASE": url})
            fill(kind, url, size)
            apps[size] = host.create_app(url)
        yield apps


def fill(kind: str, url: str, size: int) -> None:
    """Add old rows, in chunks."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        if kind == "sqlite":
            # A gigabyte of cache, since the ids are random.
            for setting in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-1000000"):
                connection.exec_driver_sql(f"PRAGMA {setting}")
        for first in range(1, size + 1, _CHUNK):
            last = min(size, first + _CHUNK - 1)
            connection.exec_driver_sql(_ROWS[kind].format(first=first, last=last))
    with engine.connect() as connection:
        for statement in _TIDY[kind]:
            connection.exec_driver_sql(statement)


def one_round(app: flask.Flask) -> dict[str, float]:
    """Return what each takes in one database, in microseconds."""
    codes = [in_process.run(app, logins.begin(0)) for _ in range(20)]
    polls = [logins.ask_poll(0, code, state="pending") for code in codes]
    return {
        "poll": _time(300, lambda number: in_process.ask(app, polls[number % len(polls)])),
        "login": _time(30, lambda number: in_process.run(app, logins.one_login(0))),
        "purge": _time(2, lambda number: _purge(app)),
    }


def _purge(app: flask.Flask) -> None:
    with app.app_context():
        if current_state().login_requests.purge(100) != 100:
            raise RuntimeError("There was nothing to purge.")


def _time(number: int, do: c.Callable[[int], object]) -> float:
    began = time.perf_counter()
    for this in range(number):
        do(this)
    return (time.perf_counter() - began) / number * 1e6


def compare(kind: str, sizes: c.Sequence[int], rounds: int) -> c.Iterator[list[str]]:
    """Measure one kind of database, and yield the rows of the table."""
    seen = collections.defaultdict[tuple[str, int], list[float]](list)
    with databases(kind, sizes) as apps:
        for app in apps.values():
            one_round(app)
        for _ in range(rounds):
            for size, app in apps.items():
                for what, microseconds in one_round(app).items():
                    seen[what, size].append(microseconds)
    for what in ("poll", "login", "purge"):
        cells = [f"{statistics.median(seen[what, sizes[0]]):,.0f}"]
        for size in sizes[1:]:
            pairs = zip(seen[what, size], seen[what, sizes[0]], strict=True)
            ratio = statistics.median(this / smallest for this, smallest in pairs)
            cells.append(f"{ratio:.2f}{'' if ratio <= GOAL else ' missed'}")
        yield [f"{kind}, {what}", *cells]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="for a look")
    parser.add_argument("--rows", type=int, default=1_000_000, help="most rows, 1000000 else")
    parser.add_argument("--store", choices=_ROWS, help="only this one")
    arguments = parser.parse_args()
    rounds, most = (3, 100_000) if arguments.quick else (12, arguments.rows)
    sizes = [size for size in (SMALLEST, 100_000 if arguments.quick else 1_000_000) if size < most]
    sizes.append(most)
    print(hosting.machine("flask", "sqlalchemy", "psycopg"))
    kinds = [arguments.store] if arguments.store else list(_ROWS)
    rows = [row for kind in kinds for row in compare(kind, sizes, rounds)]
    head = ["", f"µs with {sizes[0]:,} rows", *(f"{size:,} rows" for size in sizes[1:])]
    print(hosting.table(head, rows))
    print(f"Ratios of the first column; at most {GOAL}.")


if __name__ == "__main__":
    main()
