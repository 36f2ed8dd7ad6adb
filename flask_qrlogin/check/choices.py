"""Checks of what was chosen for login by QR."""

from __future__ import annotations

import contextlib
import logging
from datetime import timedelta

import flask

from ..core import tokens
from ..core.confirmation import Confirmation
from ..core.errors import QRLoginError
from ..hooks import Hooks
from ..observe import audit_log
from ..stores.memory import MemoryStore
from ..stores.sql import SQLStore
from ..waiting.notifiers.in_process import InProcessNotifier
from .finding import Evidence
from .finding import Finding
from .finding import note
from .finding import ok
from .finding import problem
from .finding import unknown

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)
#: The longest that each may be, before a code or an approval lies about for too long.
_SHORT = {
    "token_lifetime": 2 * _MINUTE,
    "request_lifetime": 15 * _MINUTE,
    "decision_lifetime": 10 * _MINUTE,
    "pickup_lifetime": 10 * _MINUTE,
}
_LONGEST_LOGIN = 90 * _DAY
_LONGEST_CACHE = 300


def lifetimes(e: Evidence) -> Finding:
    """A code that lives long can be shown to somebody."""
    long = [
        f"QRLOGIN_{name.upper()} (at most {most.total_seconds():.0f} s)"
        for name, most in _SHORT.items()
        if getattr(e.state.settings, name) > most
    ]
    if long:
        return problem("lifetimes", "Codes or approvals live long.", f"Lower {', '.join(long)}.")
    return ok("lifetimes", f"A code lives {e.state.settings.token_lifetime.total_seconds():.0f} s.")


def linked_logins(e: Evidence) -> Finding:
    """A login that nobody looks after should end by itself, and an ended one at once."""
    settings = e.state.settings
    name, lasts = "linked logins", settings.device_idle or settings.device_lifetime
    if min(lasts, settings.device_lifetime) > _LONGEST_LOGIN:
        return problem(
            name,
            f"A login by QR that nobody uses lasts {lasts.days} days.",
            "Lower QRLOGIN_DEVICE_LIFETIME, or set QRLOGIN_DEVICE_IDLE.",
        )
    if settings.device_check_seconds > _LONGEST_CACHE:
        return problem(
            name,
            f"A login that was ended goes on for {settings.device_check_seconds:.0f} s.",
            "Lower QRLOGIN_DEVICE_CHECK_SECONDS.",
        )
    return ok(name, f"They last {settings.device_lifetime.days} days, and end at once if told to.")


def confirmation(e: Evidence) -> Finding:
    """One tap is all that an attacker has to talk somebody into."""
    name, chosen = "confirmation", e.state.settings.confirmation
    if decides(e, "confirmation_policy"):
        return note(name, "The hook confirmation_policy decides: see that it asks for enough.")
    if chosen is Confirmation.TAP:
        return problem(
            name,
            "One tap approves, whoever's browser it is.",
            "Leave QRLOGIN_CONFIRMATION at 'auto', or set it to 'match' or 'reauth'.",
        )
    if chosen is Confirmation.REAUTH:
        login_manager = getattr(flask.current_app, "login_manager", None)
        if not (getattr(login_manager, "refresh_view", None) or e.state.hooks.step_up):
            return problem(
                name,
                "It is typed, for which people have to log in again; the app has no way to.",
                "Set login_manager.refresh_view; for a native app, the hook step_up.",
            )
    return ok(name, f"QRLOGIN_CONFIRMATION is {chosen or 'auto'}.")


def user_codes(e: Evidence) -> Finding:
    """A code that can be typed can be told on the telephone, and guessed."""
    name, settings = "user codes", e.state.settings
    if not settings.user_code:
        return ok(name, "Codes cannot be typed, so nobody can tell one on the telephone.")
    if settings.confirmation is Confirmation.TAP:
        return problem(
            name,
            "Who types a code that somebody has told them approves with one tap.",
            "Leave QRLOGIN_CONFIRMATION at 'auto', or set QRLOGIN_USER_CODE to False.",
        )
    if e.state.hooks.confirmation_policy is not Hooks().confirmation_policy:
        return note(
            name,
            "The hook confirmation_policy decides what is asked of who types a code.",
            "Let it answer TAP for no login whose signals.user_code is True.",
        )
    return note(
        name,
        "A code can be told on the telephone, and the number that is asked for with it.",
        "Where people have a camera, set QRLOGIN_USER_CODE to False.",
    )


def approve_from_linked(e: Evidence) -> Finding:
    """One phished login must not breed."""
    if e.state.settings.approve_from_linked:
        return problem(
            "approving",
            "A login that came about by QR may approve others, as would a stolen one.",
            "Set QRLOGIN_APPROVE_FROM_LINKED to False.",
        )
    return ok("approving", "Only a login that did not come about by QR approves.")


