"""Puts the description together: one document for each site, by its own address."""

from __future__ import annotations

import functools
import importlib.metadata
import json
import re
import typing as t

from . import app_paths
from . import browser_paths
from . import device_paths
from . import examples
from . import operation
from . import phone_paths
from . import problems
from . import schemas
from .schemas import Json
from .schemas import text

_VERSION = importlib.metadata.version("flask-qrlogin")
_DESCRIPTION = """\
A person logs in on a browser by scanning a QR code with a phone that is already logged in.

1. The browser asks for a code (`startRequest`), shows it, and polls (`pollRequest`).
2. The phone scans it: a native app with `scan`, a web browser by opening its URL (`openCode`).
3. The browser shows who has scanned it.
4. The person approves (`approve`, `approveOnPage`) or refuses.
5. The next poll logs the browser in.

Refusals are problem documents (RFC 9457); their `code` never changes its meaning, and their
`title` is in the language of the person. Answers may get more fields in later versions: pass over
what you do not know. Where the app itself fails, the answer is its own 500 or 503."""

_PATH_PARAMETERS = {
    "id": text("The id of a login request, or of the linked device that it led to."),
    "token": text("The QR token: the last part of the URL in the code."),
    "notice": text("What stands in the link of a notice."),
}
_HEADERS = {
    "CacheControl": ("Never kept by anybody.", {"const": "no-store"}, True),
    "RetryAfter": ("Seconds to wait before the next try.", {"type": "integer"}, True),
    "Location": ("Where to go.", {"type": "string"}, True),
    "WWWAuthenticate": ("How to log in.", {"const": "Bearer"}, True),
    "SetCookie": ("The browser secret, or its end.", {"type": "string"}, False),
}
#: Stand for what the site calls them.
_SECRET_COOKIE = "__Host-qrlogin-ID"  # noqa: S105 - a name
_SESSION_COOKIE = "SESSION"


@functools.lru_cache(maxsize=4)
def write(*, server: str, prefix: str, session_cookie: str, is_https: bool) -> str:
    """Write the document as JSON for a site: its ``server`` is what all paths begin with.

    ``prefix`` is the path of that, which is also in the examples.
    """
    words = {
        examples.HOST: server.partition("://")[2].partition("/")[0],
        _SECRET_COOKIE: _SECRET_COOKIE if is_https else _SECRET_COOKIE.removeprefix("__Host-"),
        _SESSION_COOKIE: session_cookie,
    }
    beginnings = {examples.SERVER: server, f"{examples.PREFIX}/": f"{prefix}/"}

    def own(node: t.Any) -> t.Any:
        """Put the site's own in the place of what stands for it."""
        if isinstance(node, dict):
            return {name: own(value) for name, value in node.items()}
        if isinstance(node, list):
            return [own(value) for value in node]
        if not isinstance(node, str):
            return node
        for beginning, real in beginnings.items():
            if node.startswith(beginning):
                return real + node.removeprefix(beginning)
        return words.get(node, node)

    return json.dumps(own(_document()))


@functools.cache
def _document() -> Json:
    paths = (
        browser_paths.PATHS | phone_paths.PATHS | app_paths.PATHS | device_paths.PATHS | _OWN_PATHS
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Login by QR code",
            "version": _VERSION,
            "description": _DESCRIPTION,
        },
        "servers": [{"url": examples.SERVER}],
        "tags": [
            {"name": party.tag, "description": party.description} for party in operation.PARTIES
        ],
        "paths": {path: _parameters(path) | item for path, item in paths.items()},
        "components": {
            "schemas": schemas.SCHEMAS | problems.schemas(),
            "examples": problems.examples(),
            "securitySchemes": _security_schemes(),
            "parameters": _parameter_components(),
            "headers": {
                name: {"description": description, "schema": schema, "required": required}
                for name, (description, schema, required) in _HEADERS.items()
            },
        },
    }


def _parameters(path: str) -> Json:
    refs = [{"$ref": f"#/components/parameters/{name}"} for name in re.findall(r"{(\w+)}", path)]
    return {"parameters": refs} if refs else {}


def _parameter_components() -> Json:
    in_path = {
        name: {"name": name, "in": "path", "required": True, "schema": schema}
        for name, schema in _PATH_PARAMETERS.items()
    }
    return in_path | {
        "Origin": {
            "name": "Origin",
            "in": "header",
            "description": "This site, as browsers say by themselves; else the request is refused.",
            "schema": {"type": "string"},
        },
        "SecFetchSite": {
            "name": "Sec-Fetch-Site",
            "in": "header",
            "description": "Counts where there is no Origin, or it is null: `same-origin`.",
            "schema": {"type": "string"},
        },
    }


def _security_schemes() -> Json:
    return {
        "browserSecret": {
            "type": "apiKey",
            "in": "cookie",
            "name": _SECRET_COOKIE,
            "description": "One for each request, with its id in the name in place of ID.",
        },
        "login": {
            "type": "apiKey",
            "in": "cookie",
            "name": _SESSION_COOKIE,
            "description": "The site's own login, by Flask-Login.",
        },
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "description": "What the site has given to its app.",
        },
    }


_OWN_PATHS: dict[str, Json] = {
    "/openapi.json": {
        "get": operation.get(
            "describe",
            operation.APP,
            "This document",
            security=(operation.NOBODY,),
            answers={200: operation.json_answer("OpenAPI 3.1.", "Document")},
        )
    }
}
