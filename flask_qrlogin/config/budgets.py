"""How often each thing may be asked for, in the words of Flask-Limiter, which counts it.

Each budget is of one address, person, browser or request; there is none that all share, since
whoever used that up would lock everybody out.
"""

from __future__ import annotations

import collections.abc as c
import functools
import types
import typing as t

if t.TYPE_CHECKING:
    from limits import RateLimitItem

#: The budgets and what each allows; ``QRLOGIN_RATE_LIMITS`` changes them, None leaves one out.
DEFAULTS: c.Mapping[str, str | None] = types.MappingProxyType(
    {
        # Codes, by address. An office of 200 people behind one address, with three pages each that
        # ask for a code every five minutes, needs 600 in that time.
        "start_address": "1000 per 5 minutes",
        # Codes, by browser, where somebody has logged in by QR code before: it does not depend on
        # what others at its address do. Five pages need five codes in five minutes.
        "start_browser": "60 per 5 minutes",
        # Such browsers together, by address: whoever has an account can make many of them.
        "start_known": "5000 per 5 minutes",
        # Polls, by request. A page polls every two seconds, and every second after a scan.
        "poll": "180 per minute",
        # Looks at the page of a code, by person: a login on the web takes three.
        "lookup": "120 per minute",
        # Scans, by person: a login takes one.
        "scan": "30 per minute",
        # Looks at that page by who is not logged in on the phone yet, by address.
        "lookup_address": "300 per minute",
        # User codes, good or not, by person and by address: each entry is a guess. There are 20^8,
        # 26 thousand million. Where 1,000 requests wait, one guess in 26 million names one, and an
        # account that types ten in ten minutes finds one in about 50 years, an address in about
        # five; ten thousand accounts at as many addresses find one in two days. What is found is
        # no login: the guesser's name is shown to the stranger, who starts over. Not counted with
        # "invalid", so that mistyping uses up nothing else, nor the other way round. An office of
        # 200 people behind one address, of whom half type a code within ten minutes, needs 100.
        "code_person": "10 per 10 minutes",
        "code_address": "100 per 10 minutes",
        # Approvals, by person: a login takes one.
        "approve": "30 per minute",
        # Looks at the linked devices and changes of their names, by person and address.
        "devices": "60 per minute",
        # What names no request or holds no good secret or code, by address. Never counted with what
        # is good: a photographed code must not use up what belongs to its browser. When a store has
        # lost its requests, each page of that office asks once more.
        "invalid": "300 per minute",
    }
)


def read(value: object) -> dict[str, str | None] | None:
    """Check what ``QRLOGIN_RATE_LIMITS`` says.

    Raises:
        ValueError: it names no budget of ours, or a limit cannot be read.
    """
    if value is None:
        return None
    if not isinstance(value, c.Mapping):
        raise ValueError("a mapping such as {'start_address': '300 per minute', 'poll': None}")
    for name, limit in value.items():
        if name not in DEFAULTS:
            raise ValueError(f"a mapping of {', '.join(DEFAULTS)}")
        try:
            if limit is not None:
                items(limit)
        except ImportError:
            advice = "left out without its extra: pip install 'flask-qrlogin[limiter]'"
            raise ValueError(advice) from None
        except (TypeError, ValueError):
            advice = f"limits such as '30 per minute; 200/hour', as {name!r} is not"
            raise ValueError(advice) from None
    return dict(value)


@functools.cache
def items(limit: str) -> tuple[RateLimitItem, ...]:
    """Return the limits in a text such as ``30 per minute; 200/hour``.

    Raises:
        ImportError: the extra ``limiter`` is missing.
        ValueError: it cannot be read.
    """
    from limits import parse_many

    # The shortest first: what it refuses is not counted by the others.
    return tuple(sorted(parse_many(limit)))
