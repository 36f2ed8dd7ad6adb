"""Our cookies: the browser secret of each request, the proof that a code was opened, and what a
browser is recognised by.

Over HTTPS their names begin with ``__Host-``, which browsers accept only from this very host, so
that a subdomain cannot plant one (cookie tossing), and only that name is read.
"""

from __future__ import annotations

import flask

from ..app_state import current_state
from ..core import errors
from ..core import tokens
from ..core.login_request import LoginRequest

#: How many browser secrets one browser keeps: as many codes it can show at the same time.
MAX_SECRETS = 5


def _secure() -> bool:
    return current_state().host.base_url().startswith("https:")


def _prefix() -> str:
    return "__Host-qrlogin-" if _secure() else "qrlogin-"


def _set(response: flask.Response, name: str, value: str, max_age: int) -> None:
    response.set_cookie(
        name, value, max_age=max_age, path="/", secure=_secure(), httponly=True, samesite="Lax"
    )


def secret_of(id: str) -> str | None:
    """Return the browser secret that this browser holds for a request."""
    return flask.request.cookies.get(_prefix() + id)


def keep_secret(response: flask.Response, request: LoginRequest, secret: str) -> list[str]:
    """Give the browser its secret for as long as the request lives, and take the oldest ones.

    Return the requests whose secret was taken.
    """
    prefix = _prefix()
    kept = [
        name.removeprefix(prefix)
        for name in flask.request.cookies
        if name.startswith(prefix) and tokens.is_id(name.removeprefix(prefix))
    ]
    # Browsers send the oldest first (RFC 6265, section 5.4). A few at a time: ones that were
    # planted must not swell the head of the answer.
    dropped = kept[: max(0, len(kept) - MAX_SECRETS + 1)][:MAX_SECRETS]
    for id in dropped:
        drop_secret(response, id)
    lifetime = request.expires_at - request.created_at
    _set(response, prefix + request.id, secret, int(lifetime.total_seconds()))
    return dropped


def drop_secret(response: flask.Response, id: str) -> None:
    """Take the browser's secret for a request away."""
    response.delete_cookie(
        _prefix() + id, path="/", secure=_secure(), httponly=True, samesite="Lax"
    )


def browser_id() -> str | None:
    """Return what this browser is recognised by, if somebody has logged in by QR code there."""
    text = flask.request.cookies.get(f"{_prefix()}browser", "")
    try:
        return current_state().id_signer("browser").read(text).id
    except errors.TokenInvalid:
        return None


def keep_browser_id(response: flask.Response, id: str) -> None:
    """Let the browser be recognised: as long as browsers keep a cookie at most."""
    state = current_state()
    text = state.id_signer("browser").write(id, state.flow.now())
    _set(response, f"{_prefix()}browser", text, 400 * 86400)


def opened_proof() -> str | None:
    """Return the proof that this phone opened a fresh code."""
    return flask.request.cookies.get(f"{_prefix()}opened")


def keep_opened_proof(response: flask.Response, token: str) -> None:
    """Give the proof to a phone that opens a fresh code, by a person's own navigation.

    A picture or a prefetch on another site would be a way to collect proofs.
    """
    headers = flask.request.headers
    prefetched = "Sec-Purpose" in headers or "Purpose" in headers
    navigated = headers.get("Sec-Fetch-Dest", "document") == "document"
    if flask.request.method != "GET" or prefetched or not navigated:
        return
    state = current_state()
    proof = state.flow.prove_opened(token)
    if proof is not None:
        lifetime = int(state.settings.request_lifetime.total_seconds())
        _set(response, f"{_prefix()}opened", proof, lifetime)
