"""The remember cookie.

Flask-Login's remember cookie is the same for all logins of a person, and no row can end it. The
attacker, with a login that they were given by a trick, asks to be remembered in this way, or keeps
the one of their own account in the victim's browser, so that the victim ends up in the attacker's
account once the session is over. It fails: a login by QR code never gives such a cookie, also where
the victim has ticked "keep me signed in", and takes away one that is there.
"""

from __future__ import annotations

from flask_login import encode_cookie

from example_app.seed import PEOPLE

from .people import Person

NAME = "remember_token"


def remember_cookie(person: Person) -> str:
    """Return what Flask-Login would give to a person who asks to be remembered."""
    id = list(PEOPLE).index(person.username) + 1
    return str(encode_cookie(str(id), key=person.site.secret_key))


def test_keep_me_signed_in_is_a_session_that_can_be_ended(victim: Person, attacker: Person) -> None:
    browser = attacker.browser
    browser.start(remember="yes")
    victim.app.scan(browser.token)
    assert victim.app.approve(browser.number(), remember=True).status == 200
    answer = browser.poll(since=9)
    assert answer.json["state"] == "redeemed"
    cookies = answer.headers.get_all("Set-Cookie", ())
    session = next(cookie for cookie in cookies if cookie.startswith("harbour="))
    assert "Expires=" in session
    for path in ("/", "/login", "/qrlogin/devices"):
        browser.get(path)
    assert NAME not in browser.cookies
    # With the session cookie gone, nothing brings the login back.
    browser.cookies.pop("harbour")
    assert browser.who() is None


def test_who_is_at_the_browser_does_not_choose_to_be_remembered(
    victim: Person, attacker: Person
) -> None:
    attacker.browser.start(remember="yes")
    victim.app.scan(attacker.browser.token)
    assert victim.app.approve(attacker.browser.number()).status == 200
    answer = attacker.browser.post(
        attacker.browser.links["poll"], json={"since": 9, "remember": True}
    )
    cookies = answer.headers.get_all("Set-Cookie", ())
    session = next(cookie for cookie in cookies if cookie.startswith("harbour="))
    assert "Expires=" not in session


def test_the_remember_cookie_of_another_is_taken_away(victim: Person, attacker: Person) -> None:
    browser = victim.browser
    browser.cookies[NAME] = remember_cookie(attacker)
    assert browser.who() == "chidi"
    browser.cookies[NAME] = remember_cookie(attacker)
    victim.link(browser)
    assert NAME not in browser.cookies
    assert browser.who() == "ann"
    victim.app.post(f"/qrlogin/api/devices/{browser.id}/end", json={})
    assert browser.who() is None


def test_the_api_of_the_app_does_not_read_one(victim: Person, attacker: Person) -> None:
    """Flask-Login would answer its owner, whatever the bearer token says."""
    attacker.browser.start()
    victim.app.cookies[NAME] = remember_cookie(attacker)
    victim.app.scan(attacker.browser.token)
    assert attacker.browser.look()["profile"]["name"] == "Ann Walker"
    # Without a bearer token it says nothing at all.
    body = {"token": attacker.browser.token}
    answer = victim.app.post("/qrlogin/api/scan", json=body, headers={"Authorization": None})
    assert answer.code == "login_required"
