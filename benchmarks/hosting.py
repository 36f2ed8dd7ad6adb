"""Runs the site of host.py, with a database of each kind."""

from __future__ import annotations

import collections.abc as c
import contextlib
import importlib.metadata
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

import servers

FOLDER = pathlib.Path(__file__).parent
sys.path.append(str(FOLDER.parent))

from tests.servers import MariaDB  # noqa: E402
from tests.servers import PostgreSQL  # noqa: E402
from tests.servers import Redis  # noqa: E402
from tests.servers import running  # noqa: E402
from tests.servers import SQLServer  # noqa: E402

#: The environment in which the site uses a database.
Env = dict[str, str]


@contextlib.contextmanager
def database(kind: str, *options: str) -> c.Iterator[Env]:
    """Run a database of a kind, with the tables of the site and its user.

    With Redis, users are in SQLite. ``options`` are for the server, if it is one of SQL.
    """
    with contextlib.ExitStack() as stack:
        env = {}
        if kind == "postgresql":
            env["DATABASE"] = stack.enter_context(sql_server(kind, *options)).url
        else:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="qrlogin-"))
            env["DATABASE"] = f"sqlite:///{folder}/db.sqlite3"
        if kind == "redis":
            env["FLASK_QRLOGIN_STORE"] = stack.enter_context(running(Redis)).url
        create(env)
        yield env


@contextlib.contextmanager
def sql_server(kind: str, *options: str) -> c.Iterator[SQLServer]:
    """Run PostgreSQL or MariaDB, with more options of its own."""
    with running(PostgreSQL if kind == "postgresql" else MariaDB, *options) as server:
        yield server


def create(env: Env) -> None:
    """Make the tables of the site and its user."""
    flask = [sys.executable, "-m", "flask", "--app", "host", "create"]
    subprocess.run(flask, cwd=FOLDER, env=os.environ | env, check=True)


def serve(
    env: Env,
    worker: str,
    *,
    workers: int = 2,
    threads: int = 1,
    app: str = "host:create_app()",
    options: c.Sequence[str] = (),
) -> servers.Server:
    """Return the site on gunicorn, to be used in a ``with`` statement."""
    port = servers.free_port()
    command = servers.gunicorn(
        app, port=port, worker=worker, workers=workers, threads=threads, options=options
    )
    return servers.Server(command, port=port, folder=FOLDER, env=env)


def machine(*packages: str) -> str:
    """Say on what all this was measured."""
    lines = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), "?")
    versions = [f"{name} {importlib.metadata.version(name)}" for name in packages]
    return ", ".join(
        [
            f"{os.cpu_count()} cores of {model}",
            f"load {os.getloadavg()[0]:.1f} at the start",
            f"CPython {platform.python_version()}",
            *versions,
        ]
    )


def table(head: c.Sequence[str], rows: c.Iterable[c.Sequence[object]]) -> str:
    """Write a table in Markdown; all but the first column are numbers."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def say(text: str) -> None:
    """Tell how far it is, beside the tables."""
    print(text, file=sys.stderr, flush=True)
