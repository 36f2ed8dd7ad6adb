"""From which network address a request comes, and whether that may be believed."""

from __future__ import annotations

import ipaddress

import flask

from ..config.values import Network
from ..core import errors
from ..core.network import network_of

#: What proxies write. Without ProxyFix nobody has said which of them to believe.
_FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-Ip")


def address() -> str:
    """Return the client's network address, or "" if it is not known.

    A proxy's own address says nothing about who is behind it: with a forwarding header that
    ProxyFix has not read, everybody would seem to be in one place.
    """
    request = flask.request
    peer = request.remote_addr or ""
    before_fix = request.environ.get("werkzeug.proxy_fix.orig")
    fixed = before_fix is not None and before_fix.get("REMOTE_ADDR") != peer
    forwarded = any(header in request.headers for header in _FORWARDED)
    return "" if forwarded and not fixed else peer


def network() -> str:
    """Return the network to count a request under; "" is not counted.

    By who sent it, whatever its headers say: else each could choose a network of its own.
    """
    return network_of(flask.request.remote_addr or "") or ""


def counted() -> str:
    """Return the address to count a request under; "" is not counted.

    By who sent it too, so that nobody chooses it. Behind a proxy that ProxyFix does not know that
    is the proxy, and all its clients share one budget: too strict rather than none, for the header
    that the proxy adds can be sent by anybody. A proxy on this very host is not counted, since
    loopback is nobody's address; of IPv6 it is the network, since each has billions of addresses.
    """
    counted = network()
    return counted if ":" in counted else counted and (flask.request.remote_addr or "")


def require_in(networks: tuple[Network, ...] | None, *, reason: str) -> None:
    """Refuse a client that is in none of these networks; one that is unknown is in none.

    Raises:
        NotAllowed: with the reason.
    """
    if networks is None:
        return
    try:
        client = ipaddress.ip_address(address())
    except ValueError:
        raise errors.NotAllowed(reason) from None
    if isinstance(client, ipaddress.IPv6Address) and client.ipv4_mapped:
        client = client.ipv4_mapped
    if not any(client in network for network in networks):
        raise errors.NotAllowed(reason)
