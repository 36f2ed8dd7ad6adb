"""Counts requests against their budgets, and refuses what is too much.

Flask-Limiter counts, where the app has one, with its own storage and strategy. Else a network may
have so many codes that nobody has scanned. Where the storage of the counts fails, everything but
user codes is let through and that is logged: nobody can be logged in otherwise until it is mended.
"""

from __future__ import annotations

import time
import typing as t

import flask

from ..app_state import current_state
from ..config import budgets
from ..core import errors
from . import whereabouts

if t.TYPE_CHECKING:
    from flask_limiter import Limiter

#: Seconds after which a browser may ask again for a code, where its network has too many.
_NETWORK_PAUSE = 30
#: What somebody gets who guesses, or whose code or cookie is old.
_INVALID = (errors.RequestNotFound, errors.TokenInvalid, errors.TokenExpired)


def count_start(browser_id: str | None) -> None:
    """Count a new code: by browser if it is known, so that it need not suffer for its neighbours.

    Raises:
        RateLimited
    """
    if browser_id is not None:
        _count("start_browser", browser_id)
        _count("start_known", whereabouts.counted())
    else:
        _count("start_address", whereabouts.counted())
    state = current_state()
    most, network = state.settings.requests_per_network, whereabouts.network()
    if _limiters() or most is None or not network:
        return
    if browser_id is not None:
        # Strangers in the same network cannot use up what is left for it.
        most *= 2
    if state.store.count_started(network, state.flow.now(), most) >= most:
        _hint_at_proxy()
        raise errors.RateLimited(_NETWORK_PAUSE)


def count_poll(id: str) -> None:
    """Count a poll of a request, only after its secret was right.

    Else whoever has photographed the code, which holds the id, could use up its owner's budget.

    Raises:
        RateLimited
    """
    _count("poll", id)


def count_lookup(user_id: str) -> None:
    """Count a look at the page of a code by somebody who is logged in.

    Not what other sites embed: they would use the person's budget up with pictures.

    Raises:
        RateLimited
    """
    if not _is_embedded():
        _count("lookup", user_id)


def count_person(budget: str, user_id: str) -> None:
    """Count what a person does on a phone: ``scan`` or ``approve``.

    Denying is not counted: nothing may keep a person from that.

    Raises:
        RateLimited
    """
    _count(budget, user_id)


def count_code(user_id: str) -> None:
    """Count a user code, by person and address, before it is known whether it is good.

    Where nothing can be counted, nothing is let through: guessing must not be free, and scanning
    goes on. What one person types too often is not counted for the others at the same address; an
    address that is nobody's, such as that of a proxy on this host, is not counted.

    Raises:
        RateLimited, StoreUnavailable
    """
    if not _limiters():
        raise errors.StoreUnavailable
    _count("code_person", user_id, must=True)
    _count("code_address", whereabouts.counted(), must=True)


def count_stranger() -> None:
    """Count a look at the page of a code by somebody who is not logged in.

    Raises:
        RateLimited
    """
    _count("lookup_address", whereabouts.counted())


def count_devices(user_id: str) -> None:
    """Count a look at the linked devices, or a change of a name; ending one is not counted.

    By person and address, so that whoever sits at a device that is to be ended cannot keep the
    person from finding it.

    Raises:
        RateLimited
    """
    if not _is_embedded():
        _count("devices", f"{user_id} {whereabouts.counted()}")


def _is_embedded() -> bool:
    """Tell whether a page of another site asks, without its reader's doing; nothing is written."""
    headers = flask.request.headers
    elsewhere = headers.get("Sec-Fetch-Site") == "cross-site"
    embedded = headers.get("Sec-Fetch-Dest", "document") != "document"
    return flask.request.method == "GET" and elsewhere and embedded


def count_invalid(refusal: errors.Refusal) -> errors.Refusal:
    """Count what named no request or held no good secret or code; return how to answer it.

    Nothing is refused by this budget but what is refused anyway: the others at the same address
    miss nothing but the reason.
    """
    if isinstance(refusal, _INVALID):
        try:
            _count("invalid", whereabouts.counted())
        except errors.RateLimited as limited:
            return limited
    return refusal


def leave_defaults(blueprint: flask.Blueprint) -> None:
    """Take our pages out of the limits that the host has set for all its views by default.

    "50 per hour", which suits a page, is two minutes of polls.
    """
    for limiter in flask.current_app.extensions.get("limiter", ()):
        # Imported here, since only a host that has it comes this way.
        from flask_limiter import ExemptionScope

        try:
            # No public way tells what the host itself has exempted.
            manager = limiter.limit_manager
            scope = manager.exemption_scope(flask.current_app, None, blueprint.name)
        except AttributeError:
            scope = ExemptionScope.NONE
        if ExemptionScope.DEFAULT not in scope:
            limiter.exempt(blueprint, flags=scope | ExemptionScope.DEFAULT)


def _limiters() -> list[Limiter]:
    """Return the app's Flask-Limiter, which may have several, without what is switched off."""
    return [each for each in flask.current_app.extensions.get("limiter", ()) if each.enabled]


def _count(name: str, key: str, *, must: bool = False) -> None:
    """Count one more of a budget that belongs to ``key``; "" is nobody, and not counted.

    What ``must`` be counted is refused where it cannot be.
    """
    limiters, state = _limiters(), current_state()
    limit = (state.settings.rate_limits or {}).get(name, budgets.DEFAULTS[name])
    if not limiters or limit is None or not key:
        return
    limiter = limiters[0]
    # Two apps may share one storage: a person of the one is not that of the other.
    prefix = flask.current_app.config.get("RATELIMIT_KEY_PREFIX", "")
    owner = (prefix, "flask_qrlogin", state.app_mark(), name, key)
    try:
        counting = limiter.limiter
        spent = next((i for i in budgets.items(limit) if not counting.hit(i, *owner)), None)
        if spent is None:
            return
        retry_after = counting.get_window_stats(spent, *owner).reset_time - time.time()
    except Exception as error:
        if must:
            raise errors.StoreUnavailable from error
        flask.current_app.logger.exception("flask_qrlogin cannot count requests.")
        return
    if key == whereabouts.counted():
        _hint_at_proxy()
    raise errors.RateLimited(retry_after)


def _hint_at_proxy() -> None:
    """Say in the log what may be wrong where everybody seems to be in one place."""
    if not whereabouts.address():
        flask.current_app.logger.warning(
            "flask_qrlogin refused a request as too many from %s, which forwards requests of "
            "others. If it is your proxy, apply Werkzeug's ProxyFix.",
            flask.request.remote_addr,
        )
