"""What every answer of ours has to look like, whatever was asked."""

from __future__ import annotations

import json
import re

import markupsafe
from werkzeug.wrappers import Response

from flask_qrlogin.core import errors


def _kinds(kind: type[errors.Refusal]) -> list[type[errors.Refusal]]:
    return [each for sub in kind.__subclasses__() for each in (sub, *_kinds(sub))]


REFUSALS = {kind.code: kind for kind in _kinds(errors.Refusal)}
_SUCCESS = {200, 201, 204, 302, 303}
#: Errors of the server that the contract knows.
_OWN_TROUBLE = {501, 503}
#: A path of this site, that no browser takes for another host.
_OWN_PATH = re.compile(r"/(?![/\\])[\x21-\x7e]*")


def check(answer: Response, *, endpoint: str | None, method: str) -> None:
    """Check an answer of one of our endpoints, or of none (no such page or method)."""
    status, text = answer.status_code, answer.get_data().decode("utf-8", "replace")
    assert status < 500 or status in _OWN_TROUBLE, (status, text[:300])
    assert "Traceback (most recent call last)" not in text
    ours = endpoint is not None and endpoint.startswith("qrlogin")
    if not ours or endpoint == "qrlogin.static" or method == "OPTIONS":
        return
    assert _OWN_PATH.fullmatch(answer.headers.get("Location", "/"))
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if answer.mimetype == "text/html" and status not in (302, 303):
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    if status < 400:
        assert status in _SUCCESS, status
    elif method == "HEAD":
        assert answer.mimetype in ("application/problem+json", "text/html")
    elif answer.mimetype == "application/problem+json":
        body = json.loads(text)
        assert (body["status"], REFUSALS[body["code"]].status) == (status, status), body
        assert body["title"] == REFUSALS[body["code"]].title
    else:
        assert answer.mimetype == "text/html", (status, answer.mimetype, text[:300])
        titles = [markupsafe.escape(k.title) for k in REFUSALS.values() if k.status == status]
        # Beside the field in the form for a user code.
        starts = '<h1 dir="auto">', 'role="alert"><bdi>'
        headings = [f"{start}{title}<" for title in titles for start in starts]
        assert any(heading in text for heading in headings), (status, text[:2000])
