"""How sure a phone has to be: what is known of a login, and what is asked of the person."""

from __future__ import annotations

import dataclasses
import enum
from datetime import timedelta

#: A request that is older than this when it is scanned is called old.
OLD = timedelta(minutes=2)
#: So many waiting codes of one network are called many.
MANY = 30


class Confirmation(enum.StrEnum):
    """What a person has to do to approve, from the easiest to the hardest."""

    #: Tap *Approve*.
    TAP = "tap"
    #: Pick the number that the browser shows out of three.
    MATCH = "match"
    #: Log in again, and type the number that the browser shows.
    REAUTH = "reauth"
    #: Nothing helps.
    REFUSE = "refuse"

    @property
    def needs_number(self) -> bool:
        """Whether the browser shows a number."""
        return self in (Confirmation.MATCH, Confirmation.REAUTH)


_STRICTNESS = list(Confirmation)


def stricter(one: Confirmation, other: Confirmation) -> Confirmation:
    """Return the one that asks for more."""
    return max(one, other, key=_STRICTNESS.index)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class RiskSignals:
    """What is known of a login when it is scanned or approved; None is unknown.

    None of it proves that browser and phone stand side by side: it only makes lying harder.
    """

    #: Whether browser and phone have one address.
    same_address: bool | None = None
    #: Whether they are in one network.
    same_network: bool | None = None
    #: Whether they are in one country.
    same_country: bool | None = None
    #: Whether the browser's address is known; some header may hide it.
    known_address: bool = True
    #: Whether this person has logged in by QR code in this browser before.
    known_browser: bool = False
    #: How long ago the browser asked for the code.
    age: timedelta = timedelta()
    #: How many codes wait in the browser's network, its own included.
    waiting_in_network: int = 1
    #: Whether somebody else has tried to scan the same code.
    contested: bool = False
    #: Whether the code was typed on the phone, not scanned; somebody may have told it.
    user_code: bool = False

    @property
    def warnings(self) -> tuple[str, ...]:
        """The names of what should make a person look twice; part of the public contract."""
        named = {
            "user_code": self.user_code,
            "unknown_address": not self.known_address,
            "other_network": self.same_network is False,
            "other_country": self.same_country is False,
            "new_browser": not self.known_browser,
            "old_request": self.age > OLD,
            "many_requests": self.waiting_in_network > MANY,
            "scanned_by_others": self.contested,
        }
        return tuple(name for name, applies in named.items() if applies)


@dataclasses.dataclass(frozen=True, slots=True)
class Assessment:
    """What is asked of a person for one login, and what it warns of."""

    confirmation: Confirmation = Confirmation.TAP
    warnings: tuple[str, ...] = ()


def auto(signals: RiskSignals) -> Confirmation:
    """Ask for the number where a stranger's browser would look the same as the person's own.

    That is when browser and phone are known to share neither network nor country, when the person
    has never logged in there, when several people scan one code, or when it was typed. What is
    unknown is not shared.
    """
    shared = signals.same_network or signals.same_country
    suspect = signals.contested or signals.user_code
    if shared and signals.known_browser and not suspect:
        return Confirmation.TAP
    return Confirmation.MATCH
