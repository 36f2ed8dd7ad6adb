"""What is sent in JSON: a schema for each object, and what each word in it may be."""

from __future__ import annotations

import typing as t
from datetime import timedelta

from ..core import confirmation
from ..core.confirmation import Confirmation
from ..core.confirmation import RiskSignals
from ..core.login_request import State

Json: t.TypeAlias = dict[str, t.Any]


def ref(name: str) -> Json:
    """Point to one of :data:`SCHEMAS`."""
    return {"$ref": f"#/components/schemas/{name}"}


def text(description: str, **more: t.Any) -> Json:
    """Describe a text."""
    return {"type": "string", "description": description, **more}


def number(description: str) -> Json:
    """Describe a whole number of at least 0."""
    return {"type": "integer", "minimum": 0, "description": description}


def one_of(words: t.Iterable[str], description: str) -> Json:
    """Describe a text that is one of these words."""
    return {"type": "string", "enum": [str(word) for word in words], "description": description}


def moment(description: str) -> Json:
    """Describe a time."""
    return text(description, format="date-time")


def answer(properties: Json, *, optional: t.Collection[str] = (), description: str = "") -> Json:
    """Describe an object that we send; later versions may add fields."""
    return {
        "type": "object",
        **({"description": description} if description else {}),
        "properties": properties,
        "required": [name for name in properties if name not in optional],
    }


def body(properties: Json, *, required: t.Collection[str] = ()) -> Json:
    """Describe an object that we are sent; fields that we do not know are passed over."""
    return {"type": "object", "properties": properties, "required": list(required)}


def or_null(schema: Json) -> Json:
    """Allow null, too."""
    return schema | {"type": [schema["type"], "null"]}


#: All that can be warned of, by the name of each warning.
WARNINGS = RiskSignals(
    known_address=False,
    same_network=False,
    same_country=False,
    age=confirmation.OLD + timedelta(seconds=1),
    waiting_in_network=confirmation.MANY + 1,
    contested=True,
    user_code=True,
).warnings

_PROGRESS = {
    "state": ref("State"),
    "version": {
        "type": "integer",
        "minimum": 1,
        "description": "Grows with each change; what a poll sends back as `since`.",
    },
    "expires_in": number("Seconds that the present state still lasts; 0 once it has ended."),
}
_ISSUED_AT = moment("When this code was made; what a poll sends back to get a fresh one in time.")
_INTERVAL = {
    "type": "number",
    "minimum": 0,
    "description": "Seconds to leave until the next poll.",
}
_LINKS = ("self", "poll", "cancel", "qr_svg", "qr_png")
#: As a browser is described to people.
_BROWSER = text("Browser and system, as in “Firefox on Linux”.")

