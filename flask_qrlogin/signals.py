"""Signals that tell what happened, sent by the app with ``login_request`` or ``device``.

They are sent after the change was written. A receiver that raises is logged, and stops nothing:
to decide, use a hook.
"""

from __future__ import annotations

import blinker
import flask

from .core.login_request import State

_signals = blinker.Namespace()

#: A browser shows a new code.
login_started: blinker.NamedSignal = _signals.signal("login-started")
#: A person has scanned it for the first time.
login_scanned: blinker.NamedSignal = _signals.signal("login-scanned")
#: That person agreed.
login_approved: blinker.NamedSignal = _signals.signal("login-approved")
#: The browser was logged in, once; what a receiver writes to the session stays.
login_redeemed: blinker.NamedSignal = _signals.signal("login-redeemed")
#: The person refused, or took the approval back.
login_denied: blinker.NamedSignal = _signals.signal("login-denied")
#: The browser withdrew it.
login_cancelled: blinker.NamedSignal = _signals.signal("login-cancelled")
#: Its time ran out; sent when the old row is deleted, minutes later.
login_expired: blinker.NamedSignal = _signals.signal("login-expired")

#: A browser was logged in; sent with ``device``.
device_linked: blinker.NamedSignal = _signals.signal("device-linked")
#: Such a login has ended; sent with ``device``, whose ``end_reason`` says why.
device_ended: blinker.NamedSignal = _signals.signal("device-ended")

#: A client was refused; sent with ``refusal``, which has a ``code``, and ``user_id`` or None.
refused: blinker.NamedSignal = _signals.signal("refused")

#: The last of a login: sent with ``user``, ``login_request`` and ``device``, after all others.
#: What an app's own login view does afterwards belongs here.
login_completed: blinker.NamedSignal = _signals.signal("login-completed")

#: The signal for each state.
BY_STATE = {
    State.PENDING: login_started,
    State.SCANNED: login_scanned,
    State.APPROVED: login_approved,
    State.REDEEMED: login_redeemed,
    State.DENIED: login_denied,
    State.CANCELLED: login_cancelled,
    State.EXPIRED: login_expired,
}


def send(signal: blinker.NamedSignal, app: flask.Flask, **what: object) -> None:
    """Send a signal. What a receiver does wrong must not undo what was already written."""
    for receiver in signal.receivers_for(app):
        try:
            receiver(app, **what)
        except Exception:
            app.logger.exception("A receiver of a flask_qrlogin signal failed.")
