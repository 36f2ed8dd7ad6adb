"""Lets a WSGI app answer the scripts of load.py without any server, to see what it costs alone."""

from __future__ import annotations

import functools
import io
import sys
import typing as t
import wsgiref.types

from load import Answer
from load import Ask
from load import Step


def run(app: wsgiref.types.WSGIApplication, script: t.Generator[Step, t.Any, t.Any]) -> t.Any:
    """Run a script to its end, without its pauses, and return what it finds out."""
    answer = None
    while True:
        try:
            step = script.send(answer)
        except StopIteration as end:
            return end.value
        answer = ask(app, step) if isinstance(step, Ask) else None


def ask(app: wsgiref.types.WSGIApplication, step: Ask) -> Answer:
    """Let the app answer one request.

    Raises:
        RuntimeError: the answer is wrong.
    """
    environ, body = _read(step.request)
    heads: list[str] = []

    def start_response(status: str, headers: list[tuple[str, str]], *exception: t.Any) -> t.Any:
        heads.append("\r\n".join([status, *(f"{name}: {value}" for name, value in headers)]))

    chunks = app(environ | {"wsgi.input": io.BytesIO(body)}, start_response)
    content = b"".join(chunks)
    if hasattr(chunks, "close"):
        chunks.close()
    answer = Answer(int(heads[0][:3]), heads[0].encode("latin-1"), content)
    if not step.right(answer):
        raise RuntimeError(f"{step.label}: {answer.status} {answer.body[:200]!r}")
    return answer


@functools.cache
def _read(data: bytes) -> tuple[dict[str, t.Any], bytes]:
    """Read a request once, since that is not what is measured."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    method, path, protocol = first.split(" ")
    fields = {}
    for line in lines:
        name, _, value = line.partition(": ")
        key = name.upper().replace("-", "_")
        fields[key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"] = value
    return {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": protocol,
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        **fields,
    }, body
