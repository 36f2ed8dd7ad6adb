"""Counts and times logins through an OpenTelemetry meter, where its API is installed.

It is installed by the extra ``metrics``. As long as the process has no SDK for it, what is counted
goes nowhere. Names follow OpenTelemetry's naming rules; no attribute says anything of a person.
"""

from __future__ import annotations

import collections
import collections.abc as c
import importlib.metadata
import typing as t
import weakref

import flask

from .. import signals
from ..app_state import AppState
from ..core.login_request import LoginRequest
from ..core.login_request import State

if t.TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions
    from opentelemetry.metrics import Observation

#: Seconds. A code lives for five minutes by default; a quick person scans within three seconds.
_BUCKETS = (1, 2, 5, 10, 20, 30, 60, 120, 300)

#: The apps of this process, and what each is called.
_apps: weakref.WeakKeyDictionary[AppState, str] = weakref.WeakKeyDictionary()


def connect(app: flask.Flask, state: AppState) -> None:
    """Count what happens in an app, from its signals."""
    try:
        from opentelemetry import metrics
    except ImportError:
        return
    meter = metrics.get_meter("flask_qrlogin", importlib.metadata.version("flask-qrlogin"))
    # Asked for once more, for a second app, the SDK returns the same ones.
    requests = meter.create_counter(
        "qrlogin.requests", "{request}", "Login requests that reached a state."
    )
    scan = meter.create_histogram(
        "qrlogin.scan.duration",
        "s",
        "From the start of a login request to its first scan.",
        explicit_bucket_boundaries_advisory=_BUCKETS,
    )
    approval = meter.create_histogram(
        "qrlogin.approval.duration",
        "s",
        "From the first scan of a login request to its approval.",
        explicit_bucket_boundaries_advisory=_BUCKETS,
    )
    meter.create_observable_up_down_counter(
        "qrlogin.waiting_polls", [_waiting], "{poll}", "Polls that are held now."
    )
    named = {"qrlogin.app": app.name}

    def note(sender: flask.Flask, *, login_request: LoginRequest, **extra: object) -> None:
        request, reached = login_request, {"qrlogin.state": login_request.state.value}
        if request.state is State.DENIED and request.reason is not None:
            reached["qrlogin.reason"] = request.reason
        requests.add(1, named | reached)
        if request.scanned_at is None:
            return
        if request.state is State.SCANNED:
            scan.record((request.scanned_at - request.created_at).total_seconds(), named)
        if request.state is State.APPROVED and request.decided_at is not None:
            seconds = (request.decided_at - request.scanned_at).total_seconds()
            asked = {"qrlogin.confirmation": request.confirmation.value}
            approval.record(seconds, named | asked)

    for signal in signals.BY_STATE.values():
        signal.connect(note, app, weak=False)
    _apps[state] = app.name


def _waiting(options: CallbackOptions) -> c.Iterator[Observation]:
    """Observe each app of this process; two may have one name."""
    from opentelemetry.metrics import Observation

    held: collections.Counter[str] = collections.Counter()
    for state, name in list(_apps.items()):
        held[name] += state.held_polls
    for name, count in held.items():
        yield Observation(count, {"qrlogin.app": name})
