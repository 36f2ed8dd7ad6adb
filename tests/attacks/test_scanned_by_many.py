"""The code that many scan.

The attacker shows one code to a crowd, on a screen in a hall or in a mail to a whole company, and
logs in as whoever is quick to approve. Or somebody in the hall scans all codes, so that nobody can
log in. The first fails: one person owns the request, that person is told that others have tried it
too, and has to know the number. The second costs a new code: who has scanned is shown on the page.
"""

from __future__ import annotations

import concurrent.futures

from .people import App
from .people import new_address
from .people import Person
from .site import Site

CROWD = ("ann", "darya", "sakura", "tomas")


def test_of_a_crowd_one_owns_the_code(site: Site, attacker: Person) -> None:
    attacker.browser.start()
    token = attacker.browser.token
    crowd = [App(site, username, address=new_address()) for username in CROWD]
    with concurrent.futures.ThreadPoolExecutor(len(crowd)) as executor:
        answers = list(executor.map(lambda app: app.scan(token), crowd))
    assert sorted(answer.status for answer in answers) == [200, 409, 409, 409]
    owner = next(app for app, answer in zip(crowd, answers, strict=True) if answer.status == 200)
    shown = attacker.browser.look()
    for app in crowd:
        if app is not owner:
            app.scanned = owner.scanned
            assert app.approve(shown.get("number")).code == "already_scanned"
            assert app.deny().code == "already_scanned"
    assert attacker.browser.look() == shown


def test_the_owner_is_warned_and_needs_the_number(
    victim: Person, attacker: Person, bystander: Person
) -> None:
    # A browser in which the victim has logged in before, in one network with the phone: where
    # nothing else is strange.
    victim.link(victim.browser)
    browser = victim.browser
    browser.start()
    before = victim.app.scan(browser.token).json
    assert "scanned_by_others" not in before["warnings"]
    assert bystander.app.scan(browser.token).code == "already_scanned"
    # The approval runs the policy again, and the stricter wins.
    if before["confirmation"] == "tap":
        answer = victim.app.approve()
        assert (answer.status, answer.code) == (403, "step_up_required")
    after = victim.app.scan(browser.token).json
    assert "scanned_by_others" in after["warnings"]
    assert after["confirmation"] == "match"
    assert victim.app.approve(browser.number()).status == 200
