"""Login fixation.

The attacker has been at the victim's browser first, or can plant cookies there: they keep a copy of
the session that the victim will log in with, or have left their own login in it. After the login by
QR code they use their copy, or look at what was carried over. It fails: the session of before does
not become logged in, and what belonged to another person is cleared before the login.
"""

from __future__ import annotations

import base64
import json
import typing as t
import zlib

from .people import Browser
from .people import Person


def session_of(browser: Browser) -> dict[str, t.Any]:
    """Read a session, as anybody can who holds the cookie."""
    text = browser.cookies["harbour"]
    packed = text.startswith(".")
    payload = text.lstrip(".").partition(".")[0]
    data = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
    return t.cast("dict[str, t.Any]", json.loads(zlib.decompress(data) if packed else data))


def test_a_planted_session_does_not_become_logged_in(victim: Person, attacker: Person) -> None:
    attacker.browser.get("/login")
    planted = attacker.browser.cookies["harbour"]
    victim.browser.cookies["harbour"] = planted
    victim.link(victim.browser)
    assert victim.browser.who() == "ann"
    assert attacker.browser.cookies["harbour"] == planted
    assert attacker.browser.who() is None
    assert victim.browser.cookies["harbour"] != planted


def test_nothing_of_another_person_stays_in_the_session(victim: Person, attacker: Person) -> None:
    attacker.browser.log_in("chidi")
    planted = session_of(attacker.browser)
    victim.browser.cookies = dict(attacker.browser.cookies)
    victim.link(victim.browser)
    assert victim.browser.who() == "ann"
    kept = session_of(victim.browser)
    # A token for forms that the attacker knows would let their page send the victim's.
    assert kept.get("csrf_token") != planted["csrf_token"]
    assert kept["_user_id"] != planted["_user_id"]
    assert attacker.browser.who() == "chidi"


def test_the_secret_of_a_request_is_of_no_use_in_another_browser_afterwards(
    victim: Person, attacker: Person
) -> None:
    """The attacker begins, and plants the secret, to poll at the same time as the victim."""
    attacker.browser.start()
    victim.browser.cookies = dict(attacker.browser.cookies)
    victim.browser.links = attacker.browser.links
    victim.app.scan(attacker.browser.token)
    victim.app.approve(attacker.browser.number())
    since = attacker.browser.look()["version"]
    assert victim.browser.poll(since=since).json["state"] == "redeemed"
    answer = attacker.browser.poll(since=since).json
    assert answer["state"] == "redeemed"
    assert "location" not in answer
    assert attacker.browser.who() is None
