"""The audit trail: one log record for each step of a login, and for each refusal.

The logger is ``flask_qrlogin.audit``. A record's message is one line of ``key=value``; the same is
a dict in its attribute ``qrlogin``, for handlers that write JSON. There is no secret in it: no
token, no number, no URL.
"""

from __future__ import annotations

import collections.abc as c
import contextlib
import functools
import json
import logging
import re
import traceback
import typing as t

import flask

from .. import signals
from ..app_state import current_state
from ..core import errors
from ..core import tokens
from ..core.linked_device import LinkedDevice
from ..core.login_request import LoginRequest
from ..core.login_request import State
from ..web import whereabouts

logger: logging.Logger = logging.getLogger("flask_qrlogin.audit")

_PLAIN = re.compile(r"[\w.:/@+-]+", re.ASCII)


P = t.ParamSpec("P")


def _harmless(note: c.Callable[P, None]) -> c.Callable[P, None]:
    """Tell what a handler of the log does wrong, and go on: it must undo nothing."""

    @functools.wraps(note)
    def carefully(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            note(*args, **kwargs)
        except Exception:
            # Not to a log, where the same handler may be.
            traceback.print_exc()

    return carefully


def connect(app: flask.Flask) -> None:
    """Write the trail of an application, from its signals."""
    for signal in signals.BY_STATE.values():
        signal.connect(_note_request, app)
    signals.device_linked.connect(_note_linked, app)
    signals.device_ended.connect(_note_ended, app)
    signals.refused.connect(_note_refusal, app)


@_harmless
def _note_refusal(
    sender: flask.Flask, *, refusal: errors.Refusal, user_id: str | None, **extra: object
) -> None:
    request = flask.request
    _write(
        "refused",
        code=refusal.code,
        detail=refusal.detail,
        # Not the path, which may hold a token.
        endpoint=request.endpoint,
        request_id=_request_id(),
        user_id=user_id,
        **_actor(),
    )


def _request_id() -> str | None:
    """Return the login request that was meant, unless its id or token is made up."""
    fields = dict(flask.request.view_args or {})
    if flask.request.method == "POST":
        # It may be whatever a client sends, or may not even be readable.
        with contextlib.suppress(Exception):
            fields |= t.cast(dict[str, object], flask.request.get_json(silent=True))
    id, token = fields.get("id"), fields.get("token")
    if isinstance(id, str) and tokens.is_id(id):
        return id
    return current_state().flow.id_in(token) if isinstance(token, str) else None


@_harmless
def _note_request(sender: flask.Flask, *, login_request: LoginRequest, **extra: object) -> None:
    state = login_request.state
    _write(
        "login_started" if state is State.PENDING else f"login_{state}",
        request_id=login_request.id,
        user_id=login_request.user_id,
        address=login_request.address,
        user_agent=login_request.user_agent,
        warnings=login_request.warnings.split(),
        confirmation=str(login_request.confirmation),
        reason=login_request.reason,
        approver_device_id=login_request.approver_device_id,
        # Whoever has old rows deleted has nothing to do with them.
        **({} if state is State.EXPIRED else _actor()),
    )


@_harmless
def _note_linked(sender: flask.Flask, *, device: LinkedDevice, **extra: object) -> None:
    _note_device("device_linked", device)


@_harmless
def _note_ended(sender: flask.Flask, *, device: LinkedDevice, **extra: object) -> None:
    _note_device("device_ended", device)


def _note_device(event: str, device: LinkedDevice) -> None:
    _write(
        event,
        request_id=device.id,
        device_id=device.id,
        user_id=device.user_id,
        address=device.address,
        user_agent=device.user_agent,
        reason=device.end_reason,
        approver_device_id=device.approver_device_id,
        **_actor(),
    )


def _actor() -> dict[str, str]:
    """Say who has sent the request of HTTP that this is about: the browser or the phone."""
    if not flask.has_request_context():
        return {}
    return {
        "actor_address": whereabouts.address(),
        # Whatever the headers say: a client may hide itself behind them.
        "peer": flask.request.remote_addr or "",
        "actor_user_agent": flask.request.user_agent.string[:255],
    }


def _write(event: str, **fields: t.Any) -> None:
    fields = {"event": event} | fields
    logger.info("%s", line(fields), extra={"qrlogin": fields})


def line(fields: c.Mapping[str, t.Any]) -> str:
    """Write fields as ``key=value`` in one line, without those that are empty.

    Whatever a client sends, it can neither begin another line nor forge a field, nor tell a
    terminal what to do.
    """
    return " ".join(f"{key}={quoted(value)}" for key, value in fields.items() if value)


def quoted(value: object) -> str:
    """Write a value so that it stays one word of one line, in ASCII."""
    text = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    if _PLAIN.fullmatch(text):
        return text
    # JSON leaves this control character as it is; and "=" is only ours, even to a careless reader.
    return json.dumps(text).replace("\x7f", "\\u007f").replace("=", "\\u003d")
