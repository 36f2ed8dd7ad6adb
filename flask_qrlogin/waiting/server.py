"""What we know of the server that runs us: what it can bear, and when it ends."""

from __future__ import annotations

import _thread
import collections.abc as c
import contextlib
import signal
import sys
import threading
import types
import typing as t
import weakref

#: Polls that Werkzeug's server may hold, which starts a thread for each request.
_WERKZEUG_PLACES = 20
#: Connections of a gevent server that tells no limit of its own.
_GEVENT_CONNECTIONS = 10_000
#: gunicorn's usual worker_connections, for a worker that does not tell its own.
_GUNICORN_CONNECTIONS = 1000

_Handler: t.TypeAlias = t.Callable[[int, types.FrameType | None], object]


def places(environ: t.Mapping[str, t.Any], wanted: int | None) -> int:
    """Return how many polls this process may hold, so that the site never starves.

    ``wanted`` is what the app says. Else polls are held where each request has a greenlet or a
    thread of its own. ``wsgi.multithread`` cannot tell: it is true for a pool of a single thread,
    and false for gevent's own server; how many threads there are is not in the environ.
    """
    if "gunicorn.socket" in environ and environ["SERVER_PROTOCOL"].startswith("HTTP/2"):
        return 0  # It answers what comes over one connection one after the other.
    greenlet = _is_greenlet_of_server()
    if wanted is not None:
        return wanted if greenlet or environ["wsgi.multithread"] else 0
    # uWSGI has few greenlets, and tells nobody how many.
    if greenlet and "uwsgi.version" not in environ:
        return _half_of_connections(environ)
    return _WERKZEUG_PLACES if "werkzeug.socket" in environ and environ["wsgi.multithread"] else 0


def release_at_sigterm(release: c.Callable[[], None]) -> None:
    """Release the held polls of an app when its server is told to end, and let the server go on.

    Only where the server has set its handler before it loads the app, as gunicorn's workers do;
    without one the process ends at once anyway. Only the main thread can set one.
    """
    handler = signal.getsignal(signal.SIGTERM)
    while isinstance(handler, _Release) and handler.is_void:
        handler = handler.server_handler
    if callable(handler) and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _Release(release, handler))


class _Release:
    """A signal handler that releases who waits, and calls the server's own."""

    def __init__(self, release: c.Callable[[], None], server_handler: _Handler) -> None:
        self.server_handler = server_handler
        # It is gone with its app, of which tests make many.
        self._release = weakref.WeakMethod(release)

    @property
    def is_void(self) -> bool:
        """Whether its app is gone."""
        return self._release() is None

    def __call__(self, number: int, frame: types.FrameType | None) -> None:
        try:
            if (release := self._release()) is not None:
                # Not here: what was interrupted may hold the lock that this needs. Nor with Thread,
                # which waits for its thread to begin: gevent's loop may be what was interrupted.
                _thread.start_new_thread(release, ())
        finally:
            self.server_handler(number, frame)


def _is_greenlet_of_server() -> bool:
    """Tell whether gevent serves, with a greenlet for each connection.

    Not where gevent has made greenlets of a pool's threads.
    """
    monkey = sys.modules.get("gevent.monkey")
    if monkey is None or not monkey.is_module_patched("threading"):
        return False
    # One that no Thread object has begun, and not the one that everything runs in. If that cannot
    # be told, no poll is held.
    begun_elsewhere = getattr(threading, "_DummyThread", ())
    return isinstance(threading.current_thread(), begun_elsewhere)


def _half_of_connections(environ: t.Mapping[str, t.Any]) -> int:
    """Leave the other half to the site: who waits occupies a connection, and so an open file."""
    connections = _GUNICORN_CONNECTIONS if "gunicorn.socket" in environ else _GEVENT_CONNECTIONS
    # gunicorn's worker does not show itself, but is what handles its signals.
    handler = signal.getsignal(signal.SIGTERM)
    while isinstance(handler, _Release):
        handler = handler.server_handler
    worker = getattr(handler, "__self__", None)
    connections = getattr(getattr(worker, "cfg", None), "worker_connections", connections)
    with contextlib.suppress(ImportError):  # Windows has no such limit.
        import resource

        open_files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        if open_files != resource.RLIM_INFINITY:
            connections = min(connections, open_files)
    return int(connections) // 2
