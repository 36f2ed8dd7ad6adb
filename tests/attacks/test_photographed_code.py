"""The photographed code.

The attacker stands behind the victim in a café and takes a picture of the code on the laptop, or
sees it in a shared screen. The link in it holds the request's id, so the attacker polls in the hope
of being logged in when the victim approves. It fails: a poll needs the browser secret, a cookie
that is in no picture, and without it the site does not even say that there is such a request.
"""

from __future__ import annotations

from flask_qrlogin.core.tokens import new_id

from .people import Browser
from .people import Person


def attempts(browser: Browser, id: str) -> list[tuple[int, str | None]]:
    """Try all that a browser can do with a request."""
    path = f"/qrlogin/requests/{id}"
    accept = {"Accept": "application/json"}
    answers = [
        browser.post(f"{path}/poll", json={"since": 9}),
        browser.post(f"{path}/poll", form={"since": "9"}, headers=accept),
        browser.post(f"{path}/cancel", json={}),
        browser.get(path, headers=accept),
        browser.get(f"{path}/qr.svg", headers=accept),
        browser.get(f"{path}/qr.png", headers=accept),
    ]
    return [(answer.status, answer.code) for answer in answers]


def test_a_picture_of_the_code_does_not_log_in(victim: Person, attacker: Person) -> None:
    victim.browser.start()
    attacker.browser.start()
    refused = [(404, "request_not_found")] * 6
    # With no secret, the attacker's own one under the victim's name, and one that is made up.
    for secret in (None, attacker.browser.secret(), "A" * 43, ""):
        if secret is not None:
            attacker.browser.cookies[f"__Host-qrlogin-{victim.browser.id}"] = secret
        assert attempts(attacker.browser, victim.browser.id) == refused
    assert attempts(attacker.browser, new_id()) == refused

    victim.app.scan(victim.browser.token)
    victim.app.approve(victim.browser.number())
    assert attempts(attacker.browser, victim.browser.id) == refused
    assert attacker.browser.who() is None
    # All of it has not disturbed the victim.
    assert victim.browser.poll(since=victim.browser.look()["version"]).json["state"] == "redeemed"
    assert victim.browser.who() == "ann"
