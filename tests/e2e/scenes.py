"""Every state of every page: our pages with made-up contexts, the panel with made-up answers."""

from __future__ import annotations

import dataclasses
import typing as t

from flask_qrlogin import QRStyle
from flask_qrlogin.core import errors
from flask_qrlogin.qr import image as qr_image
from flask_qrlogin.web import pages

#: What the server answers one after another; after the last, it does not answer any more.
Answers: t.TypeAlias = tuple[tuple[int, dict[str, t.Any]], ...]

URL: t.Final = "https://harbour.example/qrlogin/s/AZ7kq0Y3u5yIe1Vn8rT2cWbXo4dLhQ9sPfMgJa"
TYPED_CODE: t.Final = "WDJB-MJHT"
ANN: t.Final = {"name": "Ann Walker", "avatar_url": "/static/avatars/ann.svg"}
SOMEBODY: t.Final = {"name": "Wolfeschlegelsteinhausenbergerdorff", "avatar_url": None}
ASKING: t.Final = {
    "browser": "Chrome on Windows",
    "place": "Porto, Portugal",
    "ip": "203.0.113.7",
    "age": 12,
}
WARNINGS: t.Final = [
    "other_network",
    "other_country",
    "new_browser",
    "old_request",
    "many_requests",
    "unknown_address",
    "scanned_by_others",
    "user_code",
]
LINKS: t.Final = dict.fromkeys(
    [
        "self",
        "poll",
        "cancel",
        "scan",
        "approve",
        "deny",
        "not_me",
        "log_in_again",
        "end_others",
        "enter",
        "scanner",
    ],
    "/gallery",
) | {"qr_svg": "/gallery/qr.svg", "main": "/"}
_DECIDE: t.Final = {
    "asking": ASKING,
    "profile": ANN,
    "links": LINKS,
    "confirm_token": "x",
    "choices": ["17", "48", "93"],
    "expires_in": 118,
    "warnings": ["other_network", "new_browser"],
    "another": pages.Action("/gallery", "Scan another code"),
}


@dataclasses.dataclass(frozen=True, slots=True)
class Scene:
    """One state of one page: ``template`` with ``context``, else a ``path`` with ``answers``."""

    name: str
    template: str | None = None
    context: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    path: str = ""
    answers: Answers = ()
    #: Whether somebody is logged in.
    person: bool = False
    #: What is there once the state is shown.
    ready: str = "main"
    #: What is clicked then, where it is to be seen.
    clicks: tuple[str, ...] = ()


def _time(age: int) -> dict[str, t.Any]:
    return {"datetime": "2030-01-31T12:00:00Z", "text": "2030-01-31 12:00 UTC", "age": age}


def _device(name: str, browser: str, *, current: bool = False) -> dict[str, t.Any]:
    return {
        "name": name,
        "browser": browser,
        "place": "Porto, Portugal",
        "ip": "2001:db8:85a3:8d3:1319:8a2e:370:7348" if current else "203.0.113.7",
        "current": current,
        "logged_in": _time(3 * 86400),
        "last_seen": _time(40),
        "approved_by": {"browser": "Mobile Safari on iOS", "ip": "198.51.100.23"},
        "links": {"end": "/gallery", "rename": "/gallery", "not_me": "/gallery"},
    }


_DEVICES: t.Final = [
    _device("Chrome on Windows", "Chrome on Windows", current=True),
    _device("The old laptop in the kitchen", "Firefox on Ubuntu"),
    _device("Edge on Windows", "Edge on Windows"),
]


def _request(state: str, **context: t.Any) -> Scene:
    name = "-".join(["request", state, *map(str, context.values())])
    profile = None if state == "pending" else ANN
    return Scene(
        name,
        "request",
        {
            "state": state,
            "profile": profile,
            "links": LINKS,
            "version": 2,
            "picture_seconds": 60,
            "user_code": {"text": TYPED_CODE},
            "typing_at": "harbour.example/qrlogin/code",
            "other_login_url": "/login",
            **context,
        },
    )


def _result(state: str, **context: t.Any) -> Scene:
    name = "-".join(["result", state, *map(str, context.values())])
    return Scene(name, "result", {**_DECIDE, "state": state, **context})


def _panel(name: str, *answers: tuple[int, dict[str, t.Any]], state: str | None = None) -> Scene:
    state = state or name
    return Scene(
        f"panel-{name}",
        path="/qrlogin/",
        answers=answers,
        ready=f"qr-login[state={state}] > [data-state~={state}]",
    )


_STARTED: t.Final = (
    201,
    {
        "id": "x",
        "state": "pending",
        "version": 1,
        "qr": {"url": URL, "svg": qr_image.svg(URL, QRStyle())},
        "issued_at": "2030-01-31T12:00:00Z",
        "expires_in": 299,
        "user_code": {"text": TYPED_CODE, "url": "https://harbour.example/qrlogin/code"},
        "interval": 0,
        "links": {"poll": "/qrlogin/requests/x/poll", "cancel": "/qrlogin/requests/x/cancel"},
    },
)
_SCANNED: t.Final = {
    "state": "scanned",
    "version": 2,
    "expires_in": 118,
    "interval": 0,
    "profile": ANN,
}


def _ended(state: str, **more: str) -> tuple[int, dict[str, t.Any]]:
    return 200, {"state": state, "version": 3, "expires_in": 0, "interval": 0, **more}


def _problem(code: str, status: int) -> tuple[int, dict[str, t.Any]]:
    detail = "Sign in at reception first."
    return status, {"code": code, "status": status, "title": "Not from here.", "detail": detail}


