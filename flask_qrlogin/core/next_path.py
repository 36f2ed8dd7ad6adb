"""Decides whether a ``next`` leads to a page of this site and nowhere else."""

from __future__ import annotations

import re
from urllib.parse import unquote

_UNSAFE = re.compile(r"[\x00-\x1f\x7f-\x9f\\\ud800-\udfff]")
_MAX = 2000


def is_own_path(path: str, *, prefix: str) -> bool:
    r"""Tell whether a text is one path of this site, outside our own pages under ``prefix``.

    It guards against an open redirect: ``//host``, ``/\host``, a scheme, a control character that
    browsers drop, and the same things percent-encoded, since some front end may decode once.
    """
    if len(path) > _MAX or " " in path:
        return False
    return all(_is_plain(text, prefix) for text in (path, unquote(path, errors="replace")))


def _is_plain(text: str, prefix: str) -> bool:
    # What begins with one slash has neither scheme nor host (RFC 3986, section 4.2).
    if not text.startswith("/") or text.startswith("//") or _UNSAFE.search(text):
        return False
    path = re.split("[?#]", text, maxsplit=1)[0]
    # Browsers take "." and ".." out before they go there, also as "%2e".
    dots = not {".", ".."}.isdisjoint(map(unquote, path.split("/")))
    return not (dots or path == prefix or path.startswith(f"{prefix}/"))
