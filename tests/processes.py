"""The programs that tests start, and how tests wait for what these do."""

from __future__ import annotations

import collections.abc as c
import contextlib
import http.client
import os
import pathlib
import re
import signal
import socket
import subprocess
import time
import typing as t

import psutil  # type: ignore[import-untyped]

#: Seconds until a test gives up on what takes long only where something is wrong.
PATIENCE = 60.0

_CHECKOUT = pathlib.Path(__file__).parents[1]

T = t.TypeVar("T")


class Process:
    """A program in a process group of its own, which writes what it says into a file.

    It ends with the ``with`` statement, and with the tests, however those end. The options are
    those of :class:`subprocess.Popen`.
    """

    def __init__(
        self,
        command: c.Sequence[str],
        log: pathlib.Path,
        *,
        cwd: pathlib.Path | None = None,
        **options: t.Any,
    ) -> None:
        self._command = " ".join(command)
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                cwd=cwd or log.parent,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C is for the tests, which end it.
                **options,
            )
        # If we die, however that is, this one reads the end of the pipe.
        self._guard = subprocess.Popen(
            ["sh", "-c", "cat; kill -9 -$0", str(self.pid)],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )

    def __enter__(self) -> t.Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """The process itself, of all that it has started."""
        return self._process.pid

    def log(self) -> str:
        """Return what is in its file."""
        return self._log.read_text(errors="replace")

    def until_it_answers(self, ask: c.Callable[[], object]) -> None:
        """Return when ``ask`` finds it well: until then that raises something, or returns False.

        Raises:
            RuntimeError: it does not come, with the end of what it has written.
        """

        def answers() -> bool:
            if self._process.poll() is not None:
                raise ChildProcessError("It has ended.")
            with contextlib.suppress(Exception):  # Whatever its client raises meanwhile.
                return ask() is not False
            return False

        try:
            until(answers, "it answers")
        except (TimeoutError, ChildProcessError) as error:
            self.kill()
            raise RuntimeError(f"{self._command}: {error}\n{self.log()[-4000:]}") from None

    def until_it_says(self, pattern: str) -> str:
        """Return what the group of a regular expression is in what it has written.

        Raises:
            RuntimeError: it does not say that, with the end of what it has written.
        """
        self.until_it_answers(lambda: re.search(pattern, self.log()) is not None)
        return "".join(re.findall(pattern, self.log())[:1])

    def send(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def wait(self) -> int:
        """Return its exit code, when it has ended by itself."""
        code = self._process.wait(PATIENCE)
        self._release_guard()
        return code

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it by a signal, and return its exit code."""
        self.send(number)
        return self.wait()

    def kill(self) -> None:
        """Kill it and all that it has started, as a crash does; return when they are gone."""
        started: list[psutil.Process] = []
        if self._process.poll() is None:
            with contextlib.suppress(psutil.NoSuchProcess):
                started = psutil.Process(self.pid).children(recursive=True)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        for process in started:  # Those of PostgreSQL are in groups of their own.
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self.wait()
        until(lambda: not any(map(_lives, started)), f"all processes of {self._command} are gone")

    def _release_guard(self) -> None:
        self._guard.kill()
        self._guard.communicate()


def until(
    condition: c.Callable[[], T], what: str, *, seconds: float = PATIENCE, every: float = 0.01
) -> T:
    """Return what a condition returns, when that is true; ``what`` says it in words.

    It is asked again each ``every`` seconds.

    Raises:
        TimeoutError
    """
    end = time.monotonic() + seconds
    while not (found := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"In {seconds:g} s it has not come to this: {what}.")
        time.sleep(every)
    return found


def environment(**variables: str) -> dict[str, str]:
    """Return what a program is told that imports the package and the tests, and more."""
    # What the tests were told to test, if it is a changed copy of the package, goes first.
    path = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), str(_CHECKOUT)]))
    return {**os.environ, "PYTHONPATH": path, **variables}


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return t.cast(int, free.getsockname()[1])


def status(port: int, path: str = "/", **headers: str) -> int:
    """Ask a server of this computer for a page; return the status of the answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    with contextlib.closing(connection):
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status


def _lives(process: psutil.Process) -> bool:
    # A dead one that nobody has asked for yet is a zombie.
    with contextlib.suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False
