"""The example app, run by gunicorn in two processes."""

from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
import sys
import types
import typing as t

from tests.processes import environment
from tests.processes import free_port
from tests.processes import Process
from tests.processes import status

from .served import PROXIES

#: What people know the site by: a proxy, which the clients play, ends HTTPS.
HOST = "harbour.example"
ORIGIN = f"https://{HOST}"


class Site:
    """The example app, running while the ``with`` statement does.

    ``store`` is where login requests are kept, if that is not the SQLite file of the accounts.
    ``config`` holds keys such as ``QRLOGIN_REQUESTS_PER_NETWORK``.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        *,
        store: str | None = None,
        workers: int = 2,
        proxies: int = 1,
        config: c.Mapping[str, str] = types.MappingProxyType({}),
    ) -> None:
        self.port = free_port()
        #: What browsers and apps have been given for a password, so that each asks once.
        self.logins: dict[object, t.Any] = {}
        self._folder = folder
        self._workers = workers
        if store:
            config = {**config, "QRLOGIN_STORE": store}
        self._environment = environment(
            **{
                "EXAMPLE_INSTANCE_PATH": str(folder),
                "QRLOGIN_BASE_URL": ORIGIN,
                PROXIES: str(proxies),
                # The stories are many, and the people few.
                "FLASK_RATELIMIT_ENABLED": "false",
                **{f"FLASK_{key}": value for key, value in config.items()},
            }
        )

    def __enter__(self) -> t.Self:
        self._set_clock(0)
        command = ["gunicorn", "tests.attacks.served:create_app()"]
        command += ["--bind", f"127.0.0.1:{self.port}", "--workers", str(self._workers)]
        command += ["--worker-class", "gthread", "--threads", "8"]
        command += ["--access-logfile", "-", "--log-level", "debug"]
        self._process = Process(
            [sys.executable, "-m", *command], self._folder / "log", env=self._environment
        )
        self._process.until_it_answers(lambda: status(self.port, "/login", Host=HOST) == 200)
        return self

    def __exit__(self, *failure: object) -> None:
        self._process.kill()

    @contextlib.contextmanager
    def later(self, seconds: float) -> c.Iterator[None]:
        """Let the clock of all processes go ahead meanwhile."""
        self._set_clock(seconds)
        try:
            yield
        finally:
            self._set_clock(0)

    @property
    def secret_key(self) -> str:
        """The app's key, for what a real app would have given out some time ago."""
        return (self._folder / "secret_key").read_text()

    def log(self) -> str:
        """Return all that the processes have written: at DEBUG, with the access log."""
        return (self._folder / "log").read_text()

    def _set_clock(self, ahead: float) -> None:
        # At once, since they read it all the time.
        draft = self._folder / "draft"
        draft.write_text(str(ahead))
        draft.replace(self._folder / "ahead")
