"""The paths of a phone's web browser."""

from __future__ import annotations

from ..core import errors
from . import examples
from .operation import back
from .operation import form_body
from .operation import get
from .operation import LOGIN
from .operation import NOBODY
from .operation import page
from .operation import PHONE
from .operation import post
from .operation import redirect
from .schemas import body
from .schemas import Json
from .schemas import text

_CONFIRM_TOKEN = text("The hidden field of the page.")
_APPROVE = body(
    {
        "confirm_token": _CONFIRM_TOKEN,
        "number": text("The number that the browser shows, if the page asks for it."),
        "remember": text("There if the browser is to stay logged in when it is closed."),
    }
)
_DENY = body({"confirm_token": _CONFIRM_TOKEN}, required=("confirm_token",))
_CODE = body({"code": text("The user code, however it is spaced.")}, required=("code",))

#: Somebody has to be logged in, who may approve logins.
_PERSON = (errors.LoginRequired, errors.NotAllowed)
#: The token has to name a request, whether it is fresh or not.
_TOKEN = (
    errors.TokenInvalid,
    errors.RequestNotFound,
    errors.RateLimited,
    errors.StoreUnavailable,
)
#: The person has to own the request, which has to be under way.
_OPEN = (errors.AlreadyScanned, errors.RequestEnded, errors.RequestExpired)
_CONFIRMED = (errors.ConfirmInvalid, errors.ConfirmSuperseded, errors.NotScanned)
_PAGE = "the page of the code"
_BACK = {303: redirect(f"To {_PAGE}, which says how it stands.")}
_TO_LOGIN = redirect("To the site's own login, which leads back here.")

PATHS: dict[str, Json] = {
    "/s/{token}": {
        "get": get(
            "openCode",
            PHONE,
            "What the code leads to: who is asking, and what can be done",
            description="It writes nothing: links are followed by others than people.",
            security=(NOBODY, LOGIN),
            answers={200: page("The page that fits the state."), 302: _TO_LOGIN},
            refusals=(*_PERSON, *_TOKEN, errors.TokenExpired, *_OPEN),
        )
    },
    "/s/{token}/scan": {
        "get": back("openCodeAfterScan", PHONE, _PAGE),
        "post": post(
            "scanCode",
            PHONE,
            "Report that the person has the code before them",
            body=None,
            answers=_BACK,
            refusals=(*_PERSON, *_TOKEN, errors.TokenExpired, *_OPEN),
        ),
    },
    "/s/{token}/approve": {
        "get": back("openCodeAfterApprove", PHONE, _PAGE),
        "post": post(
            "approveOnPage",
            PHONE,
            "Agree to the login",
            description="A request that nobody has scanned is scanned first; where more than a tap"
            " is asked for, the page asks for it.",
            body=form_body(
                _APPROVE, match={"confirm_token": examples.CONFIRM_TOKEN, "number": "42"}
            ),
            answers=_BACK,
            refusals=(
                *_PERSON,
                *_TOKEN,
                errors.TokenExpired,
                *_OPEN,
                *_CONFIRMED,
                errors.NumberMismatch,
                errors.UnsupportedMediaType,
            ),
        ),
    },
    "/s/{token}/deny": {
        "get": back("openCodeAfterDeny", PHONE, _PAGE),
        "post": post(
            "denyOnPage",
            PHONE,
            "Refuse the login, or take the approval back",
            body=form_body(_DENY, deny={"confirm_token": examples.CONFIRM_TOKEN}),
            answers=_BACK,
            refusals=(
                *_PERSON,
                *_TOKEN,
                errors.AlreadyScanned,
                errors.RequestExpired,
                *_CONFIRMED,
                errors.UnsupportedMediaType,
            ),
        ),
    },
    "/s/{token}/not-me": {
        "get": back("openCodeAfterNotMe", PHONE, _PAGE),
        "post": post(
            "disownOnPage",
            PHONE,
            "“This wasn't me”: end the login, and what else is under way",
            body=None,
            answers=_BACK,
            refusals=(
                *_PERSON,
                *_TOKEN,
                errors.TokenExpired,
                errors.AlreadyScanned,
                errors.DeviceNotFound,
            ),
        ),
    },
    "/s/{token}/log-in-again": {
        "get": get(
            "logInAgain",
            PHONE,
            "To the site's own page for logging in again, and back",
            answers={302: redirect("To that page."), 303: redirect(f"To {_PAGE}: it is done.")},
            refusals=(*_PERSON, *_TOKEN, errors.TokenExpired, errors.StepUpRequired),
        )
    },
    "/code": {
        "get": get(
            "showCodeForm",
            PHONE,
            "Where a code is typed, on a phone that cannot scan",
            security=(NOBODY, LOGIN),
            answers={200: page("The form."), 302: _TO_LOGIN},
            refusals=(*_PERSON, errors.RateLimited, errors.StoreUnavailable),
        ),
        "post": post(
            "typeCode",
            PHONE,
            "Find the request of a code that was typed",
            body=form_body(_CODE, typed={"code": "wdjb mjht"}),
            answers={303: redirect(f"To {_PAGE}, as if it had been scanned.")},
            refusals=(
                *_PERSON,
                errors.CodeNotFound,
                errors.RateLimited,
                errors.StoreUnavailable,
                errors.UnsupportedMediaType,
            ),
        ),
    },
    "/scan": {
        "get": get(
            "showScanner",
            PHONE,
            "A page that reads codes with the phone's camera",
            security=(NOBODY, LOGIN),
            answers={200: page("The page."), 302: _TO_LOGIN},
            refusals=(*_PERSON, errors.RateLimited),
        )
    },
}
