"""How sure a phone has to be: what is known of a login, and what is asked of the person."""

from __future__ import annotations

import dataclasses
import enum
import ipaddress
from datetime import timedelta

#: Where IPv4 is written as IPv6 (RFC 6052), and where a network is of many places (RFC 4380).
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
_TUNNELS = ipaddress.ip_network("2001::/32")
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
    TYPED = "typed"
    #: Nothing helps.
    REFUSE = "refuse"

    @property
    def needs_number(self) -> bool:
        """Whether the browser shows a number."""
        return self in (Confirmation.MATCH, Confirmation.TYPED)


_STRICTNESS = list(Confirmation)


def stricter(one: Confirmation, other: Confirmation) -> Confirmation:
    """Return the one that asks for more."""
    return max(one, other, key=_STRICTNESS.index)


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
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
    typed_code: bool = False

    @property
    def warnings(self) -> tuple[str, ...]:
        """The names of what should make a person look twice; part of the public contract."""
        named = {
            "typed_code": self.typed_code,
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


def auto(signals: Signals) -> Confirmation:
    """Ask for the number where a stranger's browser would look the same as the person's own.

    That is when browser and phone are known to share neither network nor country, when the person
    has never logged in there, when several people scan one code, or when it was typed. What is
    unknown is not shared.
    """
    shared = signals.same_network or signals.same_country
    suspect = signals.contested or signals.typed_code
    if shared and signals.known_browser and not suspect:
        return Confirmation.TAP
    return Confirmation.MATCH


def network_of(address: str) -> str | None:
    """Return the network that an address is in: the first 24 bits, or 56 of IPv6.

    None where that says nothing: no address, or one of this computer itself.
    """
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return None
    if isinstance(ip, ipaddress.IPv6Address):
        translated = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _TRANSLATED else None
        ip = ip.ipv4_mapped or translated or ip
    if ip.is_loopback or ip.is_unspecified or ip.is_link_local or ip in _TUNNELS:
        return None
    length = 24 if ip.version == 4 else 56
    # A zone names an interface of this host.
    return str(ipaddress.ip_network(f"{str(ip).partition('%')[0]}/{length}", strict=False))


def shared(one: str | None, other: str | None) -> bool | None:
    """Tell whether two things are the same; None if one is unknown."""
    return None if not one or not other else one == other


def same_network(one: str, other: str) -> bool | None:
    """Tell whether two addresses are in one network; None if that cannot be compared.

    One computer may have an address of IPv4 and a phone beside it one of IPv6.
    """
    networks = network_of(one), network_of(other)
    families = {":" in network for network in networks if network}
    return shared(*networks) if len(families) == 1 else None
