"""Cookie tossing.

The attacker has a subdomain, such as a customer's page or a forgotten test server, and from there
plants cookies for the whole domain in the victim's browser: the secret of the attacker's own
request, so that the victim's browser would be logged into the attacker's account, or so many that
the victim's own are pushed out. It fails: over HTTPS only cookies with the prefix ``__Host-`` are
read, which browsers take from this very host alone.
"""

from __future__ import annotations

import re

from .conftest import once
from .people import Person

pytestmark = once


def test_a_planted_secret_is_not_read(victim: Person, attacker: Person) -> None:
    attacker.browser.start()
    name, secret = f"qrlogin-{attacker.browser.id}", attacker.browser.secret()
    victim.browser.links = attacker.browser.links
    # What a subdomain can plant, among it names that are nearly right. A cookie without a name has
    # an equals sign in its value.
    for planted in (
        name,
        f"__Secure-{name}",
        f"__host-{name}",
        f"__HOST-{name}",
        f"\xa0__Host-{name}",
        f"x__Host-{name}",
        f"__Host-{name}[]",
        f"__Host-{name}%20",
        f"=__Host-{name}",
        f'x="\\073 __Host-{name}',
    ):
        answer = victim.browser.poll(since=0, headers={"Cookie": f"{planted}={secret}"})
        assert answer.code == "request_not_found", planted
    assert attacker.browser.look()["state"] == "pending"


def test_the_proof_that_a_code_was_opened_cannot_be_planted(
    victim: Person, attacker: Person
) -> None:
    """Else a subdomain could let the victim's phone scan a picture that is long out of date."""
    attacker.browser.start()
    attacker.phone.open(attacker.browser.token)
    proof = attacker.phone.cookies["__Host-qrlogin-opened"]
    with victim.site.later(61):
        assert victim.phone.open(attacker.browser.token).status == 410
        victim.phone.cookies |= {"qrlogin-opened": proof, "__Secure-qrlogin-opened": proof}
        assert victim.phone.open(attacker.browser.token).status == 410


def test_every_cookie_of_ours_has_the_prefix(victim: Person) -> None:
    victim.browser.start()
    victim.phone.open(victim.browser.token)
    browser = victim.new_browser()
    victim.link(browser)
    for client in (victim.browser, victim.phone, browser):
        for name in client.cookies:
            assert name == "harbour" or name.startswith("__Host-qrlogin-")
    answer = victim.new_browser().start()
    for cookie in answer.headers.get_all("Set-Cookie", ()):
        assert re.search("; Secure", cookie)
        assert re.search("; HttpOnly", cookie)
        assert re.search("; SameSite=Lax", cookie)
        assert not re.search("domain", cookie, re.IGNORECASE)


def test_many_planted_cookies_do_not_swell_the_answer(victim: Person) -> None:
    planted = "; ".join(f"__Host-qrlogin-{number:032x}=x" for number in range(100))
    answer = victim.browser.post("/qrlogin/requests", json={}, headers={"Cookie": planted})
    assert answer.status == 201
    assert len(answer.headers.get_all("Set-Cookie", ())) <= 8
