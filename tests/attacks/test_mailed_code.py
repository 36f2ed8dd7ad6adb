"""The mailed code.

The attacker opens the login page, takes the code from it, and mails it to the victim: "scan this to
keep your account". The victim scans it, and whatever they tap, the attacker's browser is waiting.
It fails: the browser is new to the victim and elsewhere, so the phone asks for the number that the
browser shows, which the victim does not see. A guess is one of three, and a wrong one ends the
request. No way round it leads to an approval in one step, or to another three numbers.

Whom the attacker tells the number, as on the telephone, it does not stop: see test_live_relay.py.
"""

from __future__ import annotations

import pytest

from .conftest import once
from .people import Person
from .site import Site

MADE_BY_HAND: list[dict[str, str]] = [
    {},
    {"confirm_token": ""},
    {"number": "05"},
    {"remember": "yes"},
    {"confirmation": "tap"},
]
NO_NUMBERS: list[object] = [
    *(None, "", " ", 10, 10.0, True, [], {}, ["10"], {"$ne": ""}),
    *("0", "00", "1", "100", "-1", "1e1", "10 ", "10\x00", "*", "%", "\u0661\u0660"),
]


def test_a_victim_who_sees_no_number_cannot_approve(victim: Person, attacker: Person) -> None:
    attacker.browser.start()
    assert attacker.browser.number() is None
    scanned = victim.app.scan(attacker.browser.token).json
    assert scanned["confirmation"] == "match"
    assert {"new_browser", "other_network"} <= set(scanned["warnings"])
    right = attacker.browser.number()
    assert len(set(scanned["choices"])) == 3
    assert right in scanned["choices"]

    for _ in range(2):
        answer = victim.app.approve()
        assert (answer.status, answer.code) == (403, "step_up_required")
        assert answer.json["confirmation"] == "match"
    assert attacker.browser.poll(since=9).json["state"] == "scanned"

    wrong = next(choice for choice in scanned["choices"] if choice != right)
    answer = victim.app.approve(wrong)
    assert (answer.status, answer.code) == (403, "number_mismatch")
    # There is no second guess.
    assert victim.app.approve(right).code == "request_ended"
    assert victim.app.scan(attacker.browser.token).code == "request_ended"
    told = attacker.browser.poll(since=9).json
    assert (told["state"], told["reason"]) == ("denied", "number_mismatch")
    assert "number" not in told
    assert attacker.browser.who() is None


def test_nothing_makes_other_numbers(site: Site, victim: Person, attacker: Person) -> None:
    """Else whoever scans often enough learns which number comes again."""
    attacker.browser.start()
    first = victim.app.scan(attacker.browser.token).json["choices"]
    right = attacker.browser.number()
    for _ in range(3):
        assert victim.app.scan(attacker.browser.token).json["choices"] == first
    victim.phone.open(attacker.browser.token)
    assert victim.phone.page.form("/approve").choices["number"] == first
    with site.later(31):
        attacker.browser.poll()
        assert victim.app.scan(attacker.browser.token).json["choices"] == first
    assert attacker.browser.number() == right


def test_a_fresh_picture_has_the_same_numbers(site: Site, victim: Person, attacker: Person) -> None:
    attacker.browser.start()
    first = attacker.browser.token
    with site.later(31):
        attacker.browser.poll()
        assert attacker.browser.token != first
        choices = victim.app.scan(attacker.browser.token).json["choices"]
    # The first picture is still good, too.
    assert victim.app.scan(first).json["choices"] == choices


def test_the_numbers_tell_nothing_by_themselves(victim: Person, attacker: Person) -> None:
    """The right one is at no place of its own, and has nothing to do with those of others."""
    places, numbers = set(), set()
    for network in range(45):
        browser = attacker.new_browser()
        # Of so many from one network most would be refused.
        browser.address = f"203.0.{network}.7"
        browser.start()
        choices = victim.app.scan(browser.token).json["choices"]
        number = browser.number() or ""
        places.add(choices.index(number))
        numbers.add(number)
        victim.app.deny()
    assert places == {0, 1, 2}
    assert len(numbers) > 15


def test_no_form_approves_in_one_step(
    victim: Person, attacker: Person, subtests: pytest.Subtests
) -> None:
    """A body that was made by hand scans at most."""
    for fields in MADE_BY_HAND:
        with subtests.test(**fields):
            attacker.browser.start()
            victim.phone.post(f"/qrlogin/s/{attacker.browser.token}/approve", form=fields)
            state = attacker.browser.look()["state"]
            if "number" in fields:
                assert state in ("scanned", "denied")
            else:
                # The page that it leads to asks.
                assert state == "scanned"
                page = victim.phone.open(attacker.browser.token)
                assert len(page.form("/approve").choices["number"]) == 3
            assert "location" not in attacker.browser.poll(since=9).json
            assert attacker.browser.who() is None


@once
def test_what_is_no_number_is_none(
    victim: Person, attacker: Person, subtests: pytest.Subtests
) -> None:
    for number in NO_NUMBERS:
        with subtests.test(number=number):
            attacker.browser.start()
            victim.app.scan(attacker.browser.token)
            answer = victim.app.approve(number=number)
            assert answer.code in ("bad_request", "step_up_required", "number_mismatch")
            assert attacker.browser.poll(since=9).json["state"] in ("scanned", "denied")
            assert attacker.browser.who() is None


def test_several_numbers_are_one_guess(victim: Person, attacker: Person) -> None:
    attacker.browser.start()
    victim.phone.open(attacker.browser.token)
    victim.phone.tap("scan")
    form = victim.phone.page.form("/approve")
    right = attacker.browser.number()
    numbers = sorted(form.choices["number"], key=lambda number: number == right)
    pairs = [*form.fields.items(), *(("number", number) for number in numbers)]
    assert victim.phone.post(form.action, form=pairs).status == 403
    assert attacker.browser.poll(since=9).json["state"] == "denied"
