"""The code that a person types on a phone that cannot scan: eight letters without vowels."""

from __future__ import annotations

import re
import unicodedata

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