def _error(name: str, refusal: errors.Refusal, *, action: bool = False) -> Scene:
    error = {"title": refusal.title, "detail": refusal.detail, "code": refusal.code}
    link = pages.Action("/gallery", "Scan another code") if action else None
    return Scene(f"error-{name}", "error", {"error": error, "action": link, "links": LINKS})


PANEL = [
    _panel("starting"),
    _panel("pending", _STARTED),
    _panel("scanned", _STARTED, (200, _SCANNED | {"profile": SOMEBODY})),
    _panel("number", _STARTED, (200, _SCANNED | {"number": "48"}), state="scanned"),
    _panel("approved", _STARTED, (200, _SCANNED | {"state": "approved"})),
    _panel("redeemed", _STARTED, _ended("redeemed", location="/")),
    _panel("used", _STARTED, _ended("redeemed")),
    _panel("denied", _STARTED, _ended("denied")),
    _panel("mismatch", _STARTED, _ended("denied", reason="number_mismatch"), state="denied"),
    _panel("cancelled", _STARTED, _ended("cancelled")),
    _panel("expired", _STARTED, (200, _SCANNED), _ended("expired")),
    _panel("idle", _STARTED, _ended("expired")),
    _panel("offline", (0, {}), (0, {})),
    _panel("error", (503, {})),
    _panel("busy", _problem("rate_limited", 429)),
    _panel("blocked", _STARTED, _problem("request_not_found", 404)),
    _panel("refused", _problem("not_allowed", 403)),
    # Nothing that a server says: our script cannot show it.
    _panel("failed", (201, {"state": "pending", "qr": {"svg": 7}})),
]
PANEL += [
    dataclasses.replace(
        PANEL[1],
        name="panel-typing",
        clicks=(".qrlogin-anyway > summary", ".qrlogin-typing > summary"),
    ),
    dataclasses.replace(PANEL[1], name="panel-compact", path="/gallery/host/compact"),
    dataclasses.replace(PANEL[3], name="panel-compact-number", path="/gallery/host/compact"),
    dataclasses.replace(
        PANEL[1],
        name="panel-dialog",
        path="/gallery/host/button",
        ready=".qrlogin-modal > button",
        clicks=(".qrlogin-modal > button",),
    ),
]
PAGES: t.Final = [
    _request("pending"),
    _request("scanned", number="48"),
    _request("approved"),
    _request("redeemed"),
    _request("denied", reason="number_mismatch"),
    _request("cancelled"),
    _request("expired"),
    Scene("code", "code", {"links": LINKS, "code": ""}),
    Scene(
        "code-wrong",
        "code",
        {"links": LINKS, "code": "WDJB", "error": {"title": errors.CodeNotFound.title}},
    ),
    Scene("scanner", path="/qrlogin/scan", person=True, ready="qr-scanner"),
    Scene("scan", "scan", {**_DECIDE}),
    Scene("scan-warned", "scan", {**_DECIDE, "warnings": WARNINGS, "profile": SOMEBODY}),
    Scene("confirm-tap", "confirm", {**_DECIDE, "confirmation": "tap", "warnings": []}),
    Scene("confirm-match", "confirm", {**_DECIDE, "confirmation": "match"}),
    Scene("confirm-typed", "confirm", {**_DECIDE, "confirmation": "reauth"}),
    Scene(
        "confirm-log-in-again",
        "confirm",
        {**_DECIDE, "confirmation": "reauth", "fresh_login_url": "/gallery"},
    ),
    Scene(
        "confirm-warned",
        "confirm",
        {**_DECIDE, "confirmation": "match", "warnings": WARNINGS, "expires_in": 40},
    ),
    _result("approved"),
    _result("redeemed"),
    _result("redeemed", login_ended="ended"),
    _result("redeemed", login_ended="not_me"),
    _result("denied"),
    _result("denied", reason="number_mismatch"),
    _result("cancelled"),
    _result("expired"),
    Scene("devices-none", "devices", {"devices": [], "links": LINKS, "may_end_others": True}),
    Scene(
        "devices",
        "devices",
        {"devices": _DEVICES, "ended": _DEVICES[1:2], "links": LINKS, "may_end_others": True},
    ),
    Scene("devices-by-code", "devices", {"devices": _DEVICES, "links": LINKS}),
    Scene("notice", "notice", {"device": _DEVICES[1], "links": LINKS}),
    Scene("notice-done", "notice", {"device": {**_DEVICES[1], "ended": "not_me"}, "links": LINKS}),
    _error("token", errors.TokenInvalid(), action=True),
    _error("expired", errors.RequestExpired(), action=True),
    _error("veto", errors.NotAllowed("You may not log in with that browser.")),
]
EXAMPLE: t.Final = [
    dataclasses.replace(PANEL[1], name="example-login", path="/login"),
    Scene("example-scanned", path="/login?next=/qrlogin/s/x"),
    Scene("example-phone", path="/phone", ready="[data-step=choose]"),
    Scene(
        "example-phone-scan",
        path="/phone",
        ready="[data-step=choose]",
        clicks=("[data-person=ann]",),
    ),
    Scene("example-home", path="/", person=True, ready=".home"),
    Scene("example-error", path="/nothing"),
]
SCENES: t.Final = [*PANEL, *PAGES, *EXAMPLE]
#: What people see on the way that most of them take; `make test` looks at these alone.
USUAL: t.Final = {
    *("panel-pending", "panel-scanned", "panel-number", "panel-redeemed", "panel-denied"),
    *("panel-offline", "panel-failed", "panel-dialog", "request-pending", "request-scanned-48"),
    *("scan", "confirm-match", "confirm-warned", "result-approved", "devices", "scanner", "code"),
}
