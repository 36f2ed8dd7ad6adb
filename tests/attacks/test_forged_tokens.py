"""Forged and shifted tokens.

The attacker knows how a QR token and a confirm token are made, and has real ones of their own. They
change each byte, shift the time of issue so that an old picture looks new, sign with keys they know
or for another purpose, and send what decodes to the same bytes. It fails: both are signed with a
key of their own that is made of the app's secret, and there is one text for each token.
"""

from __future__ import annotations

import base64
import string
from datetime import datetime
from datetime import UTC

from flask_qrlogin.core.tokens import IdSigner

from .conftest import once
from .people import Person
from .people import WebPhone
from .site import Site

pytestmark = once

_CHARACTERS = string.ascii_letters + string.digits + "-_"


def changed(text: str) -> list[str]:
    """Return the text with each character changed, the last one to all others."""
    others = [
        text[:place] + _CHARACTERS[(_CHARACTERS.index(text[place]) + 32) % 64] + text[place + 1 :]
        for place in range(len(text))
    ]
    return others + [text[:-1] + last for last in _CHARACTERS if last != text[-1]]


def test_no_changed_qr_token_is_taken(victim: Person, attacker: Person) -> None:
    attacker.browser.start()
    token = attacker.browser.token
    data = base64.urlsafe_b64decode(token + "==")
    shifted = [
        base64.urlsafe_b64encode(data[:16] + seconds.to_bytes(4, "big") + data[20:])
        for seconds in (0, int.from_bytes(data[16:20], "big") + 1, 2**32 - 1)
    ]
    now = datetime.now(UTC)
    forged = [
        *changed(token),
        *(text.rstrip(b"=").decode() for text in shifted),
        *(
            IdSigner([key], "qr").write(attacker.browser.id, now)
            for key in ("", "change-me", "dev")
        ),
        *(
            token[:-1],
            token + "A",
            token + "==",
            token + "%3D%3D",
            token.lower(),
            "%00" + token[1:],
        ),
        "\u0430" * 38,
    ]
    for text in forged:
        answer = victim.app.scan(text)
        assert (answer.status, answer.code) == (400, "token_invalid"), text
    for text in forged[:: len(forged) // 12]:
        assert victim.phone.open(text).status in (400, 404), text
    assert attacker.browser.look()["state"] == "pending"


def test_what_was_signed_for_something_else_is_no_qr_token(
    site: Site, victim: Person, attacker: Person
) -> None:
    # The proof that a code was opened has the same form, and another key.
    attacker.browser.start()
    phone = WebPhone(site, "chidi", address=attacker.address)
    phone.open(attacker.browser.token)
    proof = phone.cookies["__Host-qrlogin-opened"]
    assert len(proof) == len(attacker.browser.token)
    assert victim.app.scan(proof).code == "token_invalid"
    # Nor is a token a proof: an old picture does not become good by it.
    with site.later(61):
        phone.cookies["__Host-qrlogin-opened"] = attacker.browser.token
        assert phone.open(attacker.browser.token).status == 410


def test_no_changed_confirm_token_is_taken(victim: Person, attacker: Person) -> None:
    attacker.browser.start()
    scanned = victim.app.scan(attacker.browser.token).json
    number = attacker.browser.number()
    token = scanned["confirm_token"]
    for text in [*changed(token), token + "A", token[:-1], "", "A" * 27, attacker.browser.token]:
        answer = victim.app.approve(number, confirm_token=text)
        assert (answer.status, answer.code) == (403, "confirm_invalid"), text
    assert attacker.browser.look()["state"] == "scanned"
    assert attacker.browser.poll(since=9).json["state"] == "scanned"
