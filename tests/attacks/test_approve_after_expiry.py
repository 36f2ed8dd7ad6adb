"""Approving after the time.

The attacker has sent the victim a code and keeps the page open for hours, or has printed it on a
poster: somebody will scan it some day. Or the victim has scanned, turned to something else, and
taps Approve much later. It fails: a picture of the code, the request, the time to decide and the
time to be picked up all run out by themselves, on the server's clock, and polling or scanning again
adds nothing to any of them.
"""

from __future__ import annotations

from .people import Person
from .site import Site


def test_an_old_picture_cannot_be_scanned(site: Site, victim: Person, attacker: Person) -> None:
    attacker.browser.start()
    with site.later(61):
        answer = victim.app.scan(attacker.browser.token)
        assert (answer.status, answer.code) == (410, "token_expired")
        assert victim.phone.open(attacker.browser.token).status == 410
        # The browser shows a fresh one meanwhile, which is good: the request still lives.
        assert attacker.browser.poll().json["state"] == "pending"
        assert victim.app.scan(attacker.browser.token).status == 200


def test_an_old_request_cannot_be_scanned(site: Site, victim: Person, attacker: Person) -> None:
    attacker.browser.start()
    with site.later(290):
        attacker.browser.poll()
    with site.later(301):
        assert victim.app.scan(attacker.browser.token).code == "request_expired"
        assert attacker.browser.poll().json["state"] == "expired"


def test_it_is_too_late_to_decide(site: Site, victim: Person, attacker: Person) -> None:
    attacker.browser.start()
    victim.app.scan(attacker.browser.token)
    number = attacker.browser.number()
    with site.later(60):
        # Looking at it again gives no more time.
        victim.app.scan(attacker.browser.token)
        attacker.browser.poll()
    with site.later(121):
        assert victim.app.approve(number).code == "request_expired"
        assert attacker.browser.poll(since=9).json["state"] == "expired"
        assert attacker.browser.who() is None


def test_it_is_too_late_to_pick_it_up(site: Site, victim: Person, attacker: Person) -> None:
    attacker.browser.start()
    victim.app.scan(attacker.browser.token)
    victim.app.approve(attacker.browser.number())
    with site.later(60):
        # A second tap on Approve gives no more time.
        victim.app.approve(attacker.browser.number())
    with site.later(121):
        assert attacker.browser.poll(since=9).json["state"] == "expired"
        assert attacker.browser.who() is None


def test_nothing_outlives_the_request(site: Site, victim: Person, attacker: Person) -> None:
    attacker.browser.start()
    with site.later(290):
        attacker.browser.poll()
        victim.app.scan(attacker.browser.token)
        number = attacker.browser.number()
    with site.later(299):
        assert victim.app.approve(number).status == 200
    with site.later(301):
        assert attacker.browser.poll(since=9).json["state"] == "expired"
        assert attacker.browser.who() is None
