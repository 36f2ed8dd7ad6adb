"""The replayed approval.

The attacker has seen what the victim's phone sent when the victim approved: the QR token, the
confirm token and the number, such as in the log of a company's gateway. The attacker sends it again
for a code of their own, after a denial, or as somebody else. It fails: a confirm token is good for
one request, one person and one scan, and a request that has ended stays so.
"""

from __future__ import annotations

from .people import Person


def test_an_approval_is_good_for_its_own_request_only(victim: Person, attacker: Person) -> None:
    victim.browser.start()
    victim.app.scan(victim.browser.token)
    number = victim.browser.number()
    recorded = dict(victim.app.scanned)
    assert victim.app.approve(number).status == 200

    # The victim is led to the attacker's code, and the approval is played to it.
    attacker.browser.start()
    token = attacker.browser.token
    answer = victim.app.approve(number, token=token)
    assert (answer.status, answer.code) == (409, "not_scanned")
    victim.app.scan(token)
    answer = victim.app.approve(attacker.browser.number(), confirm_token=recorded["confirm_token"])
    assert (answer.status, answer.code) == (403, "confirm_invalid")
    assert attacker.browser.look()["state"] == "scanned"

    # Another person's approval is not taken, whatever it holds.
    attacker.app.scanned = recorded
    assert attacker.app.approve(number).code == "already_scanned"


def test_an_approval_does_not_undo_a_denial(victim: Person) -> None:
    victim.browser.start()
    victim.app.scan(victim.browser.token)
    number = victim.browser.number()
    assert victim.app.approve(number).status == 200
    assert victim.app.deny().json["state"] == "denied"
    for _ in range(3):
        answer = victim.app.approve(number)
        assert (answer.status, answer.code) == (409, "request_ended")
    assert victim.browser.poll(since=9).json["state"] == "denied"
    assert victim.browser.who() is None


def test_only_the_newest_scan_counts(victim: Person) -> None:
    victim.browser.start()
    victim.app.scan(victim.browser.token)
    recorded = victim.app.scanned["confirm_token"]
    victim.app.scan(victim.browser.token)
    number = victim.browser.number()
    answer = victim.app.approve(number, confirm_token=recorded)
    assert (answer.status, answer.code) == (409, "confirm_superseded")
    assert victim.browser.look()["state"] == "scanned"
