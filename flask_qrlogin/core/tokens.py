"""Everything secret: random values, their hashes, and what is signed with the app's key.

This is the only file that imports ``secrets`` and ``hmac``.
"""

from __future__ import annotations

import base64
import collections.abc as c
import dataclasses
import hmac
import re
import secrets
from datetime import datetime
from datetime import timedelta
from datetime import UTC

from . import errors

#: How far ahead of ours the clock of the host that signed may be.
CLOCK_SKEW = timedelta(seconds=30)

_ID = re.compile(r"[0-9a-f]{32}")
_MAC_BYTES = 8


def new_id() -> str:
    """Make the id of a login request: 128 random bits as 32 hexadecimal digits.

    Hexadecimal, since some databases compare text without regard to case.
    """
    return secrets.token_hex(16)


def is_id(text: str) -> bool:
    """Tell whether a text has the form of a request id."""
    return _ID.fullmatch(text) is not None


def new_secret() -> str:
    """Make a browser secret or a nonce: 256 random bits, 43 characters."""
    return secrets.token_urlsafe(32)


def _b64encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _b64decode(text: str) -> bytes | None:
    """Decode, and refuse any text that is not exactly what we would have written.

    Without the comparison several last characters decode alike, so that one token would have
    several texts.
    """
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError:
        return None
    return data if _b64encode(data) == text else None


class Signer:
    """Signs for one purpose with the app's ``SECRET_KEY``, and checks with the older ones too.

    The key is derived with a label for each purpose, so that what was signed for one is refused
    for another. The first of ``secret_keys`` signs; all of them are accepted
    (``SECRET_KEY_FALLBACKS``).
    """

    def __init__(self, secret_keys: c.Sequence[str | bytes], purpose: str) -> None:
        label = f"flask_qrlogin {purpose}".encode()
        self._keys = [
            hmac.digest(key.encode() if isinstance(key, str) else key, label, "sha256")
            for key in secret_keys
        ]

    def sign(self, payload: bytes, length: int) -> bytes:
        """Return the first ``length`` bytes of the HMAC-SHA256 of the payload."""
        return hmac.digest(self._keys[0], payload, "sha256")[:length]

    def verify(self, payload: bytes, mac: bytes) -> bool:
        """Tell whether the mac was made for the payload, in constant time."""
        # No early end: the time must not tell which key it was.
        matches = [
            hmac.compare_digest(hmac.digest(key, payload, "sha256")[: len(mac)], mac)
            for key in self._keys
        ]
        return any(matches)


class SecretHasher:
    """Makes what the store keeps of a browser secret: an HMAC-SHA256, in hexadecimal.

    Keyed, so that a request in a store that two apps share logs in at the one that began it only:
    number 7 may be a customer there and a clerk here.
    """

    def __init__(self, secret_keys: c.Sequence[str | bytes]) -> None:
        self._signer = Signer(secret_keys, "browser secret")

    def hash(self, secret: str) -> str:
        """Return the hash to keep."""
        return self._signer.sign(secret.encode("utf-8", "surrogatepass"), 32).hex()

    def matches(self, secret: str, hashed: str) -> bool:
        """Compare a browser secret with the kept hash, in constant time."""
        return self._signer.verify(secret.encode("utf-8", "surrogatepass"), bytes.fromhex(hashed))


@dataclasses.dataclass(frozen=True, slots=True)
class SignedId:
    """What a signed text says: a request, and when the text was made."""

    id: str
    issued_at: datetime
    #: Whether a user code has led to it, and no picture.
    typed: bool = False


class IdSigner:
    """Writes a request's id and a time as 38 characters that nobody else can make.

    ``base64url(id (16 bytes) | time (4 bytes, unsigned seconds) | HMAC-SHA256 (8 bytes))``. A
    forged or stale one is refused without asking the database.
    """

    LENGTH = 38

    def __init__(self, secret_keys: c.Sequence[str | bytes], purpose: str) -> None:
        self._signer = Signer(secret_keys, purpose)

    def write(self, id: str, issued_at: datetime) -> str:
        """Return the signed text for a request; the time is kept to the second."""
        payload = bytes.fromhex(id) + int(issued_at.timestamp()).to_bytes(4, "big")
        return _b64encode(payload + self._signer.sign(payload, _MAC_BYTES))

    def read(self, text: str) -> SignedId:
        """Return what a signed text says, however old it is.

        Raises:
            TokenInvalid: it was not written by this application.
        """
        data = _b64decode(text) if len(text) == self.LENGTH and text.isascii() else None
        if data is None or not self._signer.verify(data[:20], data[20:]):
            raise errors.TokenInvalid
        issued_at = datetime.fromtimestamp(int.from_bytes(data[16:20], "big"), UTC)
        return SignedId(data[:16].hex(), issued_at)


