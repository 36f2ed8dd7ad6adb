"""The spoofed address.

Where browser and phone share a network, less may be asked. So the attacker sends the victim's
address along in ``X-Forwarded-For``, and reads in the same way to be somewhere else with each code,
to get more codes than one network may have (for that, see test_mass_creation.py). It fails: of the
header counts what the site's own proxy has added, and where nobody has told of a proxy, nothing:
then the address is unknown, and what is unknown is not shared.
"""

from __future__ import annotations

import collections.abc as c

import pytest

from .conftest import once
from .people import Person
from .site import Site


@pytest.fixture(scope="module")
def direct_site(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[Site]:
    """The site without ProxyFix, though a proxy may stand before it."""
    with Site(tmp_path_factory.mktemp("direct"), workers=1, proxies=0) as site:
        yield site


def spoofing(address: str) -> list[dict[str, str]]:
    return [
        {"X-Forwarded-For": address},
        {"X-Forwarded-For": f"{address}, {address}"},
        {"X-Forwarded-For": f"{address},"},
        {"X-Real-Ip": address},
        {"Forwarded": f"for={address}"},
        {"X-Client-Ip": address, "True-Client-Ip": address, "Cf-Connecting-Ip": address},
    ]


@once
def test_an_address_in_a_header_is_not_where_the_browser_is(
    victim: Person, attacker: Person
) -> None:
    for headers in spoofing(victim.address):
        answer = attacker.browser.post("/qrlogin/requests", json={}, headers=headers)
        token = answer.json["qr"]["url"].rpartition("/")[2]
        scanned = victim.app.scan(token).json
        assert scanned["asking"]["ip"] == attacker.address
        assert "other_network" in scanned["warnings"]
        assert scanned["confirmation"] == "match"


def test_where_nobody_has_told_of_a_proxy_the_address_is_unknown(direct_site: Site) -> None:
    victim, attacker = Person(direct_site, "ann"), Person(direct_site, "chidi")
    # Both come through the same proxy, whose address says nothing.
    for headers in spoofing(victim.address):
        answer = attacker.browser.post("/qrlogin/requests", json={}, headers=headers)
        token = answer.json["qr"]["url"].rpartition("/")[2]
        scanned = victim.app.scan(token).json
        assert not scanned["asking"]["ip"]
        assert scanned["confirmation"] == "match"
        # Not even in a browser that the victim has used.
        victim.link(attacker.browser)
        attacker.browser.log_out()
        attacker.browser.start()
        assert victim.app.scan(attacker.browser.token).json["confirmation"] == "match"
