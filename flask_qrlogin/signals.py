"""Signals that tell what happened, sent by the app with ``login_request`` or ``device``.

They are sent after the change was written. A receiver that raises is logged, and stops nothing:
to decide, use a hook.
"""

from __future__ import annotations

import blinker
import flask

from .login_request import State

_signals = blinker.Namespace()

#: A browser shows a new code.
request_started: blinker.NamedSignal = _signals.signal("request-started")
#: A person has scanned it for the first time.
request_scanned: blinker.NamedSignal = _signals.signal("request-scanned")
#: That person agreed.
request_approved: blinker.NamedSignal = _signals.signal("request-approved")
#: The browser is about to be logged in.
request_redeemed: blinker.NamedSignal = _signals.signal("request-redeemed")
#: The person refused, or took the approval back.
request_denied: blinker.NamedSignal = _signals.signal("request-denied")
#: The browser withdrew it.
request_cancelled: blinker.NamedSignal = _signals.signal("request-cancelled")
#: Its time ran out; sent when the old row is deleted, minutes later.
request_expired: blinker.NamedSignal = _signals.signal("request-expired")

#: A browser was logged in; sent with ``device``.
device_linked: blinker.NamedSignal = _signals.signal("device-linked")
#: Such a login has ended; sent with ``device``, whose ``end_reason`` says why.
device_ended: blinker.NamedSignal = _signals.signal("device-ended")

#: The signal for each state.
BY_STATE = {
    State.PENDING: request_started,
    State.SCANNED: request_scanned,
    State.APPROVED: request_approved,
    State.REDEEMED: request_redeemed,
    State.DENIED: request_denied,
    State.CANCELLED: request_cancelled,
    State.EXPIRED: request_expired,
}


def send(signal: blinker.NamedSignal, app: flask.Flask, **what: object) -> None:
    """Send a signal. What a receiver does wrong must not undo what was already written."""
    for receiver in signal.receivers_for(app):
        try:
            receiver(app, **what)
        except Exception:
            app.logger.exception("A receiver of a flask_qrlogin signal failed.")
