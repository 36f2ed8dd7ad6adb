"""How refusals are answered: a schema for each class in ``errors.py``, and their answers."""

from __future__ import annotations

import collections.abc as c
import inspect
import itertools

from ..core import errors
from ..core.confirmation import Confirmation
from ..core.errors import Refusal
from ..core.login_request import State
from .schemas import Json
from .schemas import one_of
from .schemas import ref
from .schemas import text

PROBLEM_JSON = "application/problem+json"
#: What passes by itself: ``Retry-After`` says when.
_BUSY = (errors.RateLimited, errors.StoreUnavailable)
_ENDED = (State.REDEEMED, State.DENIED, State.CANCELLED)
#: What some say besides, and an example of it.
_EXTRA: dict[type[Refusal], tuple[Json, Json]] = {
    errors.RequestEnded: (
        {"state": one_of(_ENDED, "How it ended.")},
        {"state": State.CANCELLED.value},
    ),
    errors.StepUpRequired: (
        {
            "confirmation": ref("Confirmation"),
            "login": one_of(["fresh"], "There if the person has to log in again first."),
        },
        {"confirmation": Confirmation.MATCH.value},
    ),
}
_DETAIL = {
    errors.BadRequest: "'token' has to be a text.",
    errors.NotAllowed: "This account is locked.",
    errors.StepUpRequired: "Send as 'number' the two digits that the browser shows.",
}


def name_of(refusal: type[Refusal]) -> str:
    """Return what the schema of a refusal is called."""
    return f"{refusal.__name__}Problem"


def schemas() -> dict[str, Json]:
    """Describe the body of each refusal."""
    return {name_of(each): _schema(each) for each in Refusal.__subclasses__()}


def examples() -> dict[str, Json]:
    """Show each refusal by its code."""
    return {each.code: {"value": _example(each)} for each in Refusal.__subclasses__()}


def responses(refusals: c.Collection[type[Refusal]], media: c.Collection[str]) -> dict[str, Json]:
    """Describe the answers to what is refused, one for each status, as these media types."""

    def status(refusal: type[Refusal]) -> int:
        return refusal.status

    # In the order of the contract, whatever order they are given in.
    known = sorted(Refusal.__subclasses__(), key=status)
    grouped = itertools.groupby((each for each in known if each in refusals), key=status)
    return {str(number): _response(list(each), media) for number, each in grouped}


def _schema(refusal: type[Refusal]) -> Json:
    extra, _ = _EXTRA.get(refusal, ({}, {}))
    return {
        "type": "object",
        "description": inspect.cleandoc(refusal.__doc__ or refusal.title),
        "properties": {
            "title": text("One sentence for a person, in the person's language."),
            "status": {"const": refusal.status},
            "code": {"const": refusal.code},
            "detail": text("More about this one case."),
            **extra,
        },
        "required": ["title", "status", "code"],
    }


def _response(refusals: list[type[Refusal]], media: c.Collection[str]) -> Json:
    content: Json = {}
    if PROBLEM_JSON in media:
        refs = {each.code: ref(name_of(each)) for each in refusals}
        one = next(iter(refs.values()))
        content[PROBLEM_JSON] = {
            "schema": one if len(refs) == 1 else _choice(refs),
            "examples": {
                each.code: {"$ref": f"#/components/examples/{each.code}"} for each in refusals
            },
        }
    if "text/html" in media:
        content["text/html"] = {"schema": {"type": "string"}}
    headers = {"Cache-Control": "CacheControl"}
    if any(each in _BUSY for each in refusals):
        headers["Retry-After"] = "RetryAfter"
    if errors.LoginRequired in refusals and media == (PROBLEM_JSON,):
        headers["WWW-Authenticate"] = "WWWAuthenticate"
    return {
        "description": "\n".join(f"- `{each.code}`: {each.title}" for each in refusals),
        "headers": {
            name: {"$ref": f"#/components/headers/{header}"} for name, header in headers.items()
        },
        "content": content,
    }


def _choice(refs: dict[str, Json]) -> Json:
    mapping = {code: each["$ref"] for code, each in refs.items()}
    return {
        "oneOf": list(refs.values()),
        "discriminator": {"propertyName": "code", "mapping": mapping},
    }


def _example(refusal: type[Refusal]) -> Json:
    _, extra = _EXTRA.get(refusal, ({}, {}))
    detail = _DETAIL.get(refusal)
    return {
        "title": refusal.title,
        "status": refusal.status,
        "code": refusal.code,
        **({"detail": detail} if detail else {}),
        **extra,
    }
