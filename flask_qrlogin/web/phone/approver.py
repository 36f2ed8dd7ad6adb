"""What a phone does to a login request, from its web browser or a native app alike, and what is
asked of its owner: by where browser and phone are, and who has been there before.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import functools
from datetime import timedelta

from ...app_state import current_state
from ...core import confirmation
from ...core import errors
from ...core import network
from ...core.confirmation import Assessment
from ...core.confirmation import Confirmation
from ...core.confirmation import RiskSignals
from ...core.login_request import LoginRequest
from ...core.login_request import Phone
from .. import answers
from .. import limits
from .. import whereabouts
from ..people import Person


@dataclasses.dataclass(frozen=True, slots=True)
class Approver:
    """A person on a phone, who scans, approves and denies.

    ``phone`` is how that person is logged in there, ``is_fresh`` tells whether just now.
    """

    person: Person
    phone: Phone
    is_fresh: c.Callable[[LoginRequest], bool]

    def enter(self, code: str) -> str:
        """Return the token of the request whose code the person has typed; it is not scanned."""
        limits.count_code(self.person.id)
        return current_state().flow.enter(code)

    def scan(self, token: str, *, proof: str | None = None) -> LoginRequest:
        """Report that the person has the code before them."""
        limits.count_person("scan", self.person.id)
        return current_state().flow.scan(
            token,
            user_id=self.person.id,
            profile=self.person.profile,
            authorize=self._assessing(token),
            phone=self.phone,
            proof=proof,
        )

    def approve(
        self, token: str, *, confirm_token: str, number: str | None, remember: bool
    ) -> LoginRequest:
        """Agree to the login."""
        limits.count_person("approve", self.person.id)
        return current_state().flow.approve(
            token,
            user_id=self.person.id,
            confirm_token=confirm_token,
            authorize=self._assessing(token),
            is_fresh=self.is_fresh,
            number=number,
            remember=remember,
            phone=self.phone,
        )

    def deny(self, token: str, *, confirm_token: str) -> LoginRequest:
        """Refuse the login, or take an approval back."""
        return current_state().flow.deny(token, user_id=self.person.id, confirm_token=confirm_token)

    def _assessing(self, token: str) -> c.Callable[[LoginRequest], Assessment]:
        return functools.partial(self._assess, user_code=current_state().flow.is_typed(token))

    def _assess(self, login_request: LoginRequest, *, user_code: bool) -> Assessment:
        """Say what approving asks of the person.

        Raises:
            NotAllowed: this person may not approve it, or not from here.
        """
        state = current_state()
        whereabouts.require_in(
            state.settings.approve_networks,
            reason="Logins cannot be approved from this network.",
        )
        hint, owner = login_request.login_hint, login_request.requested_by
        asked_for = owner in (None, self.person.id)
        if asked_for and hint is not None:
            asked_for = state.hooks.matches_hint(self.person.user, hint)
        if not asked_for:
            raise errors.NotAllowed("The other browser asked for a login of another account.")
        self.person.require_allowed(login_request)
        assessment = assess(self.person, login_request, user_code=user_code)
        if assessment.confirmation is Confirmation.REFUSE:
            raise errors.NotAllowed("This login looks too unusual to be approved.")
        return assessment


def assess(person: Person, login_request: LoginRequest, *, user_code: bool) -> Assessment:
    """Say what is asked of a person on this phone to approve a login, and what to warn of."""
    settings, hooks = current_state().settings, current_state().hooks
    signals = observe(person, login_request, user_code=user_code)
    decided = hooks.confirmation_policy(person.user, login_request, signals)
    if decided is None:
        decided = settings.confirmation or confirmation.auto(signals)
    return Assessment(Confirmation(decided), signals.warnings)


def observe(person: Person, login_request: LoginRequest, *, user_code: bool) -> RiskSignals:
    """Compare the browser that asks with the phone that this request comes from.

    ``user_code`` tells how the person has come to it.
    """
    state = current_state()
    now = state.flow.now()
    browser, phone = login_request.address, whereabouts.address()
    same_network = network.same_network(browser, phone)
    browser_id = login_request.browser_id
    return RiskSignals(
        same_address=None if same_network is None else browser == phone,
        same_network=same_network,
        same_country=network.shared(_country(browser), _country(phone)),
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
        user_code=user_code,
    )


def _country(address: str) -> str | None:
    place = answers.place_of(address)
    return None if place is None else place.country
