"""The phished login that breeds.

The attacker has tricked the victim into approving once, and is logged in. Before that is noticed
they use this login to approve more browsers of their own, which nobody will think of ending, or to
live on through those. It fails: a login that came about by QR code cannot approve another. Where
the site allows it (``QRLOGIN_APPROVE_FROM_LINKED``), ending one ends all that it has approved, and
what those have, also what is only half done.
"""

from __future__ import annotations

import pytest

from .conftest import OpenSite
from .people import Browser
from .people import Person
from .people import WebPhone
from .site import Site


def as_phone(browser: Browser) -> WebPhone:
    """Use a browser that was logged in by QR code as if it were the person's phone."""
    phone = WebPhone.__new__(WebPhone)
    phone.__dict__ |= browser.__dict__
    return phone


def test_a_login_by_qr_code_approves_no_other(victim: Person, attacker: Person) -> None:
    victim.link(attacker.browser)
    phished = as_phone(attacker.browser)
    assert phished.who() == "ann"
    second = attacker.new_browser()
    second.start()
    path = f"/qrlogin/s/{second.token}"
    assert phished.open(second.token).status == 403
    for action in ("scan", "approve", "deny"):
        assert phished.post(f"{path}/{action}", form={"confirm_token": "x"}).status == 403
    # Not by leaving out what tells how it came about: that stands in the signed session.
    phished.cookies = {"harbour": phished.cookies["harbour"]}
    phished.user_agent = victim.phone.user_agent
    assert phished.post(f"{path}/approve", form={}).status == 403
    # Nor does it open the API of the app.
    body = {"token": second.token}
    for value in (phished.cookies["harbour"], "1", attacker.browser.id):
        answer = phished.post(
            "/qrlogin/api/scan", json=body, headers={"Authorization": f"Bearer {value}"}
        )
        assert answer.code == "login_required"
    assert second.look()["state"] == "pending"
    # Nor can it answer what the victim has scanned.
    victim.app.scan(second.token)
    form = {"confirm_token": victim.app.scanned["confirm_token"], "number": second.number() or ""}
    assert phished.post(f"{path}/approve", form=form).status == 403
    assert second.poll(since=9).json["state"] == "scanned"


@pytest.fixture
def lenient_site(store: str, open_site: OpenSite) -> Site:
    """The site that lets a login by QR code approve others."""
    return open_site(store, workers=1, config={"QRLOGIN_APPROVE_FROM_LINKED": "true"})


def test_what_it_has_approved_ends_with_it(lenient_site: Site) -> None:
    victim, attacker = Person(lenient_site, "ann"), Person(lenient_site, "chidi")
    victim.link(attacker.browser)
    phished = attacker.browser
    # A chain of three, one more that is approved, and one that is scanned.
    browsers = [attacker.new_browser() for _ in range(4)]
    links = zip([phished, *browsers[:2], phished], browsers, strict=True)
    for number, (approver, browser) in enumerate(links):
        phone = as_phone(approver)
        browser.start()
        phone.open(browser.token)
        phone.tap("scan")
        if number < 3:
            phone.tap("approve", number=browser.number() or "")
            assert browser.look()["state"] == "approved"
        if number < 2:
            assert browser.poll(since=9).json["state"] == "redeemed"
            assert browser.who() == "ann"
    approved, scanned = browsers[2:]

    answer = victim.app.post(f"/qrlogin/api/devices/{phished.id}/end", json={})
    assert answer.status == 200
    assert [browser.who() for browser in (phished, *browsers)] == [None] * 5
    for browser in (approved, scanned):
        told = browser.poll(since=9).json
        assert (told["state"], told["reason"]) == ("denied", "device_ended")
    assert [browser.who() for browser in (phished, *browsers)] == [None] * 5


def test_it_does_not_lock_the_victim_out(victim: Person, attacker: Person) -> None:
    """Whoever is in by a trick would end the victim's own logins first."""
    victim.link(victim.browser)
    victim.link(attacker.browser)
    phished = as_phone(attacker.browser)
    for action in (f"{victim.browser.id}/end", f"{victim.browser.id}/rename", "end-others"):
        answer = phished.post(f"/qrlogin/devices/{action}", form={"name": "Mine"})
        assert answer.status == 403
    assert victim.browser.who() == "ann"


def test_looking_at_what_it_approved_does_not_take_that_over(lenient_site: Site) -> None:
    """The victim merely scans once more: it must not look as if the victim's phone approved."""
    victim, attacker = Person(lenient_site, "ann"), Person(lenient_site, "chidi")
    victim.link(attacker.browser)
    phished, second = as_phone(attacker.browser), attacker.new_browser()
    second.start()
    phished.open(second.token)
    phished.tap("scan")
    phished.tap("approve", number=second.number() or "")
    victim.app.scan(second.token)
    second.poll(since=9)
    assert second.who() == "ann"
    victim.app.post(f"/qrlogin/api/devices/{attacker.browser.id}/end", json={})
    assert second.who() is None
