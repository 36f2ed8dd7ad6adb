"""The paths of the pages on which a person ends logins, and of this document."""

from __future__ import annotations

from ..core import errors
from .operation import back
from .operation import form_body
from .operation import get
from .operation import NOBODY
from .operation import page
from .operation import PERSON
from .operation import post
from .operation import redirect
from .schemas import body
from .schemas import Json
from .schemas import text

_NAME = body({"name": text("The new name; at most 100 letters are kept.")}, required=("name",))
_PAGE = "the page of devices"
_BACK = {303: redirect(f"To {_PAGE}.")}
_REFUSALS = (errors.LoginRequired, errors.NotAllowed, errors.StoreUnavailable)
_OF_ONE = (*_REFUSALS, errors.DeviceNotFound)
_OF_NOTICE = (errors.DeviceNotFound, errors.StoreUnavailable)

PATHS: dict[str, Json] = {
    "/devices": {
        "get": get(
            "showDevices",
            PERSON,
            "The browsers that the person is logged in with by QR code",
            answers={
                200: page("The page."),
                302: redirect("To the site's own login, which leads back here."),
            },
            refusals=(errors.LoginRequired, errors.RateLimited, errors.StoreUnavailable),
        )
    },
    "/devices/{id}/end": {
        "get": back("showDevicesAfterEnd", PERSON, _PAGE),
        "post": post(
            "endDeviceOnPage",
            PERSON,
            "Log that browser out, which may be this one",
            body=None,
            answers={303: redirect(f"To {_PAGE}, or to the login if it was this browser.")},
            refusals=_OF_ONE,
        ),
    },
    "/devices/{id}/rename": {
        "get": back("showDevicesAfterRename", PERSON, _PAGE),
        "post": post(
            "renameDeviceOnPage",
            PERSON,
            "Give it another name",
            body=form_body(_NAME, rename={"name": "The old laptop"}),
            answers=_BACK,
            refusals=(*_OF_ONE, errors.RateLimited, errors.UnsupportedMediaType),
        ),
    },
    "/devices/{id}/not-me": {
        "get": back("showDevicesAfterNotMe", PERSON, _PAGE),
        "post": post(
            "disownDevice",
            PERSON,
            "“This wasn't me”, of a login that has ended",
            body=None,
            answers=_BACK,
            refusals=_OF_ONE,
        ),
    },
    "/devices/end-others": {
        "get": back("showDevicesAfterEndOthers", PERSON, _PAGE),
        "post": post(
            "endOtherDevicesOnPage",
            PERSON,
            "Log all other browsers out",
            body=None,
            answers=_BACK,
            refusals=_REFUSALS,
        ),
    },
    "/notices/{notice}": {
        "get": get(
            "showNotice",
            PERSON,
            "Which login a notice was about",
            description="It ends nothing, since mail programs follow links.",
            security=(NOBODY,),
            answers={200: page("The page.")},
            refusals=_OF_NOTICE,
        ),
        "post": post(
            "disownNotice",
            PERSON,
            "“This wasn't me”: end that login, and what else is under way",
            security=(NOBODY,),
            body=None,
            answers={303: redirect("To the page of the notice.")},
            refusals=_OF_NOTICE,
        ),
    },
}
