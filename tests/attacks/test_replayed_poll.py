"""The replayed poll.

The attacker has got hold of everything that the victim's browser has sent while it waited, secret
included, such as from the log of a debugging proxy or a computer that both use. After the victim
has logged in, the attacker sends the poll again. It fails: a request logs in once, and says so from
then on. Sending it at the very moment does not give two logins either.
"""

from __future__ import annotations

import concurrent.futures

from .people import Person


def test_a_poll_that_has_logged_in_does_not_do_so_again(victim: Person, attacker: Person) -> None:
    victim.browser.start()
    recorded = dict(victim.browser.cookies)
    victim.app.scan(victim.browser.token)
    victim.app.approve(victim.browser.number())
    since = victim.browser.look()["version"]
    assert victim.browser.poll(since=since).json["state"] == "redeemed"

    for attempt in range(4):
        attacker.browser.cookies = dict(recorded)
        answer = attacker.browser.post(
            victim.browser.links["poll"], json={"since": since + attempt}
        )
        assert answer.json["state"] == "redeemed"
        assert "location" not in answer.json
    # Nor with the form of the page without JavaScript.
    attacker.browser.cookies = dict(recorded)
    attacker.browser.post(victim.browser.links["poll"], form={"since": str(since)})
    assert attacker.browser.who() is None
    assert victim.browser.who() == "ann"


def test_of_polls_that_come_at_once_one_logs_in(victim: Person) -> None:
    victim.browser.start()
    victim.app.scan(victim.browser.token)
    victim.app.approve(victim.browser.number())
    since = victim.browser.look()["version"]
    copies = [victim.new_browser() for _ in range(8)]
    for copy in copies:
        copy.cookies, copy.links = dict(victim.browser.cookies), victim.browser.links
    with concurrent.futures.ThreadPoolExecutor(len(copies)) as executor:
        answers = list(executor.map(lambda copy: copy.poll(since=since).json, copies))
    assert {answer["state"] for answer in answers} == {"redeemed"}
    assert len([answer for answer in answers if "location" in answer]) == 1
    assert [copy.who() for copy in copies].count("ann") == 1
