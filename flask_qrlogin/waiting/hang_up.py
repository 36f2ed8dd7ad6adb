"""Notices that a client has hung up while its poll is held."""

from __future__ import annotations

import collections.abc as c
import contextlib
import functools
import os
import select
import socket
import threading
import typing as t

#: Where servers show the client's connection: gunicorn, its worker gevent_pywsgi, Werkzeug.
_SOCKETS = ("gunicorn.socket", "gunicorn.sock", "werkzeug.socket")
_EVENTS: t.Final[int] = getattr(select, "EPOLLRDHUP", 0) | getattr(select, "EPOLLONESHOT", 0)


@functools.cache
def hang_ups() -> HangUps:
    """Return the watch of this process: made at first use, since gevent may patch after import."""
    return HangUps()


class HangUps:
    """Watches the connections of all held polls of a process, with one thread.

    Linux tells it. Elsewhere, or where the server does not show its socket, the place of one that
    has gone is free when its wait ends.
    """

    def __init__(self) -> None:
        self._reset()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._reset)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._epoll: t.Any = None
        self._callbacks: dict[int, c.Callable[[], None]] = {}

    @contextlib.contextmanager
    def watch(
        self, environ: c.Mapping[str, t.Any], hung_up: c.Callable[[], None]
    ) -> c.Iterator[None]:
        """Call ``hung_up`` if the client that has sent a request hangs up meanwhile."""
        connection = next((environ[name] for name in _SOCKETS if name in environ), None)
        if not _EVENTS or not isinstance(connection, socket.socket):
            yield
            return
        file = connection.fileno()
        with self._lock:
            watched = self._watch(file, hung_up)
        try:
            yield
        finally:
            if watched:
                # The number may be another connection's soon; closed ones have left by themselves.
                with self._lock, contextlib.suppress(OSError):
                    if self._callbacks.get(file) is hung_up:
                        del self._callbacks[file]
                        self._epoll.unregister(file)

    def _watch(self, file: int, hung_up: c.Callable[[], None]) -> bool:
        """Begin to watch, where that is possible: without it the poll is held all the same."""
        # Before it is watched, since it may have ended already.
        before = self._callbacks.get(file)
        self._callbacks[file] = hung_up
        try:
            if self._epoll is None:
                self._begin()
            self._epoll.register(file, _EVENTS)
        except (OSError, ValueError, RuntimeError):
            del self._callbacks[file]
            if before is not None:
                self._callbacks[file] = before
            return False
        return True

    def _begin(self) -> None:
        epoll = _epoll()
        threading.Thread(
            target=self._run, args=(epoll,), name="qrlogin hang-ups", daemon=True
        ).start()
        self._epoll = epoll

    def _run(self, epoll: t.Any) -> None:
        # Waited for with poll, since gevent has one that lets others go on.
        ready = select.poll()
        ready.register(epoll.fileno(), select.POLLIN)
        while True:
            ready.poll()
            for file, _ in epoll.poll(0):
                hung_up = self._callbacks.get(file)
                if hung_up is not None:
                    hung_up()


def _epoll() -> t.Any:
    """Make an epoll object, which gevent takes out of ``select``."""
    if hasattr(select, "epoll"):
        return select.epoll()
    from gevent import monkey

    return monkey.get_original("select", "epoll")()
