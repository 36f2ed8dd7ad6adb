"""The code that a person types on a phone that cannot scan: eight letters without vowels."""

from __future__ import annotations

import collections.abc as c
import re
import unicodedata

from .tokens import Signer

#: No vowels, so that no words come about, and nothing that looks like a digit (RFC 8628 §6.1).
ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"
LENGTH = 8

_CODE = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")
#: What people and keyboards put between letters: white space, a soft hyphen, dashes, a minus.
_BETWEEN = re.compile(r"[\s\u00ad\u2010-\u2015\u2212-]+")
#: No way of writing a code is longer.
_LONGEST = 100


def read(text: str) -> str | None:
    """Return the code that somebody has typed, in whatever case and grouping, or None."""
    # Letters of full width are what some keyboards of East Asia write.
    text = unicodedata.normalize("NFKC", text[:_LONGEST]).upper()
    text = _BETWEEN.sub("", text)
    return text if _CODE.fullmatch(text) else None


def grouped(code: str) -> str:
    """Write a code as it is shown: ``WDJB-MJHT``."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


class UserCodes:
    """Makes the code of a request that can be typed: one of 20 to the power of 8, about 34 bits.

    Derived with the app's key, so that a code names no request of another app that shares the
    store: number 7 may be a customer there and a clerk here.
    """

    def __init__(self, secret_keys: c.Sequence[str | bytes]) -> None:
        self._signers = [Signer([key], "user code") for key in secret_keys]

    def write(self, id: str) -> str:
        """Return the code of a new request."""
        return self._made(self._signers[0], id)

    def matches(self, id: str, code: str) -> bool:
        """Tell whether a code was made here for a request."""
        return code in [self._made(signer, id) for signer in self._signers]

    @staticmethod
    def _made(signer: Signer, id: str) -> str:
        drawn = int.from_bytes(signer.sign(bytes.fromhex(id), 32), "big")
        letters = len(ALPHABET)
        return "".join(ALPHABET[drawn // letters**place % letters] for place in range(LENGTH))
