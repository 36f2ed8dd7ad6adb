"""The guessed code.

The attacker has an account, and no code before them. They type eight letters, and eight others,
until these are the code of a stranger's request. It fails: each entry is counted before it is
looked up, by person and by address, and apart from all else. Here they have the luck that they will
not have, and what they have found is no login: the stranger's screen shows who has claimed the
request, the number is asked for, nobody is logged in before the page has shown as whom, and the
stranger starts over.

Ten thousand accounts at as many addresses find one of a thousand requests in two days; there is no
limit for all together, which would lock everybody out.
"""

from __future__ import annotations

import collections.abc as c
import json

import pytest

from tests.parties import Answer

from .people import Person
from .site import Site

#: Of an address, for three people who guess there.
_TOGETHER = 25


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[Site]:
    """The site with Flask-Limiter, which counts in the memory of its one process."""
    limits = {"code_address": f"{_TOGETHER} per 10 minutes"}
    config = {"RATELIMIT_ENABLED": "true", "QRLOGIN_RATE_LIMITS": json.dumps(limits)}
    with Site(tmp_path_factory.mktemp("guesses"), workers=1, config=config) as site:
        yield site


def guess(person: Person, code: str = "ZZZZ-ZZZZ") -> Answer:
    return person.app.post("/qrlogin/api/code", json={"code": code})


def test_guesses_are_counted_by_person_and_address(site: Site) -> None:
    victim, attackers = Person(site, "ann"), [Person(site, n) for n in ("chidi", "darya", "tomas")]
    shown = victim.browser.start().json["user_code"]["text"]
    statuses = [guess(attackers[0]).status for _ in range(13)]
    assert statuses == [404] * 10 + [429] * 3
    # The right one comes too late, and the answer does not tell.
    assert guess(attackers[0], shown).body == guess(attackers[0]).body

    # Whoever changes the address is the same person; a header changes nothing.
    attackers[0].app.address = "203.0.113.7"
    assert guess(attackers[0], shown).code == "rate_limited"
    for other in attackers[1:]:
        other.address = attackers[0].address
    statuses = [guess(attackers[1 + n % 2]).status for n in range(20)]
    assert statuses == [404] * (_TOGETHER - 10) + [429] * (20 - _TOGETHER + 10)

    # Whoever has nothing to do with it types, and scanning goes on for those, too.
    assert guess(victim, shown).status == 200
    assert attackers[1].app.scan(victim.browser.token).status == 200
    assert "code_not_found" in site.log()


def test_what_is_guessed_tells_no_more_than_a_picture(site: Site) -> None:
    victim, attacker = Person(site, "ann"), Person(site, "sakura")
    shown = victim.browser.start().json["user_code"]["text"]
    token = guess(attacker, shown).json["token"]
    # Of a request that somebody has scanned: nothing.
    victim.app.scan(victim.browser.token)
    answer = attacker.app.scan(token)
    assert (answer.status, answer.code) == (409, "already_scanned")
    assert victim.address not in answer.text
    page = attacker.phone.open(token).text
    assert victim.address not in page
    assert "Ann Walker" not in page
    # And its owner is warned.
    assert "scanned_by_others" in victim.app.scan(victim.browser.token).json["warnings"]


def test_a_guessed_code_claims_a_request_and_logs_nobody_in(site: Site) -> None:
    victim, attacker = Person(site, "ann"), Person(site, "sakura")
    shown = victim.browser.start().json["user_code"]["text"]
    version = victim.browser.version
    attacker.app.scan(guess(attacker, shown).json["token"])
    # The number is on the victim's screen: one guess of three.
    assert attacker.app.approve().code == "step_up_required"
    number = victim.browser.number()
    assert attacker.app.approve(number).status == 200

    # A page that has not shown whose account it is logs nobody in, however lucky the attacker.
    told = victim.browser.poll(since=version).json
    assert told["state"] == "approved"
    assert told["profile"]["name"] == "山田さくら"
    assert victim.browser.who() is None
    victim.browser.post(victim.browser.links["cancel"], json={})
    victim.browser.version = 0

    victim.link(victim.browser)
    assert victim.browser.who() == "ann"