class QRTokens:
    """The tokens in QR codes, and the proofs that a phone opened one while it was fresh.

    Whoever types a code is given such a token too, signed for that purpose. With such a proof the
    same phone may scan later: after its owner has logged in, or has read the page. It permits, and
    never scans.
    """

    def __init__(
        self,
        secret_keys: c.Sequence[str | bytes],
        *,
        token_lifetime: timedelta,
        proof_lifetime: timedelta,
    ) -> None:
        self._qr = IdSigner(secret_keys, "qr")
        self._typed = IdSigner(secret_keys, "typed")
        # What was typed proves nothing of a picture: its warning would be gone.
        self._opened = {
            typed: IdSigner(secret_keys, "opened typed" if typed else "opened")
            for typed in (False, True)
        }
        self._token_lifetime = token_lifetime
        self._proof_lifetime = proof_lifetime

    def write(self, id: str, now: datetime) -> str:
        """Return a fresh QR token for a request. Nothing is written anywhere."""
        return self._qr.write(id, now)

    def write_typed(self, id: str, now: datetime) -> str:
        """Return a fresh token for a request whose code was typed."""
        return self._typed.write(id, now)

    def read(self, token: str) -> SignedId:
        """Return what a token says, however old it is; raises TokenInvalid."""
        try:
            return self._qr.read(token)
        except errors.TokenInvalid:
            return dataclasses.replace(self._typed.read(token), typed=True)

    def due_in(self, issued_at: datetime, now: datetime) -> timedelta:
        """Return the time until a token should give way to a fresh one: half its lifetime."""
        return self._token_lifetime / 2 - (now - issued_at)

    def prove_opened(self, token: str, now: datetime) -> str | None:
        """Return the proof that a fresh code was opened now, or None if it is not fresh."""
        signed = self.read(token)
        if not self.may_scan(signed, None, now):
            return None
        return self._opened[signed.typed].write(signed.id, now)

    def may_scan(self, signed: SignedId, proof: str | None, now: datetime) -> bool:
        """Tell whether a token is fresh, or the proof shows that it was when it was opened."""
        if _is_fresh(signed.issued_at, now, self._token_lifetime):
            return True
        try:
            opened = self._opened[signed.typed].read(proof or "")
        except errors.TokenInvalid:
            return False
        return opened.id == signed.id and _is_fresh(opened.issued_at, now, self._proof_lifetime)


def _is_fresh(issued_at: datetime, now: datetime, lifetime: timedelta) -> bool:
    """Tell whether a time of issue is neither too old nor further ahead than clocks differ."""
    return -CLOCK_SKEW <= now - issued_at <= lifetime


class ConfirmSigner:
    """Makes the confirm token that a scan answers, bound to the request, the person and the scan.

    ``base64url(version (4 bytes) | HMAC-SHA256 (16 bytes) of purpose, id, person, version)``. It is
    derived, not kept: a stolen store holds nothing to confirm with, the confirm page can be
    reloaded without a write, and an old token is told from a forged one.
    """

    def __init__(self, secret_keys: c.Sequence[str | bytes]) -> None:
        self._signer = Signer(secret_keys, "confirm")

    def write(self, *, id: str, user_id: str, version: int) -> str:
        """Return the confirm token of the scan that led to ``version`` of the request."""
        head = version.to_bytes(4, "big")
        return _b64encode(head + self._signer.sign(self._payload(head, id, user_id), 16))

    def check(self, text: str, *, id: str, user_id: str, version: int) -> None:
        """Accept the confirm token of the newest scan, and nothing else.

        Raises:
            ConfirmInvalid: it was made for another request or person, or by somebody else.
            ConfirmSuperseded: it was good until the code was scanned again.
        """
        data = _b64decode(text) if len(text) == 27 and text.isascii() else None
        if data is None or not self._signer.verify(self._payload(data[:4], id, user_id), data[4:]):
            raise errors.ConfirmInvalid
        if int.from_bytes(data[:4], "big") != version:
            raise errors.ConfirmSuperseded

    @staticmethod
    def _payload(head: bytes, id: str, user_id: str) -> bytes:
        # Id and version have a fixed length, so no two triples have the same payload.
        return head + bytes.fromhex(id) + user_id.encode("utf-8", "surrogatepass")


class NumberMatch:
    """Makes the number that the browser shows, and the three that the phone chooses from.

    Derived from the request, so that they are the same however often it is scanned: a person who
    is led to guess has one guess.
    """

    def __init__(self, secret_keys: c.Sequence[str | bytes]) -> None:
        self._signer = Signer(secret_keys, "number")

    def number(self, id: str) -> str:
        """Return the two digits that the browser shows."""
        choices = self.choices(id)
        return choices[self._drawn(id)[3] % len(choices)]

    def choices(self, id: str) -> list[str]:
        """Return three numbers of two digits, of which one is right."""
        numbers = list(range(10, 100))
        return [str(numbers.pop(draw % len(numbers))) for draw in self._drawn(id)[:3]]

    def matches(self, id: str, number: str) -> bool:
        """Tell whether a number is the one that the browser shows."""
        return hmac.compare_digest(number.encode("utf-8", "replace"), self.number(id).encode())

    def _drawn(self, id: str) -> list[int]:
        digest = self._signer.sign(bytes.fromhex(id), 32)
        return [int.from_bytes(digest[at : at + 8], "big") for at in range(0, 32, 8)]