SCHEMAS: dict[str, Json] = {
    "State": one_of(
        State,
        "`pending`: shown, not scanned. `scanned`: one person has scanned it and has not yet"
        " decided. `approved`: that person agreed; the browser has not yet picked the login up."
        " `redeemed`: the browser was logged in, once. `denied`: the person refused. `cancelled`:"
        " the browser withdrew it. `expired`: its time ran out. The last four are final.",
    ),
    "Confirmation": one_of(
        [each for each in Confirmation if each is not Confirmation.REFUSE],
        "What the person has to do to approve. `tap`: tap *Approve*. `match`: pick the number that"
        " the browser shows out of `choices`. `reauth`: log in again and type that number. An app"
        " that finds a word that it does not know should tell its owner to update it.",
    ),
    "Warning": one_of(
        WARNINGS,
        "What should make the person look twice. `unknown_address`: the browser's address is"
        " hidden. `other_network`, `other_country`: browser and phone are apart. `new_browser`:"
        " this person has not logged in there by QR code. `old_request`: the code was asked for"
        " some minutes ago. `many_requests`: many codes wait in the browser's network."
        " `scanned_by_others`: somebody else has tried to scan it. `user_code`: the code was"
        " typed, so that somebody may have dictated it.",
    ),
    "Profile": answer(
        {
            "name": text("What to call the person."),
            "avatar_url": or_null(text("A picture of the person.")),
        },
        description="What the waiting browser may show of the person who scanned.",
    ),
    "QRCode": answer(
        {
            "url": text(
                "The text in the code: a URL whose last part is the token, unless the site has"
                " decided otherwise."
            ),
            "svg": text("A picture of it: one `<svg>` element without style or script."),
            "app_link": text("Opens the site's app for this request, on the phone itself."),
            "logo_url": text("The picture to lay over the gap in the middle of the code."),
        },
        optional=("app_link", "logo_url"),
    ),
    "UserCode": answer(
        {
            "text": text(
                "The code, in capitals.", pattern="^[B-DF-HJ-NP-TV-XZ]{4}-[B-DF-HJ-NP-TV-XZ]{4}$"
            ),
            "url": text("Where a person types it on a phone.", format="uri"),
        },
        description="For a phone without a camera. Only where the site has switched it on.",
    ),
    "Started": answer(
        {
            "id": text("The login request.", pattern="^[0-9a-f]{32}$"),
            **_PROGRESS,
            "qr": ref("QRCode"),
            "user_code": ref("UserCode"),
            "issued_at": _ISSUED_AT,
            "expires_at": moment("When the whole request ends."),
            "interval": _INTERVAL,
            "links": answer({name: text("A path of this site.") for name in _LINKS}),
        },
        optional=("user_code",),
    ),
    "Polled": answer(
        {
            **_PROGRESS,
            "interval": _INTERVAL,
            "profile": ref("Profile"),
            "number": text("To be shown, since the phone asks for it.", pattern="^[0-9]{2}$"),
            "reason": one_of(
                ("number_mismatch", "not_me", "device_ended"),
                "Why it was denied, if it was not simply refused: a wrong number, the person said"
                " “This wasn't me”, or the login that had scanned it was ended.",
            ),
            "qr": ref("QRCode"),
            "issued_at": _ISSUED_AT,
            "location": text("Where to go: this answer has logged the browser in."),
        },
        optional=("profile", "number", "reason", "qr", "issued_at", "location"),
        description="`profile` once scanned, `qr` and `issued_at` when a fresh code is due.",
    ),
    "Progress": answer(_PROGRESS),
    "Scanned": answer(
        {
            **_PROGRESS,
            "site": text("The host of this site, which the app has to know as its own."),
            "asking": answer(
                {
                    "browser": _BROWSER,
                    "ip": or_null(text("Its network address, if that is known.")),
                    "place": or_null(text("Where that is, if somebody has looked it up.")),
                    "age": number("Seconds since the browser asked for the code."),
                },
                description="Who wants to be logged in.",
            ),
            "warnings": {"type": "array", "items": ref("Warning"), "uniqueItems": True},
            "confirmation": ref("Confirmation"),
            "choices": {
                "type": "array",
                "items": {"type": "string", "pattern": "^[0-9]{2}$"},
                "maxItems": 3,
                "description": "The numbers to pick from, for `match`; else none.",
            },
            "confirm_token": text("What the decision has to send; a later scan makes a new one."),
        }
    ),
    "Token": answer({"token": text("What to scan with, as if it had been in a picture.")}),
    "Device": answer(
        {
            "id": text("That of the login request that it came from.", pattern="^[0-9a-f]{32}$"),
            "name": text("Browser and system, until the person gives it another name."),
            "browser": _BROWSER,
            "place": or_null(text("Where it was last seen, if somebody has looked it up.")),
            "ip": or_null(text("Its newest network address, if that is known.")),
            "created_at": moment("When the browser was logged in."),
            "last_seen_at": moment("When it was last used, to a few minutes."),
            "expires_at": moment("When the login ends by itself."),
            "remembered": {
                "type": "boolean",
                "description": "Whether the browser keeps the login when it is closed.",
            },
            "current": {
                "type": "boolean",
                "description": "Whether it is the one that asks; false for an app.",
            },
            "approved_by": answer(
                {
                    "browser": _BROWSER,
                    "ip": or_null(text("The phone's network address, if that is known.")),
                    "login": or_null(
                        text(
                            "How strong the phone's login was: `fresh`, `remembered`, or a word of"
                            " the site's own."
                        )
                    ),
                    "login_at": or_null(moment("Since when the person was logged in there.")),
                },
                description="The phone.",
            ),
        },
        description="A browser that the person is logged in with by QR code.",
    ),
    "Document": {"type": "object", "description": "Of OpenAPI 3.1."},
    "Devices": answer({"devices": {"type": "array", "items": ref("Device")}}),
}
