"""The description as something that an answer can be held against."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import functools
import json
import re
import typing as t

import flask
import jsonschema
from werkzeug.datastructures import Headers

from flask_qrlogin.openapi import document

Json: t.TypeAlias = dict[str, t.Any]

PREFIX = "/qrlogin"
METHODS = ("get", "post")


@functools.cache
def described() -> Json:
    """Return the description of a site as most are."""
    written = document.write(
        server=f"https://example.com{PREFIX}",
        prefix=PREFIX,
        session_cookie="session",
        is_https=True,
    )
    return t.cast(Json, json.loads(written))


def resolved(node: t.Any) -> t.Any:
    """Put what a ``$ref`` points to in its place, down to the ground: there are no circles."""
    if isinstance(node, list):
        return [resolved(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        found: t.Any = described()
        for name in node["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        return resolved(found)
    return {name: resolved(value) for name, value in node.items()}


def closed(node: t.Any) -> t.Any:
    """Allow no fields but those that are described; to clients, later versions may add some."""
    if isinstance(node, list):
        return [closed(each) for each in node]
    if not isinstance(node, dict):
        return node
    more = {"additionalProperties": False} if "properties" in node else {}
    return {name: closed(value) for name, value in node.items()} | more


def checker(schema: Json) -> jsonschema.Draft202012Validator:
    """Make what checks a value by a schema, times and all, and finds what is not described."""
    kind = jsonschema.Draft202012Validator
    return kind(closed(schema), format_checker=kind.FORMAT_CHECKER)


@dataclasses.dataclass(frozen=True)
class Answer:
    """What one answer may be: by media type; None of it where the body does not matter."""

    checkers: dict[str, jsonschema.Draft202012Validator | None] | None
    headers: dict[str, str | None]

    @classmethod
    def of(cls, answer: Json) -> Answer:
        """Read it from the description."""
        content = answer.get("content")
        return cls(
            None
            if content is None
            else {
                media: checker(each["schema"]) if media.endswith("json") else None
                for media, each in content.items()
            },
            {
                name: header["schema"].get("const")
                for name, header in answer["headers"].items()
                if header["required"]
            },
        )

    def faults(self, headers: Headers, media: str, body: bytes) -> c.Iterator[str]:
        """Say what is wrong with one."""
        for name, value in self.headers.items():
            if name not in headers or value not in (None, headers[name]):
                yield f"{name} is {headers.get(name)!r}"
        if self.checkers is None:
            return
        if media not in self.checkers:
            yield f"{media!r} is not described"
            return
        checks = self.checkers[media]
        if checks is not None and body:
            for error in checks.iter_errors(json.loads(body)):
                yield f"{error.json_path}: {error.message[:300]}"


@functools.cache
def answers() -> dict[tuple[str, str], dict[int, Answer]]:
    """Return what may be answered, by path, with ``{}`` for each parameter, and method."""
    return {
        (re.sub("{.*?}", "{}", path), method.upper()): {
            int(status): Answer.of(answer)
            for status, answer in resolved(operation["responses"]).items()
        }
        for path, item in described()["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


@functools.cache
def path_of(rule: str, action: str | None) -> str:
    """Return the path of a rule of the URL map; a rule for several words needs the one of them."""
    if action is not None:
        rule = re.sub(r"<any\(.*?\):action>", action, rule)
    return re.sub("<.*?>", "{}", rule)


def faults(response: flask.Response) -> list[str]:
    """Say what is wrong with the answer to the present request, if that was to us."""
    request, rule = flask.request, flask.request.url_rule
    if rule is None or not rule.endpoint.startswith("qrlogin") or request.method == "OPTIONS":
        return []
    if rule.endpoint.endswith(".static") or response.status_code == 500:
        return []  # A file; and what a broken host answers.
    prefix = flask.current_app.extensions["qrlogin"].settings.url_prefix
    path = path_of(rule.rule.removeprefix(prefix), (request.view_args or {}).get("action"))
    method = "GET" if request.method == "HEAD" else request.method
    return _faults(method, path, response.status_code, response.headers, response.get_data())


def faults_over_http(
    method: str, path: str, status: int, headers: c.Iterable[tuple[str, str]], body: bytes
) -> list[str]:
    """Say what is wrong with what a server has answered, if that was asked for something of ours.

    ``path`` is the one of a request, with the usual prefix.
    """
    if not path.startswith(f"{PREFIX}/"):
        return []
    asked = path.removeprefix(PREFIX).partition("?")[0]
    known = (path for path, _ in answers() if re.fullmatch(path.replace("{}", "[^/]+"), asked))
    return _faults(method, next(known, asked), status, Headers(list(headers)), body)


def _faults(method: str, path: str, status: int, headers: Headers, body: bytes) -> list[str]:
    known = answers().get((path, method))
    if known is None:
        found = ["is not described"]
    elif status not in known:
        found = [f"is not described: {body[:300]!r}"]
    else:
        media = headers.get("Content-Type", "").partition(";")[0]
        found = list(known[status].faults(headers, media, body))
    return [f"{method} {path} {status}: {fault}" for fault in found]
