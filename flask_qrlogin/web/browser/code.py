"""What a browser that waits is told: its code in each form, and how far its request has come."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from datetime import datetime

import flask

from ...app_state import current_state
from ...core import user_code
from ...core.login_request import LoginRequest
from ...core.login_request import State
from ...qr import image as qr_image
from .. import answers

#: A scheme that opens an app or a page, and nothing that a browser would drop or pass over.
_APP_LINK: t.Final = re.compile(
    r"(?!(?:javascript|data|vbscript|blob|file):)[a-z][a-z0-9+.-]*:[^\s\x00-\x1f\x7f]+",
    re.IGNORECASE,
)


def started(request: LoginRequest) -> dict[str, t.Any]:
    """Describe a new request to the browser that began it."""
    return {
        "id": request.id,
        **answers.progress(request),
        **_fresh_qr(request),
        **_known(user_code=code_to_type(request)),
        "expires_at": answers.timestamp(request.deadline),
        "interval": current_state().pacing.unheld(),
        "links": links(request),
    }


def polled(request: LoginRequest, *, qr_due: bool, interval: float) -> dict[str, t.Any]:
    """Describe a request to its browser: about the person, it says only the public profile."""
    progress = answers.progress(request)
    return {
        **progress,
        "interval": interval,
        **_known(
            profile=request.profile and dataclasses.asdict(request.profile),
            number=current_state().flow.number(request),
            reason=request.reason,
        ),
        **(_fresh_qr(request) if qr_due and progress["state"] is State.PENDING else {}),
    }


def links(request: LoginRequest) -> dict[str, str]:
    """Return where the browser goes on with its request."""
    return {
        name: flask.url_for(f"qrlogin.{endpoint}", id=request.id)
        for name, endpoint in {
            "self": "show",
            "poll": "poll",
            "cancel": "cancel",
            "qr_svg": "qr_svg",
            "qr_png": "qr_png",
        }.items()
    }


def qr_text(request: LoginRequest) -> str:
    """Return the text of a fresh QR code for a request."""
    return _payload(request, *_fresh_url(request))


def app_link(request: LoginRequest) -> str | None:
    """Return what opens the app with a request on the same device, if the application offers it."""
    url, token, _ = _fresh_url(request)
    return _app_link(url, token)


def code_to_type(request: LoginRequest) -> dict[str, str] | None:
    """Describe what can be typed on a phone that cannot scan, and where."""
    if request.user_code is None:
        return None
    url = current_state().host.base_url() + flask.url_for("qrlogin_code.show")
    return {"text": user_code.grouped(request.user_code), "url": url}


def _fresh_qr(request: LoginRequest) -> dict[str, t.Any]:
    url, token, issued_at = _fresh_url(request)
    text = _payload(request, url, token, issued_at)
    style = current_state().qr_style
    return {
        "qr": {
            "url": text,
            "svg": qr_image.svg(text, style),
            **_known(app_link=_app_link(url, token), logo_url=style.logo_url),
        },
        "issued_at": answers.timestamp(issued_at),
    }


def _fresh_url(request: LoginRequest) -> tuple[str, str, datetime]:
    """Return the URL that leads a phone to a request, its token, and when that was issued."""
    state = current_state()
    token, issued_at = state.flow.qr_token(request)
    url = state.host.base_url() + flask.url_for("qrlogin_phone.open_code", token=token)
    return url, token, issued_at


def _payload(request: LoginRequest, url: str, token: str, issued_at: datetime) -> str:
    state = current_state()
    expires_at = min(issued_at + state.settings.token_lifetime, request.deadline)
    return state.hooks.qr_payload(url, token, issued_at, expires_at)


def _app_link(url: str, token: str) -> str | None:
    """Ask the hook, and refuse what would run or read something in the browser itself.

    Raises:
        ValueError
    """
    link = current_state().hooks.app_link(url, token)
    if link is not None and not _APP_LINK.fullmatch(link):
        raise ValueError(
            "The hook app_link has to return a URL of the web or with your app's own scheme, such"
            f" as 'myapp://qr', and not one that begins with {link[:12]!r}."
        )
    return link


def _known(**values: t.Any) -> dict[str, t.Any]:
    return {name: value for name, value in values.items() if value is not None}
