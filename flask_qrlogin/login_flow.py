"""The use cases of a browser: it begins a login request, polls, and is logged in.

No Flask, no database and no clock of its own: a ledger and the keys are passed in. What a phone
does is in ``approval_flow.py``.
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
from . import typed_code
from .ledger import Ledger
from .login_request import cleaned
from .login_request import Lifetimes
from .login_request import LoginRequest
from .login_request import State
from .waiting_room import Waiter

#: Every so many new requests, how many old rows make room: more than come, but a few at a time.
_PURGE_EVERY = 10
_PURGE_AT_ONCE = 50


User = t.TypeVar("User")


@dataclasses.dataclass(frozen=True, slots=True)
class Polled(t.Generic[User]):
    """What a poll observed. ``user`` is set in the one answer that has to log that person in."""

    request: LoginRequest
    user: User | None = None
    held: bool = False


class LoginFlow:
    """Runs the browser's side of login requests, from the start to the login.

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
        self._secrets = tokens.SecretHasher(secret_keys)
        self._numbers = tokens.NumberMatch(secret_keys)
        self._codes = typed_code.TypedCodes(secret_keys)
        self._starts = itertools.count()

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
        typed_code: bool = False,
    ) -> tuple[LoginRequest, str]:
        """Make a login request, and the browser secret, which is kept nowhere else.

        With ``typed_code`` it can be named by typing, too.
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
            typed_code=self._codes.write(id) if typed_code else None,
            next=next,
            login_hint=cleaned(login_hint, 255) or None if login_hint else None,
            requested_by=requested_by,
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

    def number(self, request: LoginRequest) -> str | None:
        """Return the number that the browser has to show, if it is asked for."""
        waits = request.state is State.SCANNED and request.confirmation.needs_number
        return self._numbers.number(request.id) if waits else None
