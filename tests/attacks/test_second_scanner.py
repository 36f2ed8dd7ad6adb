"""The second scanner.

The victim has scanned the code on their own laptop and reads who is asking. The attacker, who sees
the screen, scans it too, to approve in the victim's place and have the laptop logged into the
attacker's account, where the victim would then type in secrets. It fails: the first scanner owns
the request. If the attacker is first, the victim's own scan is refused, the page has shown the
attacker's name before anything is logged in, and the victim can cancel.
"""

from __future__ import annotations

from .people import Person


def test_a_second_person_can_do_nothing(victim: Person, attacker: Person) -> None:
    victim.browser.start()
    token = victim.browser.token
    victim.app.scan(token)
    answer = attacker.app.scan(token)
    assert (answer.status, answer.code) == (409, "already_scanned")
    assert attacker.phone.open(token).status == 409
    # Not even with what the victim's phone was given.
    attacker.app.scanned = victim.app.scanned
    number = victim.browser.number()
    assert attacker.app.approve(number).code == "already_scanned"
    assert attacker.app.deny().code == "already_scanned"
    path = f"/qrlogin/s/{token}"
    form = {"confirm_token": victim.app.scanned["confirm_token"], "number": number or ""}
    for action in ("scan", "approve", "deny"):
        assert attacker.phone.post(f"{path}/{action}", form=form).status == 409
    assert victim.browser.look()["state"] == "scanned"
    assert victim.browser.look()["profile"]["name"] == "Ann Walker"
    assert victim.app.approve(number).status == 200


def test_nobody_is_quietly_logged_into_the_account_of_another(
    victim: Person, attacker: Person
) -> None:
    victim.browser.start()
    attacker.app.scan(victim.browser.token)
    attacker.app.approve(victim.browser.number())
    # The page has seen version 1 only: it is shown who it would be, and is not logged in.
    answer = victim.browser.poll(since=1).json
    assert answer["state"] == "approved"
    assert answer["profile"]["name"] == "Chidi Okafor"
    assert victim.browser.who() is None
    assert victim.app.scan(victim.browser.token).code == "already_scanned"
    cancelled = victim.browser.post(victim.browser.links["cancel"], json={})
    assert cancelled.json["state"] == "cancelled"
    assert attacker.app.approve().code == "request_ended"
    assert victim.browser.who() is None
