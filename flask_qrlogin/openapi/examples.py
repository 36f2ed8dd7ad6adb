"""One login as the examples tell it: Anna scans a code that Firefox on Linux shows."""

from __future__ import annotations

from ..core.login_request import State
from .schemas import Json

#: Stand for the site's own, which are put in their place.
SERVER = "https://example.com/qrlogin"
PREFIX = "/qrlogin"
HOST = "example.com"

ID = "5a1d0e6c9b7f4c3d8e2f1a0b9c8d7e6f"
TOKEN = "Wh0ObJt_TD2OLxoLnI1-b2fWi8Ck3VZ1TqLh9A"  # noqa: S105 - an example
CONFIRM_TOKEN = "AgAAAAMx7n0r8mJ1kP4uVw2YqLz"  # noqa: S105 - an example

_REQUEST = f"{PREFIX}/requests/{ID}"
_QR: Json = {
    "url": f"{SERVER}/s/{TOKEN}",
    "svg": '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 41 41" width="240" height="240">'
    '<rect width="41" height="41" fill="#ffffff"/><path d="M4 4v1H11v-1" fill="#000000"/></svg>',
}
_PROFILE = {"name": "Anna Berg", "avatar_url": "/avatars/anna.png"}
_TYPED_CODE = {"text": "WDJB-MJHT", "url": f"{SERVER}/code"}


def progress(state: State, version: int, expires_in: int) -> Json:
    """How far the request has come."""
    return {"state": state.value, "version": version, "expires_in": expires_in}


STARTED: Json = {
    "id": ID,
    **progress(State.PENDING, 1, 300),
    "qr": _QR,
    "issued_at": "2030-01-31T12:00:00Z",
    "expires_at": "2030-01-31T12:05:00Z",
    "interval": 2.0,
    "links": {
        "self": _REQUEST,
        "poll": f"{_REQUEST}/poll",
        "cancel": f"{_REQUEST}/cancel",
        "qr_svg": f"{_REQUEST}/qr.svg",
        "qr_png": f"{_REQUEST}/qr.png",
    },
}
STARTED_WITH_ALL: Json = STARTED | {
    "qr": _QR | {"app_link": f"{SERVER}/s/{TOKEN}", "logo_url": "/static/logo.svg"},
    "user_code": _TYPED_CODE,
}

POLLED: dict[str, Json] = {
    "pending": progress(State.PENDING, 1, 297) | {"interval": 2.1},
    "renewed": progress(State.PENDING, 1, 270)
    | {"interval": 1.9, "qr": _QR, "issued_at": "2030-01-31T12:00:30Z"},
    "scanned": progress(State.SCANNED, 2, 118)
    | {"interval": 1, "profile": _PROFILE, "number": "42"},
    "approved": progress(State.APPROVED, 3, 120) | {"interval": 1, "profile": _PROFILE},
    "redeemed": progress(State.REDEEMED, 4, 0)
    | {"interval": 0, "profile": _PROFILE, "location": "/welcome"},
    "denied": progress(State.DENIED, 3, 0)
    | {"interval": 0, "profile": _PROFILE, "reason": "number_mismatch"},
    "expired": progress(State.EXPIRED, 1, 0) | {"interval": 0},
}

SCANNED: Json = {
    **progress(State.SCANNED, 2, 120),
    "site": HOST,
    "asking": {
        "browser": "Firefox on Linux",
        "ip": "192.0.2.17",
        "place": "Berlin, Germany",
        "age": 12,
    },
    "warnings": ["new_browser"],
    "confirmation": "match",
    "choices": ["17", "42", "86"],
    "confirm_token": CONFIRM_TOKEN,
}
SCANNED_BY_TAP: Json = SCANNED | {
    "warnings": [],
    "confirmation": "tap",
    "choices": [],
}

DEVICES: Json = {
    "devices": [
        {
            "id": ID,
            "name": "Firefox on Linux",
            "browser": "Firefox on Linux",
            "place": "Berlin, Germany",
            "ip": "192.0.2.17",
            "created_at": "2030-01-31T12:00:30Z",
            "last_seen_at": "2030-02-01T08:15:00Z",
            "expires_at": "2030-03-02T12:00:30Z",
            "remembered": False,
            "current": False,
            "approved_by": {
                "browser": "Mobile Safari on iOS",
                "ip": "192.0.2.18",
                "login": "fresh",
                "login_at": "2030-01-31T11:58:00Z",
            },
        }
    ]
}
