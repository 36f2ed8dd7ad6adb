"""The forged browser.

In a browser in which the victim has logged in before, the phone may ask for a tap alone. So the
attacker tries to look like one: with the cookie of a browser of their own, one that is changed or
made of another signed text, or the victim's cookie for another account. It fails: the cookie is
signed for this purpose, and a browser is known to those people only who have logged in there, as
long as they stand by it.
"""

from __future__ import annotations

import re

import pytest

from .people import Browser
from .people import Person

COOKIE = "__Host-qrlogin-browser"


def asked(browser: Browser, person: Person) -> tuple[str, bool]:
    """Let a person scan a code of a browser; return what is asked, and whether it is new."""
    browser.start()
    scanned = person.app.scan(browser.token).json
    person.app.deny()
    return scanned["confirmation"], "new_browser" in scanned["warnings"]


@pytest.fixture
def nearby(victim: Person, attacker: Person) -> Browser:
    """A browser of the attacker's in the victim's network, so that nothing else is strange."""
    browser = attacker.new_browser()
    browser.address = victim.address
    return browser


def test_a_browser_is_known_to_who_has_logged_in_there(victim: Person, attacker: Person) -> None:
    assert asked(victim.browser, victim) == ("match", True)
    victim.link(victim.browser)
    victim.browser.log_out()
    # This is what the attacker would like to have.
    assert asked(victim.browser, victim) == ("tap", False)
    # It is of no use for another account.
    attacker.app.address = victim.address
    assert asked(victim.browser, attacker) == ("match", True)


def test_what_is_signed_for_others_or_for_something_else_is_not_known(
    victim: Person, attacker: Person, nearby: Browser
) -> None:
    victim.link(victim.browser)
    attacker.link(attacker.browser)
    attacker.phone.open(attacker.browser.token)
    genuine = victim.browser.cookies[COOKIE]
    nearby.start()
    forged = [
        attacker.browser.cookies[COOKIE],
        nearby.token,
        attacker.phone.cookies.get("__Host-qrlogin-opened", "x"),
        genuine[:-1],
        genuine + "A",
        genuine[:-1] + ("A" if genuine[-1] != "A" else "B"),
        ("A" if genuine[0] != "A" else "B") + genuine[1:],
        nearby.id,
        "",
    ]
    for text in forged:
        nearby.cookies = {COOKIE: text}
        assert asked(nearby, victim) == ("match", True), text
    # A cookie that a subdomain can plant has no prefix.
    nearby.cookies = {"qrlogin-browser": genuine, "__Secure-qrlogin-browser": genuine}
    assert asked(nearby, victim) == ("match", True)


def test_a_browser_that_was_not_the_victims_is_not_known_again(
    victim: Person, attacker: Person, nearby: Browser
) -> None:
    """The attacker has tricked the victim once, and tries it again from the same browser."""
    nearby.start()
    victim.phone.open(nearby.token)
    victim.phone.tap("scan")
    number = nearby.number()
    victim.phone.tap("approve", **({"number": number} if number else {}))
    assert nearby.poll(since=9).json["state"] == "redeemed"
    again = dict(nearby.cookies)
    # The attacker logs out at once, so as not to be ended by the victim.
    nearby.log_out()
    nearby.cookies[COOKIE] = again[COOKIE]
    # The notice of the login leads to a page where the victim says that it was somebody else.
    link = re.findall(r"If this wasn't you: https://harbour\.example(\S+)", victim.site.log())[-1]
    form = victim.phone.get(link).form(link)
    assert victim.phone.post(form.action, form=form.fields).status == 303
    assert asked(nearby, victim) == ("match", True)
