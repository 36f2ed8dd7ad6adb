"""Weighs what is known of a login: where browser and phone are, and who has been there before."""

from __future__ import annotations

from datetime import timedelta

from .. import confirmation
from ..app_state import current_state
from ..confirmation import Assessment
from ..confirmation import Confirmation
from ..confirmation import Signals
from ..login_request import LoginRequest
from . import whereabouts
from . import wire
from .people import Person


def assess(person: Person, login_request: LoginRequest, *, typed_code: bool) -> Assessment:
    """Say what is asked of a person on this phone to approve a login, and what to warn of."""
    settings, hooks = current_state().settings, current_state().hooks
    signals = observe(person, login_request, typed_code=typed_code)
    decided = hooks.confirmation_policy(person.user, login_request, signals)
    if decided is None:
        decided = settings.confirmation or confirmation.auto(signals)
    return Assessment(Confirmation(decided), signals.warnings)


def observe(person: Person, login_request: LoginRequest, *, typed_code: bool) -> Signals:
    """Compare the browser that asks with the phone that this request comes from.

    ``typed_code`` tells how the person has come to it.
    """
    state = current_state()
    now = state.flow.now()
    browser, phone = login_request.address, whereabouts.address()
    same_network = confirmation.same_network(browser, phone)
    browser_id = login_request.browser_id
    return Signals(
        same_address=None if same_network is None else browser == phone,
        same_network=same_network,
        same_country=confirmation.shared(_country(browser), _country(phone)),
        known_address=bool(browser),
        known_browser=browser_id is not None
        and state.devices.is_known_browser(user_id=person.id, browser_id=browser_id),
        age=max(now - login_request.created_at, timedelta()),
        waiting_in_network=state.store.count_started(
            login_request.network, now, confirmation.MANY + 1
        )
        if login_request.network
        else 1,
        contested=login_request.contested,
        typed_code=typed_code,
    )


def _country(address: str) -> str | None:
    place = wire.place_of(address)
    return None if place is None else place.country
