"""The dictated code.

The attacker opens the login page and rings the victim up: "this is the support of Harbour, please
type these eight letters at harbour.example/qrlogin/code". No picture, no mail that a filter sees,
and no site of their own is needed (RFC 8628 §5.4), so user codes are off unless a site wants them.
It fails for a victim who reads: the page to type at says that nobody may tell a code, the next ones
that it was typed, and the number is asked for, even of a browser that is known at home. Without the
number, nobody is logged in.

A victim who is told the number too, and types it, is tricked: see test_live_relay.py.
"""

from __future__ import annotations

import collections.abc as c

import pytest

from .people import Person
from .site import HOST
from .site import Site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[Site]:
    """The site where codes can be typed, since Flask-Limiter counts."""
    config = {"RATELIMIT_ENABLED": "true"}
    with Site(tmp_path_factory.mktemp("dictated"), workers=1, config=config) as site:
        yield site


def test_who_types_a_dictated_code_is_warned_and_asked_for_the_number(site: Site) -> None:
    victim, attacker = Person(site, "ann"), Person(site, "chidi")
    dictated = attacker.browser.start().json["user_code"]
    assert dictated["url"].endswith(f"{HOST}/qrlogin/code")

    form = victim.phone.get("/qrlogin/code")
    assert "Nobody may tell you a code: not by phone, mail or chat." in form.text
    assert HOST in form.text
    victim.phone.page = form
    victim.phone.tap("code", code=dictated["text"])
    warning = "The code was typed in. If somebody told it to you, deny."
    assert warning in victim.phone.page.text
    # Nothing has happened yet.
    assert attacker.browser.look()["state"] == "pending"

    victim.phone.tap("scan")
    assert warning in victim.phone.page.text
    assert attacker.address in victim.phone.page.text
    assert len(victim.phone.page.form("/approve").choices["number"]) == 3
    victim.phone.tap("approve")
    assert attacker.browser.poll(since=9).json["state"] == "scanned"
    victim.phone.tap("deny")
    assert attacker.browser.poll(since=9).json["state"] == "denied"
    assert attacker.browser.who() is None


def test_it_does_not_help_that_the_browser_is_known_and_at_home(site: Site) -> None:
    """A lodger's browser, in which the victim has logged in before."""
    victim = Person(site, "ann")
    victim.link(victim.browser)
    victim.browser.log_out()
    dictated = victim.browser.start().json["user_code"]["text"]
    answer = victim.app.post("/qrlogin/api/code", json={"code": dictated})
    scanned = victim.app.scan(answer.json["token"]).json
    assert scanned["confirmation"] == "match"
    assert scanned["warnings"] == ["user_code"]
    # With its picture one tap would do, but no more after it was typed.
    assert victim.app.scan(victim.browser.token).json["confirmation"] == "match"
    assert victim.app.approve().code == "step_up_required"


def test_no_link_types_for_the_victim(site: Site) -> None:
    """Else a code could be sent as a link that has none of the picture's warnings."""
    victim, attacker = Person(site, "ann"), Person(site, "chidi")
    dictated = attacker.browser.start().json["user_code"]["text"]
    page = victim.phone.get(f"/qrlogin/code?code={dictated}")
    assert dictated not in page.text
    answer = victim.phone.post(
        "/qrlogin/code",
        form={"code": dictated},
        headers={"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status == 403
    assert attacker.browser.look()["state"] == "pending"


def test_a_code_is_in_no_log(site: Site) -> None:
    victim, attacker = Person(site, "ann"), Person(site, "chidi")
    dictated = attacker.browser.start().json["user_code"]["text"]
    wrong = f"{dictated[:-1]}{'B' if dictated[-1] != 'B' else 'C'}"
    for code in (dictated, wrong):
        victim.app.post("/qrlogin/api/code", json={"code": code})
        victim.phone.post("/qrlogin/code", form={"code": code})
    log = site.log()
    assert "POST /qrlogin/code" in log
    for code in (dictated, wrong):
        assert code not in log
        assert code.replace("-", "") not in log
