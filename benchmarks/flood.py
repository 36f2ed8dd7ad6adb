"""Measures how large the table gets while somebody asks for 50 codes a second for ten minutes.

    python benchmarks/flood.py            ten minutes
    python benchmarks/flood.py --quick    seven minutes of the flood, in SQLite alone

The flood comes from one address, with and without ``QRLOGIN_REQUESTS_PER_NETWORK``, and from 200
networks, which that does not stop. It goes as fast as it can: the clock of the site is moved on by
20 ms with each request. PostgreSQL is told to vacuum once a minute of that clock, as autovacuum
does once a minute of its own. Bytes are those of the file, or of the table with its indexes; the
processor time is without that of PostgreSQL.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import tempfile
import time
import typing as t
from datetime import datetime
from datetime import timedelta
from datetime import UTC

import host
import hosting
import sqlalchemy as sa

_A_SECOND = 50
_TABLE = "qrlogin_login_request"
_SIZE = {
    "sqlite": "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
    "postgresql": f"SELECT pg_total_relation_size('{_TABLE}')",
}
#: Whether there is the cap, and from how many networks the flood comes.
_FLOODS = {"one address, no cap": (False, 1), "one address": (True, 1), "200 networks": (True, 200)}


class Clock:
    """The time at the site."""

    def __init__(self) -> None:
        self.now = datetime(2030, 1, 31, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def flood(url: str, *, cap: bool, networks: int, minutes: int) -> t.Iterator[tuple[int, int]]:
    """Yield rows and bytes after each minute."""
    os.environ["FLASK_QRLOGIN_REQUESTS_PER_NETWORK"] = "1000" if cap else "null"
    hosting.create({"DATABASE": url})
    clock = Clock()
    app = host.create_app(url, clock=clock)
    client = app.test_client(use_cookies=False)
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    for _ in range(minutes):
        for number in range(60 * _A_SECOND):
            clock.now += timedelta(seconds=1) / _A_SECOND
            answer = client.post(
                "/qrlogin/requests",
                json={},
                headers={"Origin": host.BASE_URL},
                environ_base={"REMOTE_ADDR": f"10.0.{number % networks}.1"},
            )
            if answer.status_code not in (201, 429):
                raise RuntimeError(answer.text[:200])
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql(f"VACUUM {_TABLE}")
            rows = connection.exec_driver_sql(f"SELECT count(*) FROM {_TABLE}").scalar_one()
            size = connection.exec_driver_sql(_SIZE[engine.dialect.name]).scalar_one()
        yield rows, size
    engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="for a look")
    arguments = parser.parse_args()
    minutes = 7 if arguments.quick else 10
    kinds = ["sqlite"] if arguments.quick else ["sqlite", "postgresql"]
    print(hosting.machine("flask", "sqlalchemy", "psycopg"))
    columns = {}
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="qrlogin-"))
        for kind in kinds:
            server = stack.enter_context(hosting.sql_server(kind)) if kind != "sqlite" else None
            for number, (name, (cap, networks)) in enumerate(_FLOODS.items()):
                hosting.say(f"{kind}: {name}")
                url = f"sqlite:///{folder}/{number}.sqlite3"
                if server is not None:
                    url = server.new_database(f"flood{number}")
                began = time.process_time()
                cells = [
                    f"{rows:,} / {size / 2**20:.1f}"
                    for rows, size in flood(url, cap=cap, networks=networks, minutes=minutes)
                ]
                took = (time.process_time() - began) / (minutes * 60 * _A_SECOND)
                columns[f"{kind}, {name}"] = [*cells, f"{took * 1000:.2f}"]
    firsts = [*range(1, minutes + 1), "CPU ms a request"]
    print(hosting.table(["minute", *columns], zip(firsts, *columns.values(), strict=True)))
    print("Rows / MiB.")


if __name__ == "__main__":
    main()
