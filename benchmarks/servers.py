"""Starts a web server as processes of its own, and tells what processor time and memory it takes.

It reads /proc, so Linux only. Run alone, ``servers.py PORT keep`` or ``close``, it is the cheapest
server there can be: for finding out what a load program can do.
"""

from __future__ import annotations

import collections.abc as c
import http.client
import os
import pathlib
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import time
import types
import typing as t

_TICKS = os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """Return a port of this computer that nobody uses now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return t.cast(int, listener.getsockname()[1])


def gunicorn(
    app: str,
    *,
    port: int,
    worker: str = "sync",
    workers: int = 2,
    threads: int = 1,
    python: str = sys.executable,
    options: c.Sequence[str] = (),
) -> list[str]:
    """Return the command that serves a WSGI app, such as ``app:create_app()``."""
    return [
        *(python, "-m", "gunicorn", app, "--bind", f"127.0.0.1:{port}", "--log-level", "warning"),
        *("--worker-class", worker, "--workers", str(workers), "--threads", str(threads)),
        *options,
    ]


class Server:
    """A server's command, running while the ``with`` statement does.

    ``env`` comes on top of this process's environment. What it writes is shown if it fails.
    """

    def __init__(
        self,
        command: c.Sequence[str],
        *,
        port: int,
        folder: pathlib.Path | None = None,
        env: c.Mapping[str, str] = types.MappingProxyType({}),
    ) -> None:
        self.port = port
        self._command = command
        self._folder = folder
        self._env = env

    def __enter__(self) -> t.Self:
        self._log = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            self._command,
            cwd=self._folder,
            env=os.environ | self._env,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            # A session of its own, by which its processes are found and ended.
            start_new_session=True,
        )
        try:
            self._wait()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.stop()

    def _wait(self) -> None:
        give_up = time.monotonic() + 30
        while True:
            client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            try:
                client.request("GET", "/")
                client.getresponse()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > give_up:
                    raise RuntimeError(f"The server did not start:\n{self.log()}") from None
                time.sleep(0.05)
            finally:
                client.close()

    def log(self) -> str:
        """Return the end of what the server has written."""
        self._log.seek(0)
        return self._log.read().decode(errors="replace")[-4000:]

    def stop(self) -> None:
        """End all its processes: politely, and after five seconds for good."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self._process.pid, number)
                self._process.wait(5)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
        self._log.close()

    def cpu(self) -> float:
        """Return the processor time that all its processes have used so far, in seconds."""
        # utime, stime, and those of children that have ended: /proc/PID/stat, fields 14 to 17.
        return sum(sum(map(int, fields[11:15])) for fields in self._stats().values()) / _TICKS

    def memory(self) -> int:
        """Return the memory of all its processes in bytes, with what they share counted once."""
        return sum(_proportional_set_size(pid) for pid in self._stats())

    def _stats(self) -> dict[int, list[str]]:
        """Read what follows the name in /proc/PID/stat, for each process of the session."""
        stats = {}
        for folder in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                fields = (folder / "stat").read_text().rpartition(")")[2].split()
            except OSError:  # It has ended meanwhile.
                continue
            if int(fields[3]) == self._process.pid:
                stats[int(folder.name)] = fields
        return stats


def _proportional_set_size(pid: int) -> int:
    try:
        lines = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def answer_everything(port: int, *, keep: bool) -> None:
    """Serve an empty answer to everybody, with as little work as there can be."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: %s\r\n\r\n{}"
    answer %= b"keep-alive" if keep else b"close"
    listener = socket.create_server(("127.0.0.1", port), backlog=1024)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is listener:
                selector.register(listener.accept()[0], selectors.EVENT_READ)
                continue
            connection = t.cast(socket.socket, key.fileobj)
            if connection.recv(65536):
                connection.send(answer)
                if keep:
                    continue
            selector.unregister(connection)
            connection.close()


if __name__ == "__main__":
    answer_everything(int(sys.argv[1]), keep=sys.argv[2] == "keep")
