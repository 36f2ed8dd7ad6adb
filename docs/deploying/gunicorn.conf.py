# gunicorn "app:app", with this file in the working folder. Needs: pip install 'gunicorn[gevent]'

from __future__ import annotations

bind = "127.0.0.1:8000"
workers = 2
# Holds thousands of polls in each worker: by default half of worker_connections, or of the open
# files that `ulimit -n` allows if those are fewer.
worker_class = "gevent"
worker_connections = 10_000
# Longer than the proxy keeps an idle connection, else it sends a POST into one that is closing; not
# much longer, since a gevent worker that is told to end waits for idle connections too.
keepalive = 5
# Longer than QRLOGIN_HOLD_SECONDS.
graceful_timeout = 30
