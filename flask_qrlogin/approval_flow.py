"""The use cases of a phone: it scans a code, and its owner approves or denies.

No Flask, no database and no clock of its own, as in ``login_flow.py``.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
from datetime import datetime

from . import errors
from . import tokens
from . import transitions
from . import typed_code
from .confirmation import Assessment
from .confirmation import Confirmation
from .confirmation import stricter
from .ledger import Ledger
from .login_request import cleaned
from .login_request import has_control
from .login_request import Lifetimes
from .login_request import LoginRequest
from .login_request import Phone
from .login_request import Profile
from .login_request import State

_NO_PHONE = Phone()
#: The reason of a request that ended by a wrong number.
NUMBER_MISMATCH = "number_mismatch"


class ApprovalFlow:
    """Runs the phone's side of login requests, from the scan to the decision.

    ``secret_keys`` are the app's: the first signs, all are accepted.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        lifetimes: Lifetimes,
        secret_keys: c.Sequence[str | bytes],
    ) -> None:
        self._ledger = ledger
        self._lifetimes = lifetimes
        self.now: c.Callable[[], datetime] = ledger.now
        self._qr = tokens.QRTokens(
            secret_keys, token_lifetime=lifetimes.token, proof_lifetime=lifetimes.request
        )
        self._confirm = tokens.ConfirmSigner(secret_keys)
        self._numbers = tokens.NumberMatch(secret_keys)
        self._codes = typed_code.TypedCodes(secret_keys)

    def prove_opened(self, token: str) -> str | None:
        """Return a proof that a fresh code was opened now, or None if the code is not fresh."""
        return self._qr.prove_opened(token, self.now())

    def id_in(self, token: str) -> str | None:
        """Return the id of the request that a code stands for, however old, if it is ours."""
        try:
            return self._qr.read(token).id
        except errors.TokenInvalid:
            return None

    def enter(self, text: str) -> str:
        """Return a fresh token for the request whose code was typed. Nothing is written.

        It is used as if it had been scanned, so that what has become of the request meanwhile is
        told as to who scans: to who guesses, nothing more.

        Raises:
            CodeNotFound: no request has this code, or two that are under way have it.
        """
        code = typed_code.read(text)
        found = self._ledger.of_code(code) if code else []
        found = [request for request in found if self._codes.matches(request.id, code or "")]
        now = self.now()
        # Of those that have ended, the newest.
        fitting = [r for r in found if not r.state_at(now).is_end] or found[:1]
        if len(fitting) != 1:
            raise errors.CodeNotFound
        return self._qr.write_typed(fitting[0].id, now)

    def is_typed(self, token: str) -> bool:
        """Tell whether a token of ours was given for a typed code."""
        try:
            return self._qr.read(token).typed
        except errors.TokenInvalid:
            return False

    def of_phone(
        self, token: str, *, user_id: str | None = None, proof: str | None = None
    ) -> LoginRequest:
        """Return the request that a code stands for, as long as this phone may look at it.

        It may with a fresh code, with the proof that it opened one, or if this person has scanned
        it already.

        Raises:
            TokenInvalid, TokenExpired, RequestNotFound
        """
        signed = self._qr.read(token)
        may_scan = self._qr.may_scan(signed, proof, self.now())
        if not may_scan and user_id is None:
            raise errors.TokenExpired
        request = self._ledger.get(signed.id)
        if not may_scan and request.user_id != user_id:
            raise errors.TokenExpired
        return request

    def scan(
        self,
        token: str,
        *,
        user_id: str,
        profile: Profile,
        authorize: c.Callable[[LoginRequest], Assessment],
        phone: Phone = _NO_PHONE,
        proof: str | None = None,
    ) -> LoginRequest:
        """The person scans the code; :meth:`confirm_token` is what decides afterwards.

        ``authorize`` says what will be asked of the person, and raises what forbids the scan.

        Raises:
            TokenInvalid, TokenExpired, RequestNotFound, AlreadyScanned, RequestEnded,
            RequestExpired
        """
        request = self.of_phone(token, user_id=user_id, proof=proof)
        assessment = authorize(request)
        url = profile.avatar_url
        profile = Profile(
            cleaned(profile.name, 100) or "Somebody",
            url if url and len(url) <= 2000 and not has_control(url) else None,
        )
        phone = _fitting(phone)

        def step(request: LoginRequest, now: datetime) -> LoginRequest:
            try:
                return transitions.scan(
                    request,
                    now,
                    user_id=user_id,
                    profile=profile,
                    decision=self._lifetimes.decision,
                    phone=phone,
                    assessment=assessment,
                )
            except errors.AlreadyScanned:
                return transitions.contest(request, now)

        request = self._ledger.change(request.id, step, known=request)
        if request.user_id != user_id:
            raise errors.AlreadyScanned
        return request

    def choices(self, request: LoginRequest) -> list[str]:
        """Return the numbers of which the scanner picks one: for the scanner's eyes only."""
        matches = request.confirmation is Confirmation.MATCH
        return self._numbers.choices(request.id) if matches else []

    def confirm_token(self, request: LoginRequest) -> str | None:
        """Return the confirm token of the newest scan: for the scanner's eyes only."""
        if request.user_id is None or request.confirm_version is None:
            return None
        return self._confirm.write(
            id=request.id, user_id=request.user_id, version=request.confirm_version
        )

    def approve(
        self,
        token: str,
        *,
        user_id: str,
        confirm_token: str,
        authorize: c.Callable[[LoginRequest], Assessment],
        is_fresh: c.Callable[[LoginRequest], bool] = lambda request: False,
        number: str | None = None,
        remember: bool = False,
        phone: Phone = _NO_PHONE,
    ) -> LoginRequest:
        """The scanner agrees. ``authorize`` is asked before it is written, and may raise.

        It says what is asked of the person by now; if that is more than at the scan, it is kept.
        ``is_fresh`` tells whether the person has just logged in on the phone. A wrong number ends
        the request: whoever leads a person to guess has one guess.

        Raises:
            TokenInvalid, RequestNotFound, NotScanned, AlreadyScanned, ConfirmInvalid,
            ConfirmSuperseded, RequestEnded, RequestExpired
            StepUpRequired: the number or a fresh login is missing.
            NumberMismatch: the number was wrong; the request is denied.
        """
        phone = _fitting(phone)

        def step(request: LoginRequest, now: datetime) -> LoginRequest:
            approved = transitions.approve(
                request,
                now,
                user_id=user_id,
                pickup=self._lifetimes.pickup,
                phone=phone,
                remember=remember,
            )
            self._check_confirm(request, user_id, confirm_token)
            assessment = authorize(request)
            if approved is request:
                return request
            if stricter(request.confirmation, assessment.confirmation) != request.confirmation:
                return transitions.escalate(request, now, user_id=user_id, assessment=assessment)
            if not request.confirmation.needs_number:
                return approved
            if number is None:
                raise _step_up(request)
            if request.confirmation is Confirmation.TYPED and not is_fresh(request):
                raise _step_up(request)
            if not self._numbers.matches(request.id, number):
                return transitions.deny(request, now, user_id=user_id, reason=NUMBER_MISMATCH)
            return approved

        request = self._ledger.change(self._qr.read(token).id, step)
        if request.state is State.DENIED:
            raise errors.NumberMismatch
        if request.state is State.SCANNED:
            raise _step_up(request)
        return request

    def deny(self, token: str, *, user_id: str, confirm_token: str) -> LoginRequest:
        """The scanner refuses, or takes an approval back. Raises as :meth:`approve` does."""

        def step(request: LoginRequest, now: datetime) -> LoginRequest:
            denied = transitions.deny(request, now, user_id=user_id)
            self._check_confirm(request, user_id, confirm_token)
            return denied

        return self._ledger.change(self._qr.read(token).id, step)

    def _check_confirm(self, request: LoginRequest, user_id: str, confirm_token: str) -> None:
        self._confirm.check(
            confirm_token, id=request.id, user_id=user_id, version=request.confirm_version or 0
        )


def _step_up(request: LoginRequest) -> errors.StepUpRequired:
    needs_login = request.confirmation is Confirmation.TYPED
    detail = "Send as 'number' the two digits that the browser shows."
    if needs_login:
        detail += " The person has to log in again before; in an app the hook step_up tells so."
    return errors.StepUpRequired(
        detail,
        confirmation=request.confirmation.value,
        **({"login": "fresh"} if needs_login else {}),
    )


def _fitting(phone: Phone) -> Phone:
    return dataclasses.replace(
        phone,
        user_agent=cleaned(phone.user_agent, 255),
        address=cleaned(phone.address, 45),
        login=cleaned(phone.login, 50) if phone.login else None,
    )
