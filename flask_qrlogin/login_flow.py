"""The use cases: what a browser and a phone can do with a login request.

No Flask, no database and no clock of its own: a ledger and the keys are passed in.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import itertools
import math
import re
import typing as t
from datetime import datetime

from . import errors
from . import login_request as transitions
from . import tokens
from .ledger import Ledger
from .login_request import Lifetimes
from .login_request import LoginRequest
from .login_request import Profile
from .login_request import State
from .waiting_room import Waiter

#: Every so many new requests, how many old rows make room: more than come, but a few at a time.
_PURGE_EVERY = 10
_PURGE_AT_ONCE = 50
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]+")

User = t.TypeVar("User")


@dataclasses.dataclass(frozen=True, slots=True)
class Polled(t.Generic[User]):
    """What a poll observed. ``user`` is set in the one answer that has to log that person in."""

    request: LoginRequest
    user: User | None = None
    held: bool = False


class LoginFlow:
    """Runs login requests from start to end.

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
        self.now = ledger.now
        self._qr = tokens.QRTokens(
            secret_keys, token_lifetime=lifetimes.token, proof_lifetime=lifetimes.request
        )
        self._secrets = tokens.SecretHasher(secret_keys)
        self._confirm = tokens.ConfirmSigner(secret_keys)
        self._starts = itertools.count()

    # The browser

    def draft(
        self, *, user_agent: str = "", address: str = "", next: str | None = None
    ) -> tuple[LoginRequest, str]:
        """Make a login request, and the browser secret, which is kept nowhere else."""
        now = self.now()
        secret = tokens.new_secret()
        expires_at = now + self._lifetimes.request
        request = LoginRequest(
            id=tokens.new_id(),
            secret_hash=self._secrets.hash(secret),
            created_at=now,
            expires_at=expires_at,
            deadline=expires_at,
            user_agent=_clean(user_agent, 255),
            address=_clean(address, 45),
            next=next,
        )
        return request, secret

    def start(self, request: LoginRequest) -> None:
        """Begin a login request that was drafted; now and then, old ones make room."""
        if next(self._starts) % _PURGE_EVERY == 0:
            self._ledger.purge(_PURGE_AT_ONCE)
        self._ledger.add(request)

    def qr_token(self, request: LoginRequest) -> tuple[str, datetime]:
        """Return a fresh QR token for a request, and its time of issue. Nothing is written."""
        now = self.now().replace(microsecond=0)
        return self._qr.write(request.id, now), now

    def qr_due_in(self, issued_at: datetime) -> float:
        """Return the seconds until a QR token shown since then should give way to a fresh one."""
        return self._qr.due_in(issued_at, self.now()).total_seconds()

    def of_browser(self, id: str, secret: str | None) -> LoginRequest:
        """Return the request of the browser that holds its secret.

        Raises:
            RequestNotFound: unknown, or not this browser's: the answer tells nobody which.
        """
        if secret is None or not tokens.is_id(id):
            raise errors.RequestNotFound
        request = self._ledger.get(id)
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
            request = self._ledger.change(
                id, lambda r, now: transitions.redeem(r, now, nonce=nonce), known=request
            )
        except (errors.RequestEnded, errors.RequestExpired):
            # Another poll, the phone or the clock was faster: say what is so now.
            return Polled(self.of_browser(id, secret))
        return Polled(request, user)

    def cancel(self, id: str, secret: str | None) -> LoginRequest:
        """The browser withdraws its request."""
        request = self.of_browser(id, secret)
        return self._ledger.change(id, transitions.cancel, known=request)

    # The phone

    def prove_opened(self, token: str) -> str | None:
        """Return a proof that a fresh code was opened now, or None if the code is not fresh."""
        return self._qr.prove_opened(token, self.now())

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
        self, token: str, *, user_id: str, profile: Profile, proof: str | None = None
    ) -> LoginRequest:
        """The person scans the code; :meth:`confirm_token` is what decides afterwards.

        Raises:
            TokenInvalid, TokenExpired, RequestNotFound, AlreadyScanned, RequestEnded,
            RequestExpired
        """
        request = self.of_phone(token, user_id=user_id, proof=proof)
        url = profile.avatar_url
        profile = Profile(
            _clean(profile.name, 100) or "Somebody",
            url if url and len(url) <= 2000 and not _CONTROL.search(url) else None,
        )
        return self._ledger.change(
            request.id,
            lambda r, now: transitions.scan(
                r, now, user_id=user_id, profile=profile, decision=self._lifetimes.decision
            ),
            known=request,
        )

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
        authorize: c.Callable[[LoginRequest], object],
    ) -> LoginRequest:
        """The scanner agrees. ``authorize`` is asked before it is written, and may raise.

        Raises:
            TokenInvalid, RequestNotFound, NotScanned, AlreadyScanned, ConfirmInvalid,
            ConfirmSuperseded, RequestEnded, RequestExpired
        """

        def step(request: LoginRequest, now: datetime) -> LoginRequest:
            approved = transitions.approve(
                request, now, user_id=user_id, pickup=self._lifetimes.pickup
            )
            self._check_confirm(request, user_id, confirm_token)
            authorize(request)
            return approved

        return self._ledger.change(self._qr.read(token).id, step)

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


def _clean(text: str, length: int) -> str:
    """Make a text fit into a column: some databases refuse control characters or long ones."""
    return _CONTROL.sub(" ", text)[:length].strip()
