# gunicorn -c gunicorn-preload.conf.py app:app

from __future__ import annotations

import signal
import threading
import typing as t

from flask_qrlogin import release_waiting

bind = "127.0.0.1:8000"
workers = 2
worker_class = "gthread"
threads = 8
keepalive = 5
graceful_timeout = 30
# The app is loaded once, before the workers are made, and so before they set their own handlers.
preload_app = True


def post_worker_init(worker: t.Any) -> None:
    """Answer who waits when the worker is told to end; without this it waits for them."""
    end: t.Any = signal.getsignal(signal.SIGTERM)

    def release_and_end(number: int, frame: object) -> None:
        threading.Thread(target=release_waiting, args=(worker.wsgi,)).start()
        end(number, frame)

    signal.signal(signal.SIGTERM, release_and_end)
