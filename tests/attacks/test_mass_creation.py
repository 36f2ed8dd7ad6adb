"""Mass creation.

The attacker starts requests as fast as they can, to fill the database, or so that nobody else gets
a code. It fails: what one network may have waiting is limited, whatever its computers say about
themselves, and everybody else still gets a code: there is no limit for all together.
"""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import json

import pytest

from tests.parties import Answer

from .conftest import PER_NETWORK
from .people import Person
from .site import Site


def start(person: Person, number: int) -> Answer:
    """Ask for a code from one of the computers of a network, which says that it is elsewhere."""
    browser = person.new_browser()
    browser.address = f"{person.address.rpartition('.')[0]}.{number + 1}"
    browser.user_agent = f"Robot/{number}"
    spoofed = f"203.{number}.113.7"
    headers = {"X-Forwarded-For": spoofed, "X-Real-Ip": spoofed, "Forwarded": f"for={spoofed}"}
    return browser.post("/qrlogin/requests", json={}, headers=headers)


def test_one_network_cannot_fill_the_store(attacker: Person, victim: Person) -> None:
    attempts = range(PER_NETWORK + 40)
    with concurrent.futures.ThreadPoolExecutor(4) as executor:
        answers = list(executor.map(lambda number: start(attacker, number), attempts))
    refused = [answer for answer in answers if answer.status == 429]
    assert {answer.status for answer in answers} == {201, 429}
    # Those that come at the same time may each be the last one.
    assert len(attempts) - len(refused) <= PER_NETWORK + 4
    for answer in refused:
        assert answer.code == "rate_limited"
        assert int(answer.headers["Retry-After"]) >= 1
        assert "Set-Cookie" not in answer.headers
    # Whoever has nothing to do with it notices nothing.
    victim.link(victim.browser)
    assert victim.browser.who() == "ann"


def test_beginning_and_withdrawing_in_turn_is_counted(attacker: Person) -> None:
    """A page withdraws its oldest code when it has five; the rows are there until they expire."""
    statuses = [attacker.browser.start().status for _ in range(PER_NETWORK + 5)]
    assert statuses == [201] * PER_NETWORK + [429] * 5
    assert len([name for name in attacker.browser.cookies if name != "harbour"]) == 5
    assert attacker.new_browser().start().status == 429


@pytest.fixture(scope="module")
def counting_site(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[Site]:
    """The site with Flask-Limiter, which counts in the memory of its one process."""
    limits = {"start_address": "20 per 5 minutes", "invalid": "20 per 5 minutes"}
    config = {"RATELIMIT_ENABLED": "true", "QRLOGIN_RATE_LIMITS": json.dumps(limits)}
    with Site(tmp_path_factory.mktemp("counting"), workers=1, config=config) as site:
        yield site


def test_a_photographed_code_does_not_use_up_what_belongs_to_its_browser(
    counting_site: Site,
) -> None:
    """Nor does who guesses keep others at the same address from logging in."""
    victim, attacker = Person(counting_site, "ann"), Person(counting_site, "chidi")
    attacker.address = victim.address
    victim.browser.start()
    attempts = [
        attacker.browser.post(victim.browser.links["poll"], json={"since": 0}) for _ in range(25)
    ]
    assert [answer.status for answer in attempts] == [404] * 20 + [429] * 5
    assert int(attempts[-1].headers["Retry-After"]) >= 1
    victim.link(victim.browser)
    assert victim.browser.who() == "ann"


def test_whoever_has_used_up_a_budget_has_used_up_their_own(counting_site: Site) -> None:
    attacker, victim = Person(counting_site, "chidi"), Person(counting_site, "ann")
    browsers = [attacker.new_browser() for _ in range(25)]
    answers = [
        browser.post("/qrlogin/requests", json={}, headers={"X-Forwarded-For": f"203.{place}.1.1"})
        for place, browser in enumerate(browsers)
    ]
    assert [answer.status for answer in answers] == [201] * 20 + [429] * 5
    victim.link(victim.browser)
    assert victim.browser.who() == "ann"


def test_what_one_has_scanned_oneself_is_counted_too(attacker: Person) -> None:
    statuses = []
    for _ in range(PER_NETWORK + 5):
        browser = attacker.new_browser()
        statuses.append(browser.start().status)
        if statuses[-1] == 201:
            attacker.app.scan(browser.token)
    assert 429 in statuses
