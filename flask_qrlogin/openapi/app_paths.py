"""The paths of a native app."""

from __future__ import annotations

from ..core import errors
from ..core.login_request import State
from . import examples
from .operation import APP
from .operation import get
from .operation import json_answer
from .operation import json_body
from .operation import post
from .schemas import body
from .schemas import Json
from .schemas import or_null
from .schemas import text

_TOKEN = text("What was scanned: the last part of the URL in the code, without the URL.")
_CONFIRM_TOKEN = text("The one of the newest scan.")
_SCAN = body({"token": _TOKEN}, required=("token",))
_CODE = body({"code": text("The user code, however it is spaced.")}, required=("code",))
_DENY = body(
    {"token": _TOKEN, "confirm_token": _CONFIRM_TOKEN}, required=("token", "confirm_token")
)
_APPROVE = body(
    _DENY["properties"]
    | {
        "number": or_null(text("The number that the browser shows, for `match` and `reauth`.")),
        "remember": {
            "type": ["boolean", "null"],
            "description": "Whether the browser is to stay logged in when it is closed.",
        },
    },
    required=("token", "confirm_token"),
)
_RENAME = body({"name": text("The new name; at most 100 letters are kept.")}, required=("name",))
_KEEP = body({"keep": or_null(text("The id of one that is not to be ended."))})
_BOTH = {"token": examples.TOKEN, "confirm_token": examples.CONFIRM_TOKEN}

_LIMITED = (errors.RateLimited, errors.StoreUnavailable)
#: The token has to name a request that is under way, and no other person's.
_OPEN = (
    errors.TokenInvalid,
    errors.RequestNotFound,
    errors.AlreadyScanned,
    errors.RequestEnded,
    errors.RequestExpired,
    *_LIMITED,
)
_CONFIRMED = (errors.ConfirmInvalid, errors.ConfirmSuperseded, errors.NotScanned)
_DEVICES = {200: json_answer("The devices as they are now.", "Devices", one=examples.DEVICES)}

PATHS: dict[str, Json] = {
    "/api/scan": {
        "post": post(
            "scan",
            APP,
            "Report a code from the app's own camera: who is asking",
            description="Before it sends anything, an app has to compare scheme and host of the URL"
            " in the code with its own site. It may scan again for another `confirm_token`.",
            body=json_body(_SCAN, scan={"token": examples.TOKEN}),
            answers={
                200: json_answer(
                    "Who is asking, and what the person has to do.",
                    "Scanned",
                    match=examples.SCANNED,
                    tap=examples.SCANNED_BY_TAP,
                )
            },
            refusals=(errors.NotAllowed, errors.TokenExpired, *_OPEN),
        )
    },
    "/api/code": {
        "post": post(
            "enterCode",
            APP,
            "Get the token of a code that the person has typed, to scan with",
            description="Only where the site has switched user codes on. Each try is counted.",
            body=json_body(_CODE, typed={"code": "WDJB-MJHT"}),
            answers={200: json_answer("The token.", "Token", token={"token": examples.TOKEN})},
            refusals=(errors.NotAllowed, errors.CodeNotFound, *_LIMITED),
        )
    },
    "/api/approve": {
        "post": post(
            "approve",
            APP,
            "Agree to the login",
            description="What is asked for may be more by now than at the scan: scan again to see"
            " it. A wrong number ends the request.",
            body=json_body(_APPROVE, tap=_BOTH, match=_BOTH | {"number": "42", "remember": True}),
            answers={
                200: json_answer(
                    "It is approved.",
                    "Progress",
                    approved=examples.progress(State.APPROVED, 3, 120),
                )
            },
            refusals=(
                errors.NotAllowed,
                errors.NumberMismatch,
                errors.StepUpRequired,
                *_CONFIRMED,
                *_OPEN,
            ),
        )
    },
    "/api/deny": {
        "post": post(
            "deny",
            APP,
            "Refuse the login, or take the approval back",
            body=json_body(_DENY, deny=_BOTH),
            answers={
                200: json_answer(
                    "It is denied.", "Progress", denied=examples.progress(State.DENIED, 3, 0)
                )
            },
            refusals=(*_CONFIRMED, *_OPEN),
        )
    },
    "/api/devices": {
        "get": get(
            "listDevices",
            APP,
            "The browsers that the person is logged in with by QR code",
            answers={
                200: json_answer(
                    "The devices.", "Devices", one=examples.DEVICES, none={"devices": []}
                )
            },
            refusals=(errors.LoginRequired, *_LIMITED),
        )
    },
    "/api/devices/{id}/end": {
        "post": post(
            "endDevice",
            APP,
            "Log one of them out",
            body=json_body(body({}), empty={}),
            answers=_DEVICES,
            refusals=(errors.DeviceNotFound, errors.StoreUnavailable),
        )
    },
    "/api/devices/{id}/rename": {
        "post": post(
            "renameDevice",
            APP,
            "Give one of them another name",
            body=json_body(_RENAME, rename={"name": "The old laptop"}),
            answers=_DEVICES,
            refusals=(errors.DeviceNotFound, *_LIMITED),
        )
    },
    "/api/devices/end-others": {
        "post": post(
            "endOtherDevices",
            APP,
            "Log out all but one, or all",
            body=json_body(_KEEP, all={}, keep={"keep": examples.ID}),
            answers=_DEVICES,
            refusals=(errors.StoreUnavailable,),
        )
    },
}
