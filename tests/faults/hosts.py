"""Runs the small application in real server processes, several of them where that is wanted."""

from __future__ import annotations

import contextlib
import json
import pathlib
import sys
import typing as t

from tests.processes import environment
from tests.processes import free_port
from tests.processes import Process
from tests.processes import status

from . import host_app


class Host:
    """gunicorn with the application, running while the ``with`` statement does.

    ``database`` is the application's own; login requests are kept there too, unless ``store`` is
    the URL of another place. With ``preload`` the workers are forks of one that has made the
    application. ``clock_ahead`` is by how many seconds its clock is wrong.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        *,
        database: str,
        store: str | None = None,
        worker: str = "gthread",
        workers: int = 2,
        preload: bool = False,
        clock_ahead: float = 0,
        **config: t.Any,
    ) -> None:
        self.port = free_port()
        self.folder = folder
        self.config = {
            "FOLDER": str(folder),
            "CLOCK_AHEAD": clock_ahead,
            "SQLALCHEMY_DATABASE_URI": database,
            "QRLOGIN_BASE_URL": "http://host.example",
            **({"QRLOGIN_STORE": store} if store else {}),
            **config,
        }
        self._command = [
            *(sys.executable, "-m", "gunicorn", "tests.faults.host_app:create_app()"),
            *("--bind", f"127.0.0.1:{self.port}", "--log-level", "warning"),
            *("--worker-class", worker, "--workers", str(workers), "--threads", "8"),
            *("--keep-alive", "60", *(["--preload"] if preload else [])),
        ]

    def __enter__(self) -> t.Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            # Several hosts may have one folder, and so one database.
            (self.folder / "made").touch(exist_ok=False)
            host_app.make_tables(self.config)
        self._process = Process(
            self._command,
            self.folder / f"log {self.port}",
            env=environment(**{host_app.VARIABLE: json.dumps(self.config)}),
        )
        self._process.until_it_answers(lambda: status(self.port) == 200)
        return self

    def __exit__(self, *failure: object) -> None:
        self._process.kill()

    @property
    def pid(self) -> int:
        """The process that starts the workers."""
        return self._process.pid

    def set_trap(self, moment: str) -> pathlib.Path:
        """Let the first worker that comes to a moment die there, such as ``after approved``.

        Return the file that is there as long as none has.
        """
        trap = self.folder / "trap"
        trap.write_text(moment)
        return trap

    def log(self) -> str:
        """Return what the servers have written."""
        return "".join(path.read_text() for path in self.folder.glob("log *"))
