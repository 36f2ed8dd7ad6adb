"""Approving after denying.

The victim has seen a strange request and denied it. The attacker, at the browser that asked, talks
the victim into "trying again" on the page that is still open, or has malware tap Approve on it.
It fails: a denied request stays denied, also where it had been approved before, and on both kinds
of phone.
"""

from __future__ import annotations

from .people import Person


def test_a_denied_request_stays_denied_in_the_app(victim: Person, attacker: Person) -> None:
    attacker.browser.start()
    token = attacker.browser.token
    victim.app.scan(token)
    number = attacker.browser.number()
    assert victim.app.deny().json["state"] == "denied"
    assert victim.app.approve(number).code == "request_ended"
    assert victim.app.deny().code == "request_ended"
    assert victim.app.scan(token).code == "request_ended"
    assert attacker.browser.poll(since=9).json["state"] == "denied"
    assert attacker.browser.who() is None


def test_a_denied_request_stays_denied_on_the_web_page(victim: Person, attacker: Person) -> None:
    attacker.browser.start()
    victim.phone.open(attacker.browser.token)
    victim.phone.tap("scan")
    confirm = victim.phone.page
    number = attacker.browser.number()
    victim.phone.tap("deny")
    victim.phone.page = confirm
    fields = {"number": number} if number else {}
    assert victim.phone.tap("approve", **fields).status == 409
    victim.phone.page = confirm
    assert victim.phone.post(f"/qrlogin/s/{attacker.browser.token}/scan", form={}).status == 409
    assert attacker.browser.poll(since=9).json["state"] == "denied"
    assert attacker.browser.who() is None


def test_an_approval_that_was_taken_back_does_not_log_in(victim: Person, attacker: Person) -> None:
    attacker.browser.start()
    victim.app.scan(attacker.browser.token)
    victim.app.approve(attacker.browser.number())
    assert victim.app.deny().json["state"] == "denied"
    assert attacker.browser.poll(since=9).json["state"] == "denied"
    assert attacker.browser.who() is None
