"""With --preload the app is there before the worker's signal handlers: release by hand."""

from __future__ import annotations

import _thread
import signal
import types
import typing as t


def post_worker_init(worker: t.Any) -> None:
    """Answer who waits when the worker is told to end."""
    from flask_qrlogin import release_waiting
    from tests.waiting.host import app

    handler = t.cast(t.Callable[..., object], signal.getsignal(signal.SIGTERM))

    def end(number: int, frame: types.FrameType | None) -> None:
        # Not in the handler itself: what it has interrupted may hold a lock.
        _thread.start_new_thread(release_waiting, (app,))
        handler(number, frame)

    signal.signal(signal.SIGTERM, end)
