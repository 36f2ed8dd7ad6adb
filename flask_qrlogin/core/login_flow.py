"""The steps of a login by QR code, in their order: start, scan, approve, poll, redeem.

One use case after the other, each of them a change of one login request. What may follow what is in
``transitions.py``; how a change is made while others make theirs, in ``repository.py``.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import itertools
import math
import typing as t
from datetime import datetime

from . import errors
from . import tokens
from . import transitions
from . import user_code
from .confirmation import Assessment
from .confirmation import Confirmation
from .confirmation import stricter
from .login_request import cleaned
from .login_request import has_control
from .login_request import Lifetimes
from .login_request import LoginRequest
from .login_request import Phone
from .login_request import Profile
from .login_request import State
from .ports import Waiter
from .repository import LoginRequests

#: Every so many new requests, how many old rows make room: more than come, but a few at a time.
_PURGE_EVERY = 10
_PURGE_AT_ONCE = 50
#: The reason of a request that ended by a wrong number.
NUMBER_MISMATCH = "number_mismatch"
_NO_PHONE = Phone()

User = t.TypeVar("User")


@dataclasses.dataclass(frozen=True, slots=True)
class Polled(t.Generic[User]):
    """What a poll observed. ``user`` is set in the one answer that has to log that person in."""

    request: LoginRequest
    user: User | None = None
    held: bool = False


class LoginFlow:
    """Runs login requests, from the start on the browser to the login there.

    ``secret_keys`` are the app's: the first signs, all are accepted.
    """

    def __init__(
        self,
        requests: LoginRequests,
        *,
        lifetimes: Lifetimes,
        secret_keys: c.Sequence[str | bytes],
    ) -> None:
        self._requests = requests
        self._lifetimes = lifetimes
        self.now: c.Callable[[], datetime] = requests.now
        self._qr = tokens.QRTokens(
            secret_keys, token_lifetime=lifetimes.token, proof_lifetime=lifetimes.request
        )
        self._secrets = tokens.SecretHasher(secret_keys)
        self._confirm = tokens.ConfirmSigner(secret_keys)
        self._numbers = tokens.NumberMatch(secret_keys)
        self._codes = user_code.UserCodes(secret_keys)
        self._starts = itertools.count()

    def state_of(self, request: LoginRequest) -> State:
        """Return how far a request has come by now."""
        return request.state_at(self.now())

    def require_open(self, request: LoginRequest) -> State:
        """Return the same, of a request that something may still follow.

        Raises:
            RequestEnded, RequestExpired: it is too late.
        """
        return transitions.require_open(request, self.now())

    # 1. The browser starts

    def draft(
        self,
        *,
        user_agent: str = "",
        address: str = "",
        network: str = "",
        browser_id: str | None = None,
        next: str | None = None,
        login_hint: str | None = None,
        requested_by: str | None = None,
        user_code: bool = False,
    ) -> tuple[LoginRequest, str]:
        """Make a login request, and the browser secret, which is kept nowhere else.

        With ``user_code`` it can be named by typing, too.
        """
        now = self.now()
        secret = tokens.new_secret()
        expires_at = now + self._lifetimes.request
        id = tokens.new_id()
        request = LoginRequest(
            id=id,
            secret_hash=self._secrets.hash(secret),
            created_at=now,
            expires_at=expires_at,
            deadline=expires_at,
            user_agent=cleaned(user_agent, 255),
            address=cleaned(address, 45),
            network=network,
            browser_id=browser_id,
            user_code=self._codes.write(id) if user_code else None,
            next=next,
            login_hint=cleaned(login_hint, 255) or None if login_hint else None,
            requested_by=requested_by,
        )
        return request, secret

    def start(self, request: LoginRequest) -> None:
        """Begin a login request that was drafted; now and then, old ones make room."""
        if next(self._starts) % _PURGE_EVERY == 0:
            self._requests.purge(_PURGE_AT_ONCE)
        self._requests.add(request)

    def qr_token(self, request: LoginRequest) -> tuple[str, datetime]:
        """Return a fresh QR token for a request, and its time of issue. Nothing is written."""
        now = self.now().replace(microsecond=0)
        return self._qr.write(request.id, now), now

    def qr_due_in(self, issued_at: datetime) -> float:
        """Return the seconds until a QR token shown since then should give way to a fresh one."""
        return self._qr.due_in(issued_at, self.now()).total_seconds()

    # 2. The phone scans

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
        code = user_code.read(text)
        found = self._requests.of_code(code) if code else []
        found = [request for request in found if self._codes.matches(request.id, code or "")]
        now = self.now()
        # Of those that have ended, the newest.
        fitting = [r for r in found if not r.state_at(now).is_end] or found[:1]
        if len(fitting) != 1:
            raise errors.CodeNotFound
        return self._qr.write_typed(fitting[0].id, now)

    def is_typed(self, token: str) -> bool:
        """Tell whether a token of ours was given for a user code."""
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
        request = self._requests.get(signed.id)
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

        request = self._requests.change(request.id, step, known=request)
        if request.user_id != user_id:
            raise errors.AlreadyScanned
        return request

    # 3. The person decides

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
            if request.confirmation is Confirmation.REAUTH and not is_fresh(request):
                raise _step_up(request)
            if not self._numbers.matches(request.id, number):
                return transitions.deny(request, now, user_id=user_id, reason=NUMBER_MISMATCH)
            return approved

        request = self._requests.change(self._qr.read(token).id, step)
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

        return self._requests.change(self._qr.read(token).id, step)

    def _check_confirm(self, request: LoginRequest, user_id: str, confirm_token: str) -> None:
        self._confirm.check(
            confirm_token, id=request.id, user_id=user_id, version=request.confirm_version or 0
        )

    # 4. The browser polls, and 5. redeems

    def of_browser(self, id: str, secret: str | None) -> LoginRequest:
        """Return the request of the browser that holds its secret.

        Raises:
            RequestNotFound: unknown, or not this browser's: the answer tells nobody which.
        """
        if secret is None or not tokens.is_id(id):
            raise errors.RequestNotFound
        request = self._requests.get(id)
        if not self._secrets.matches(secret, request.secret_hash):
            raise errors.RequestNotFound
        return request

    def poll(
        self,
        id: str,
        secret: str | None,
        *,
        since: int,
        authorize: c.Callable[[LoginRequest], User],
        waiter: Waiter | None = None,
        seconds: float = math.inf,
    ) -> Polled[User]:
        """Observe the request, and redeem it if it is approved and the scanner was seen.

        ``authorize`` loads the person and raises what forbids the login. It is asked before the
        swap, so that a refused login uses nothing up.

        With a ``waiter`` it returns only when the version differs from ``since``, the state ends,
        or, while nobody has scanned, ``seconds`` have passed. What it observes then logs nobody in:
        the browser may have gone on in another tab meanwhile, and the answer would bring an old
        session back.
        """
        request = self.of_browser(id, secret)
        now = self.now()
        redeemable = request.redeemable(now, since=since)
        if waiter and not redeemable and request.version == since and now < request.deadline:
            if request.state is not State.PENDING:
                seconds = math.inf
            waiter.wait(min(seconds, (request.deadline - now).total_seconds()))
            return Polled(self.of_browser(id, secret), held=True)
        if not redeemable:
            return Polled(request)
        user = authorize(request)
        nonce = tokens.new_secret()
        try:
            request = self._requests.change(
                id, lambda r, now: transitions.redeem(r, now, nonce=nonce), known=request
            )
        except (errors.RequestEnded, errors.RequestExpired):
            # Another poll, the phone or the clock was faster: say what is so now.
            return Polled(self.of_browser(id, secret))
        return Polled(request, user)

    def cancel(self, id: str, secret: str | None) -> LoginRequest:
        """The browser withdraws its request."""
        request = self.of_browser(id, secret)
        return self._requests.change(id, transitions.cancel, known=request)

    def number(self, request: LoginRequest) -> str | None:
        """Return the number that the browser has to show, if it is asked for."""
        waits = request.state is State.SCANNED and request.confirmation.needs_number
        return self._numbers.number(request.id) if waits else None


def _step_up(request: LoginRequest) -> errors.StepUpRequired:
    needs_login = request.confirmation is Confirmation.REAUTH
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
