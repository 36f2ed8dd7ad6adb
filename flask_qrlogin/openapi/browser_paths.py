"""The paths of the browser that waits."""

from __future__ import annotations

from ..core import errors
from ..core.login_request import State
from . import examples
from .operation import back
from .operation import BROWSER
from .operation import either_body
from .operation import get
from .operation import json_answer
from .operation import LOGIN
from .operation import NOBODY
from .operation import page
from .operation import picture
from .operation import post
from .operation import redirect
from .operation import sets_cookie
from .schemas import body
from .schemas import Json
from .schemas import number
from .schemas import or_null
from .schemas import text

_START = body(
    {
        "next": or_null(text("The path of this site to go to after the login.")),
        "login_hint": or_null(
            text("The name of an account: another account's phone is refused.", maxLength=255)
        ),
    }
)
_POLL = body(
    {
        "since": number("The newest version that the page has shown."),
        "wait": number("Seconds for which the answer may be held until something happens."),
        "issued_at": or_null(text("That of the code on the screen.", format="date-time")),
    }
)
#: Whoever holds a request's secret may look at it.
_OWN = (errors.RequestNotFound, errors.RateLimited, errors.StoreUnavailable)
_NO_PICTURE = (errors.AlreadyScanned, errors.RequestEnded, errors.RequestExpired)
_PAGE = "the page of the request"

PATHS: dict[str, Json] = {
    "/": {
        "get": get(
            "showLogin",
            BROWSER,
            "The login page, with the panel that shows a code",
            security=(NOBODY,),
            answers={
                200: page("The page."),
                302: redirect(
                    "To the site itself, if somebody is logged in; where a code is a second step,"
                    " to the login if nobody is."
                ),
            },
            refusals=(errors.LoginRequired,),
        )
    },
    "/requests": {
        "get": back("showLoginInstead", BROWSER, "the login page"),
        "post": post(
            "startRequest",
            BROWSER,
            "Ask to be logged in: a new code",
            description="The cookie is the browser secret, which each later request has to bring."
            " A browser keeps five; at the sixth the first request is withdrawn. A login is only"
            " asked for where the site uses codes as a second step.",
            security=(NOBODY, LOGIN),
            body=either_body(_START, plain={}, then={"next": "/welcome", "login_hint": "anna"}),
            answers={
                201: sets_cookie(
                    json_answer(
                        "The request.",
                        "Started",
                        plain=examples.STARTED,
                        everything=examples.STARTED_WITH_ALL,
                    )
                ),
                303: sets_cookie(redirect("A form: to the page of the request.")),
            },
            refusals=(
                errors.LoginRequired,
                errors.NotAllowed,
                errors.RateLimited,
                errors.StoreUnavailable,
            ),
        ),
    },
    "/requests/{id}": {
        "get": get(
            "showRequest",
            BROWSER,
            "The request as a page, for browsers without JavaScript",
            answers={200: page("The page: picture, state, and a button to go on.")},
            refusals=_OWN,
        )
    },
    "/requests/{id}/poll": {
        "get": back("showRequestAfterPoll", BROWSER, _PAGE),
        "post": post(
            "pollRequest",
            BROWSER,
            "Observe the request, and be logged in once it is approved",
            description="Obey `interval`. The login needs a `since` whose answer carried the"
            " `profile`, so that the person at the browser has seen who logs in. An answer that was"
            " held never logs in: it says `approved` with an `interval` of 0, and the next poll"
            " does. The answer with `location` sets the site's own session.",
            body=either_body(
                _POLL,
                first={"since": 1, "wait": 20, "issued_at": "2030-01-31T12:00:00Z"},
                least={},
            ),
            answers={
                200: sets_cookie(json_answer("How it stands.", "Polled", **examples.POLLED)),
                303: sets_cookie(redirect("A form: to the site once logged in, else to the page.")),
            },
            refusals=(errors.NotAllowed, *_OWN),
        ),
    },
    "/requests/{id}/cancel": {
        "get": back("showRequestAfterCancel", BROWSER, _PAGE),
        "post": post(
            "cancelRequest",
            BROWSER,
            "Withdraw the request",
            body=either_body(body({}), empty={}),
            answers={
                200: sets_cookie(
                    json_answer(
                        "It is withdrawn.",
                        "Progress",
                        cancelled=examples.progress(State.CANCELLED, 2, 0),
                    )
                ),
                303: sets_cookie(redirect("A form: to the login page.")),
            },
            refusals=(errors.RequestEnded, errors.RequestExpired, *_OWN),
        ),
    },
    "/requests/{id}/qr.svg": {
        "get": get(
            "showPicture",
            BROWSER,
            "A fresh picture of the code",
            answers={200: picture("image/svg+xml")},
            refusals=(*_NO_PICTURE, *_OWN),
        )
    },
    "/requests/{id}/qr.png": {
        "get": get(
            "showPictureAsPNG",
            BROWSER,
            "The same as PNG, where the server has the extra for it",
            answers={200: picture("image/png")},
            refusals=(*_NO_PICTURE, errors.ExtraMissing, *_OWN),
        )
    },
}
