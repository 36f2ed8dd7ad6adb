# gunicorn -c gunicorn-gthread.conf.py app:app

from __future__ import annotations

bind = "127.0.0.1:8000"
workers = 2
worker_class = "gthread"
# A held poll takes a thread. Start with QRLOGIN_HELD_POLLS = 2: the other six serve the site.
threads = 8
keepalive = 5
graceful_timeout = 30
