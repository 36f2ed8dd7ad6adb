"""What each party's requests have in common, and how one of them is described."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t

from ..core import errors
from ..core.errors import Refusal
from . import problems
from .schemas import Json
from .schemas import ref

_HTML = "text/html"
_FORM = "application/x-www-form-urlencoded"
#: The kinds of login that :data:`SECURITY_SCHEMES` describes.
SECRET: Json = {"browserSecret": []}
LOGIN: Json = {"login": []}
BEARER: Json = {"bearer": []}
NOBODY: Json = {}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Who asks: how the party shows who it is, and how it is refused."""

    tag: str
    description: str
    security: tuple[Json, ...]
    #: The media types of a refusal, and what any POST may be refused for.
    refused_as: tuple[str, ...]
    on_post: tuple[type[Refusal], ...] = (errors.BadRequest, errors.OriginRefused)


BROWSER = Party(
    tag="browser",
    description="The browser that waits: it shows the code, polls, and is logged in.",
    security=(SECRET,),
    # A client that prefers HTML gets a page.
    refused_as=(problems.PROBLEM_JSON, _HTML),
    on_post=(errors.BadRequest, errors.OriginRefused, errors.UnsupportedMediaType),
)
PHONE = Party(
    tag="phone",
    description="The phone's web browser: pages on which a person decides.",
    security=(LOGIN,),
    refused_as=(_HTML,),
)
APP = Party(
    tag="app",
    description="A native app, in JSON, with a bearer token. Cookies are ignored.",
    security=(BEARER,),
    refused_as=(problems.PROBLEM_JSON,),
    on_post=(errors.BadRequest, errors.LoginRequired, errors.UnsupportedMediaType),
)
PERSON = Party(
    tag="devices",
    description="The page on which a person sees, names and ends logins by QR code.",
    security=(LOGIN,),
    refused_as=(_HTML,),
)
PARTIES = (BROWSER, PHONE, APP, PERSON)


def get(
    id: str,
    by: Party,
    summary: str,
    *,
    answers: dict[int, Json],
    refusals: c.Collection[type[Refusal]] = (),
    security: tuple[Json, ...] | None = None,
    description: str = "",
) -> Json:
    """Describe a GET."""
    answered = {str(status): answer for status, answer in answers.items()}
    return {
        "operationId": id,
        "tags": [by.tag],
        "summary": summary,
        **({"description": description} if description else {}),
        "security": list(by.security if security is None else security),
        "responses": answered | problems.responses(refusals, by.refused_as),
    }


def post(
    id: str,
    by: Party,
    summary: str,
    *,
    body: Json | None,
    answers: dict[int, Json],
    refusals: c.Collection[type[Refusal]] = (),
    **more: t.Any,
) -> Json:
    """Describe a POST."""
    described = get(id, by, summary, answers=answers, refusals=(*by.on_post, *refusals), **more)
    if by is not APP:
        names = ("Origin", "SecFetchSite")
        described["parameters"] = [{"$ref": f"#/components/parameters/{name}"} for name in names]
    return described | ({} if body is None else {"requestBody": body})


def back(id: str, by: Party, to: str) -> Json:
    """Describe the GET of a form's address."""
    return get(
        id,
        by,
        f"Leads back to {to}",
        description="For whoever opens the address of a form again.",
        security=(NOBODY,),
        answers={303: redirect(f"To {to}.")},
    )


def json_body(schema: Json, **examples: Json) -> Json:
    """Describe what an app sends."""
    return _body({"application/json": schema}, examples)


def form_body(schema: Json, **examples: Json) -> Json:
    """Describe what a page sends."""
    return _body({_FORM: schema}, examples)


def either_body(schema: Json, **examples: Json) -> Json:
    """Describe what a script sends as JSON, and a page as a form."""
    return _body({"application/json": schema, _FORM: schema}, examples)


def _body(content: dict[str, Json], examples: dict[str, Json]) -> Json:
    named = {"examples": {name: {"value": value} for name, value in examples.items()}}
    return {
        "required": True,
        "content": {media: {"schema": schema, **named} for media, schema in content.items()},
    }


def json_answer(description: str, schema: str, **examples: Json) -> Json:
    """Describe an answer in JSON."""
    named = {name: {"value": value} for name, value in examples.items()}
    media = {"schema": ref(schema), "examples": named}
    return _answer(description, {"application/json": media})


def page(description: str) -> Json:
    """Describe a page."""
    return _answer(description, {_HTML: {"schema": {"type": "string"}}})


def picture(media: str) -> Json:
    """Describe a picture."""
    return _answer("The picture.", {media: {"schema": {"contentMediaType": media}}})


def redirect(description: str) -> Json:
    """Describe an answer that leads on."""
    return _answer(description, None, "Location")


def sets_cookie(answer: Json) -> Json:
    """Say that an answer sets or deletes the browser secret."""
    header = {"$ref": "#/components/headers/SetCookie"}
    return answer | {"headers": answer["headers"] | {"Set-Cookie": header}}


def _answer(description: str, content: Json | None, *headers: str) -> Json:
    refs = {name: {"$ref": f"#/components/headers/{name}"} for name in headers}
    return {
        "description": description,
        "headers": {"Cache-Control": {"$ref": "#/components/headers/CacheControl"}, **refs},
        **({} if content is None else {"content": content}),
    }
