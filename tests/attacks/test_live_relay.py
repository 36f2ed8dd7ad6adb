"""The live relay: what is not stopped.

The attacker talks to the victim while both sit at their devices, on the telephone or with a page
that shows what the attacker's browser shows. Whatever the browser says, a number too, the attacker
passes on, and the victim, who believes to log in at the attacker's page, types it in. No number can
stop that: it shows that somebody at the browser and somebody at the phone are in touch, which they
are. Here it succeeds, so that nobody believes otherwise.

What stands against it: without the relay it fails; the phone names the site, says that the browser
is new and elsewhere, and what it is; the login is listed, told of, and can be ended by the victim.
A policy can ask for more, or refuse (hook ``confirmation_policy``).
"""

from __future__ import annotations

from .people import Person
from .site import HOST
from .site import Site


def test_whoever_is_told_the_number_can_be_tricked(
    site: Site, victim: Person, attacker: Person
) -> None:
    attacker.browser.start()
    victim.phone.open(attacker.browser.token)
    victim.phone.tap("scan")
    # What the victim reads before deciding.
    page = victim.phone.page.text
    assert HOST in page
    assert attacker.address in page
    assert "Firefox on Linux" in page
    assert "another network" in page
    assert "not logged in with that browser" in page
    assert "Deny" in page

    # Without the number it ends here.
    assert attacker.browser.poll(since=9).json["state"] == "scanned"
    relayed = attacker.browser.number()
    assert relayed is not None
    victim.phone.tap("approve", number=relayed)
    assert attacker.browser.poll(since=9).json["state"] == "redeemed"
    assert attacker.browser.who() == "ann"

    # The page that the victim has before them offers the way out, and a notice was sent.
    assert f"Mail to {victim.username}: Firefox on Linux" in site.log()
    victim.phone.open(attacker.browser.token)
    assert victim.phone.tap("not-me").status == 303
    assert attacker.browser.who() is None
