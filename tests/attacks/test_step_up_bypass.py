"""Getting round the second look.

The site asks for the strongest confirmation: log in again on the phone, and type the number. The
attacker has found the victim's phone unlocked on a table, logged in since long ago, and shows it
the code of a browser whose number they see. They lack the victim's password. They leave the step
out, say that it was done, log in as themselves to be "fresh", and go from the web page to the app.
It fails: what is asked for is written with the request and checked where it is approved.
"""

from __future__ import annotations

import collections.abc as c

import pytest

from .people import Person
from .people import WebPhone
from .site import Site


@pytest.fixture(scope="module")
def strict_site(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[Site]:
    """The site that asks for a fresh login and the number, whatever the signals say."""
    config = {"QRLOGIN_CONFIRMATION": "reauth"}
    with Site(tmp_path_factory.mktemp("strict"), workers=1, config=config) as site:
        yield site


@pytest.fixture
def victim(strict_site: Site) -> Person:
    return Person(strict_site, "ann")


@pytest.fixture
def attacker(strict_site: Site) -> Person:
    return Person(strict_site, "chidi")


@pytest.fixture
def found(strict_site: Site, victim: Person) -> c.Iterator[WebPhone]:
    """The victim's phone, on which the last login was a minute ago."""
    assert victim.phone.who() == "ann"
    with strict_site.later(60):
        yield victim.phone


def test_the_web_page_asks_for_a_login_first(found: WebPhone, attacker: Person) -> None:
    attacker.browser.start()
    found.open(attacker.browser.token)
    found.tap("scan")
    number = attacker.browser.number()
    assert number is not None
    path = f"/qrlogin/s/{attacker.browser.token}"
    # There is no form to approve with, and one that is made by hand does not either.
    assert "/approve" not in found.page.text
    confirm_token = found.page.form("/deny").fields["confirm_token"]
    for fields in (
        {"number": number},
        {"number": number, "login": "fresh", "fresh": "yes", "_fresh": "1"},
        {"number": number, "confirmation": "tap"},
        {},
    ):
        found.post(f"{path}/approve", form={"confirm_token": confirm_token, **fields})
        assert attacker.browser.poll(since=9).json["state"] == "scanned"
    assert attacker.browser.who() is None


def test_a_fresh_login_of_somebody_else_does_not_count(found: WebPhone, attacker: Person) -> None:
    attacker.browser.start()
    token = attacker.browser.token
    found.open(token)
    found.tap("scan")
    confirm_token = found.page.form("/deny").fields["confirm_token"]
    number = attacker.browser.number() or ""
    found.log_out()
    assert found.log_in("chidi").status == 303
    form = {"confirm_token": confirm_token, "number": number}
    assert found.post(f"/qrlogin/s/{token}/approve", form=form).status == 409
    assert attacker.browser.poll(since=9).json["state"] == "scanned"


def test_the_app_has_to_prove_it_by_the_sites_own_means(victim: Person, attacker: Person) -> None:
    victim.app.make_stale()
    attacker.browser.start()
    scanned = victim.app.scan(attacker.browser.token).json
    assert scanned["confirmation"] == "reauth"
    assert scanned.get("choices") in (None, [])
    number = attacker.browser.number()
    for fields in ({}, {"login": "fresh"}, {"fresh": True}, {"confirmation": "tap"}):
        answer = victim.app.approve(number, **fields)
        assert (answer.status, answer.code) == (403, "step_up_required")
        assert answer.json["login"] == "fresh"
    # With the attacker's own fresh login it is another person's.
    attacker.app.scanned = victim.app.scanned
    assert attacker.app.approve(number).code == "already_scanned"
    assert attacker.browser.poll(since=9).json["state"] == "scanned"


def test_a_fresh_login_without_the_number_is_not_enough(victim: Person, attacker: Person) -> None:
    attacker.browser.start()
    victim.app.scan(attacker.browser.token)
    assert victim.app.approve().code == "step_up_required"
    right = int(attacker.browser.number() or 0)
    assert victim.app.approve(str(109 - right)).code == "number_mismatch"
    assert attacker.browser.poll(since=9).json["state"] == "denied"
