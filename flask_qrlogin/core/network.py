"""Whether two addresses of the internet are near each other."""

from __future__ import annotations

import ipaddress

#: Where IPv4 is written as IPv6 (RFC 6052), and where a network is of many places (RFC 4380).
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")
_TUNNELS = ipaddress.ip_network("2001::/32")


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
