"""Runs the app on Waitress: ``python waitress_serve.py``."""

from __future__ import annotations

import signal
import threading

import waitress
from app import app

from flask_qrlogin import release_waiting


def answer_and_end(number: int, frame: object) -> None:
    """Answer who waits, and end a second later: by itself Waitress ends at once."""
    threading.Thread(target=release_waiting, args=(app,)).start()
    signal.alarm(1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, answer_and_end)
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    waitress.serve(
        app,
        listen="127.0.0.1:8000",
        # A held poll takes a thread. Start with QRLOGIN_HELD_POLLS = 2.
        threads=8,
        # By default it drops what the proxy says, and ProxyFix finds nothing.
        clear_untrusted_proxy_headers=False,
    )
