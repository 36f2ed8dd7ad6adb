"""The secret in a log.

The attacker can read logs: at the company that collects them, in a ticket to which one was
attached, or on a disk that was thrown away. They look for what lets them go on: a browser secret, a
session cookie, a bearer or confirm token, the number to match. It fails: with everything logged
that the server can log, at DEBUG and with an access log, none of it is there. The QR token stands
in the addresses of the phone's pages, so the server's access log has it; it is no secret, dies
within a minute, and our own records leave it out.
"""

from __future__ import annotations

import re

from .people import Person
from .site import Site


def log_in_on_the_web_page(victim: Person, *, wrong: bool = False) -> list[str | None]:
    """Answer a code of the victim's own browser; return what was secret in it."""
    victim.browser.start()
    victim.phone.open(victim.browser.token)
    victim.phone.tap("scan")
    form, number = victim.phone.page.form("/approve"), victim.browser.number()
    known = list(victim.browser.cookies.values())
    if number is None:
        victim.phone.tap("approve")
    else:
        others = [choice for choice in form.choices["number"] if choice != number]
        victim.phone.tap("approve", number=others[0] if wrong else number)
    victim.browser.poll(since=9)
    return [form.fields["confirm_token"], *known]


def log_in_with_the_app(victim: Person, attacker: Person) -> list[str | None]:
    """Approve a code, after all that can be refused was tried; return what was secret in it."""
    browser = attacker.browser
    browser.start()
    known = list(browser.cookies.values())
    confirm_token = victim.app.scan(browser.token).json["confirm_token"]
    number = browser.number()
    victim.app.approve(number, confirm_token="A" * 27)
    victim.app.approve(number, confirm_token=[confirm_token])
    victim.app.post("/qrlogin/api/scan", json={"token": browser.token + "x"})
    attacker.app.scan(browser.token)
    attacker.app.approve(number, token=browser.token, confirm_token=confirm_token)
    browser.post(browser.links["poll"], json=[1])
    victim.app.approve(number)
    browser.poll(since=9)
    victim.app.approve(number)
    return [confirm_token, *known]


def test_no_secret_is_in_any_log(site: Site, victim: Person, attacker: Person) -> None:
    people = [attacker.browser, victim.browser, victim.phone, victim.app]
    secrets = {
        *log_in_with_the_app(victim, attacker),
        *log_in_on_the_web_page(victim, wrong=True),
        *log_in_on_the_web_page(victim),
        *(cookie for client in people for cookie in client.cookies.values()),
        victim.app.bearer,
    }
    assert len(secrets) >= 10
    log = site.log()
    assert "POST /qrlogin/requests" in log
    assert [secret for secret in secrets if str(secret) in log] == []


def test_our_own_records_hold_neither_token_nor_number(
    site: Site, victim: Person, attacker: Person
) -> None:
    log_in_with_the_app(victim, attacker)
    log_in_on_the_web_page(victim, wrong=True)
    ours = [line for line in site.log().splitlines() if re.match(r"[A-Z]+:flask_qrlogin", line)]
    steps = ("started", "scanned", "approved", "redeemed", "denied")
    assert all(any(f"event=login_{step} " in line for line in ours) for step in steps)
    for browser in (attacker.browser, victim.browser):
        about = [line for line in ours if browser.id in line]
        assert about
        assert not [line for line in ours if browser.token in line]
        # Two digits may be in anything, but are a word of their own only as the number.
        assert not [line for line in about if re.search(r"[= \"][1-9]\d[ \"]", line + " ")]
