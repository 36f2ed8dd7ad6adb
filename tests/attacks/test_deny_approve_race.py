"""The race of deny and approve.

The victim taps Deny at the moment at which the attacker's malware on the phone, or a second tap,
approves, and the attacker's browser polls as fast as it can, on several processes. Whichever comes
first, the answers have to be true: where the victim was told "denied", nobody is logged in, and
nobody is logged in twice.
"""

from __future__ import annotations

import concurrent.futures

from .people import Browser
from .people import Person

_ROUNDS = 25


def test_who_was_told_denied_is_not_logged_in(victim: Person, attacker: Person) -> None:
    outcomes = set()
    with concurrent.futures.ThreadPoolExecutor(5) as executor:
        for number in range(_ROUNDS):
            # In half of the rounds it is approved already.
            outcomes.add(_round(victim, attacker, executor, approved=number % 2 == 0))
    # Both come first now and then; else this is no race.
    assert {"denied", "redeemed"} <= outcomes


def _round(
    victim: Person,
    attacker: Person,
    executor: concurrent.futures.Executor,
    *,
    approved: bool,
) -> str:
    browsers = [attacker.new_browser() for _ in range(2)]
    first, second = browsers
    first.start()
    second.cookies, second.links = dict(first.cookies), first.links
    assert victim.app.scan(first.token).status == 200
    number = first.number()
    if approved:
        assert victim.app.approve(number).status == 200
    polls = [executor.submit(_poll_to_the_end, browser) for browser in browsers]
    answers = [executor.submit(victim.app.approve, number), executor.submit(victim.app.deny)]
    approval, denial = (each.result(30) for each in answers)
    logins = [each.result(30) for each in polls].count(True)
    state = str(first.look()["state"] if logins == 0 else "redeemed")
    assert logins <= 1
    assert (denial.status == 200) == (state == "denied")
    assert (logins == 1) == (denial.status == 409)
    assert approval.status == 200 or approval.code == "request_ended"
    return state


def _poll_to_the_end(browser: Browser) -> bool:
    """Poll until it has ended; tell whether that logged in."""
    cookies = dict(browser.cookies)
    while True:
        answer = browser.poll(since=9)
        if answer.json["state"] not in ("pending", "scanned", "approved"):
            if "location" not in answer.json:
                browser.cookies = cookies
            return "location" in answer.json
