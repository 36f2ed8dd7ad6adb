"""Serves the host with servers that are started from Python: ``python serve.py NAME PORT``."""

from __future__ import annotations

import sys

NAME, PORT = sys.argv[1], int(sys.argv[2])

if NAME == "gevent":
    from gevent import monkey

    monkey.patch_all()

from tests.waiting.host import app  # noqa: E402 - only after gevent's patch.

if NAME.startswith("gevent"):
    from gevent.pywsgi import WSGIServer

    WSGIServer(("127.0.0.1", PORT), app, log=None).serve_forever()
elif NAME.startswith("waitress"):
    import waitress

    waitress.serve(app, host="127.0.0.1", port=PORT, threads=int(NAME.partition("-")[2]))
else:
    app.run("127.0.0.1", PORT, threaded=NAME == "werkzeug")
