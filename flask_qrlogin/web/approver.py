"""What a phone does to a login request, from its web browser or a native app alike."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import functools

from .. import errors
from ..app_state import current_state
from ..confirmation import Assessment
from ..confirmation import Confirmation
from ..login_request import LoginRequest
from ..login_request import Phone
from . import limits
from . import risk
from . import whereabouts
from .people import Person


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
        return current_state().approvals.enter(code)

    def scan(self, token: str, *, proof: str | None = None) -> LoginRequest:
        """Report that the person has the code before them."""
        limits.count_person("scan", self.person.id)
        return current_state().approvals.scan(
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
        return current_state().approvals.approve(
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
        return current_state().approvals.deny(
            token, user_id=self.person.id, confirm_token=confirm_token
        )

    def _assessing(self, token: str) -> c.Callable[[LoginRequest], Assessment]:
        return functools.partial(self._assess, typed_code=current_state().approvals.is_typed(token))

    def _assess(self, login_request: LoginRequest, *, typed_code: bool) -> Assessment:
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
        assessment = risk.assess(self.person, login_request, typed_code=typed_code)
        if assessment.confirmation is Confirmation.REFUSE:
            raise errors.NotAllowed("This login looks too unusual to be approved.")
        return assessment