def login_fresh(e: Evidence) -> Finding:
    """What asks for a fresh login should ask a stranger's browser for the password."""
    if e.state.settings.login_fresh is True:
        return problem(
            "freshness",
            "A login by QR opens what fresh_login_required protects.",
            "Set QRLOGIN_LOGIN_FRESH to False, or to 'phone'.",
        )
    return ok("freshness", "A login by QR is no fresher than the phone's own.")


def limits(e: Evidence) -> Finding:
    """Codes can be asked for, and ids guessed, as fast as the server answers."""
    name, settings = "limits", e.state.settings
    limiters = e.app.extensions.get("limiter") or ()
    limiter = next((each for each in limiters if each.enabled), None)
    if limiter is None:
        advice = (
            "Switch it on (RATELIMIT_ENABLED)."
            if limiters or not e.config.get("RATELIMIT_ENABLED", True)
            else "pip install 'flask-qrlogin[limiter]'; Limiter(get_remote_address, app=app)."
        )
        if settings.requests_per_network is None:
            return problem(
                name, "Nothing is counted (QRLOGIN_REQUESTS_PER_NETWORK is None).", advice
            )
        return note(name, "Without Flask-Limiter only codes that wait are counted.", advice)
    off = [key for key, limit in (settings.rate_limits or {}).items() if limit is None]
    if off:
        advice = "Take them out of QRLOGIN_RATE_LIMITS, which leaves the defaults."
        return problem(name, f"These are switched off: {', '.join(off)}.", advice)
    if "Memory" in type(limiter.storage).__name__:
        return unknown(
            name,
            "Flask-Limiter counts in memory: right only if the app is one process.",
            "Give Flask-Limiter a storage that all processes share, such as redis://….",
        )
    return ok(name, "Flask-Limiter counts in a storage that all processes share.")


def store(e: Evidence) -> Finding:
    """All processes have to see the same, and tables have to be there."""
    name = "store"
    try:
        opened, notifier = e.state.opened_store(), e.state.opened_notifier().part
        opened.part.get(tokens.new_id())
        e.state.opened_device_store().part.get(tokens.new_id())
    except QRLoginError as error:
        return problem(name, str(error), "See: flask qrlogin config")
    in_memory = isinstance(opened.part, MemoryStore) or (
        isinstance(opened.part, SQLStore)
        and opened.part.engine.dialect.name == "sqlite"
        and opened.part.engine.url.database in (None, "", ":memory:")
    )
    if in_memory:
        advice = "Give the app a database, or set QRLOGIN_STORE."
        return problem(name, f"{opened.why}: for one process, until it ends.", advice)
    if not is_ours(opened.part):
        advice = "Test it with flask_qrlogin.testing.store_contract.StoreContract."
        return unknown(name, f"{opened.why} is not one of ours.", advice)
    if isinstance(notifier, InProcessNotifier):
        return note(name, f"{opened.why}. Other processes are not told: right if there are none.")
    return ok(name, f"{opened.why}: it can be reached, and its tables are there.")


def is_ours(part: object) -> bool:
    """Tell whether a store is one whose promises this project tests."""
    return type(part).__module__.startswith("flask_qrlogin.")


def notices(e: Evidence) -> Finding:
    """Who was tricked finds out by a notice, or never."""
    if decides(e, "send_notice"):
        return ok("notices", "The hook send_notice tells people of each login.")
    return note(
        "notices",
        "Nobody is told of a login but on the phone's own page.",
        "Set the hook send_notice, for example to send a mail.",
    )


def audit_trail(e: Evidence) -> Finding:
    """Afterwards only the trail tells what happened."""
    name = audit_log.logger.name
    if audit_log.logger.isEnabledFor(logging.INFO) and audit_log.logger.hasHandlers():
        return ok("audit trail", f"The logger {name} has a handler.")
    return unknown(
        "audit trail",
        f"Nothing in this process keeps what the logger {name} writes.",
        f"Give {name} a handler and the level INFO where the app is made.",
    )


def place_data(e: Evidence) -> Finding:
    """With countries, somebody far away is told from somebody in another network."""
    if e.state.hooks.locate or e.state.settings.geoip_database:
        with contextlib.suppress(Exception):
            e.state.locate("192.0.2.1")
            return ok("places", "Browser and phone are compared by country, too.")
        return problem("places", "The hook locate fails.", "See the log for what it raises.")
    return note(
        "places",
        "Browser and phone are compared by network only.",
        "Set QRLOGIN_GEOIP_DATABASE, or the hook locate.",
    )


def decides(e: Evidence, hook: str) -> bool:
    """Tell whether the application has set a hook."""
    return getattr(e.state.hooks, hook) is not getattr(type(e.state.hooks)(), hook)


CHECKS = (
    lifetimes,
    linked_logins,
    confirmation,
    user_codes,
    approve_from_linked,
    login_fresh,
    limits,
    store,
    notices,
    audit_trail,
    place_data,
)
