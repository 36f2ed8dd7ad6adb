"""The stolen request id.

The attacker reads the log of a proxy, in which the addresses of the victim's polls stand, and so
knows the request's id and its state. They make a QR token of it to lure the victim to, or to scan
with their own phone, and they ask for the id of their own choosing when they begin. It fails: a
token is signed, the id is made by the server, and the id alone opens nothing
(see test_photographed_code.py).
"""

from __future__ import annotations

import base64
import time

from .people import Person


def test_no_token_can_be_made_of_an_id(victim: Person, attacker: Person) -> None:
    victim.browser.start()
    now = int(time.time()).to_bytes(4, "big")
    for signature in (b"\0" * 8, bytes.fromhex(victim.browser.id)[:8]):
        text = bytes.fromhex(victim.browser.id) + now + signature
        forged = base64.urlsafe_b64encode(text).rstrip(b"=").decode()
        assert len(forged) == len(victim.browser.token)
        assert attacker.app.scan(forged).code == "token_invalid"
        assert attacker.phone.open(forged).status == 400
    for path in ("scan", "approve", "deny"):
        answer = attacker.app.post(
            f"/qrlogin/api/{path}", json={"id": victim.browser.id, "confirm_token": "x"}
        )
        assert (answer.status, answer.code) == (400, "bad_request")
    assert victim.browser.look()["state"] == "pending"


def test_a_browser_cannot_choose_the_id(victim: Person, attacker: Person) -> None:
    victim.browser.start()
    chosen = victim.browser.id
    attacker.browser.start(id=chosen, secret="mine")
    assert attacker.browser.id != chosen
    attacker.browser.cookies["__Host-qrlogin-" + "0" * 32] = "mine"
    assert attacker.browser.get("/qrlogin/requests/" + "0" * 32).status == 404
    # What it was given is 128 bits, which are not counted up.
    ids = [attacker.new_browser() for _ in range(8)]
    assert all(browser.start().status == 201 for browser in ids)
    assert (
        len({browser.id[start : start + 8] for browser in ids for start in range(0, 32, 8)}) == 32
    )
