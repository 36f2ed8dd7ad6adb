"""The cross-site form.

The victim is logged in on the phone and opens the attacker's page. It sends forms to the site by
itself, which the phone's browser adds the victim's cookies to: scan this code, approve it. On a
computer it starts a request, polls one or cancels one. It fails: browsers say where a POST comes
from, and no page can change that; a form from elsewhere, from a subdomain, from the page of a
printer on plain HTTP or from nowhere is refused before anything is looked at.
"""

from __future__ import annotations

import pytest

from tests.parties import Headers

from .conftest import once
from .people import Person

#: What the browsers of today and of yesterday send with a form of another page.
ELSEWHERE: list[Headers] = [
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://evil.example", "Sec-Fetch-Site": None},
    {"Origin": "https://evil.harbour.example", "Sec-Fetch-Site": "same-site"},
    {"Origin": "https://harbour.example.evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "https://harbour.example:8443", "Sec-Fetch-Site": "same-site"},
    {"Origin": "http://harbour.example", "Sec-Fetch-Site": "cross-site"},
    # From a sandboxed frame, a file or a redirect.
    {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "null", "Sec-Fetch-Site": None},
    {"Origin": "", "Sec-Fetch-Site": "cross-site"},
    {"Origin": None, "Sec-Fetch-Site": "cross-site"},
    {"Origin": None, "Sec-Fetch-Site": "none"},
    {"Origin": None, "Sec-Fetch-Site": None},
]


@once
def test_no_form_of_another_site_is_taken(
    victim: Person, attacker: Person, subtests: pytest.Subtests
) -> None:
    for headers in ELSEWHERE:
        with subtests.test(**headers):
            assert_refused(victim, attacker, headers)


def assert_refused(victim: Person, attacker: Person, headers: Headers) -> None:
    """See that none of the forms is taken with these headers."""
    attacker.browser.start()
    path = f"/qrlogin/s/{attacker.browser.token}"
    for action in ("scan", "approve"):
        assert victim.phone.post(f"{path}/{action}", form={}, headers=headers).status == 403
    assert attacker.browser.look()["state"] == "pending"

    # Also where the attacker knows what the page of the victim holds.
    victim.phone.open(attacker.browser.token)
    victim.phone.tap("scan")
    form = victim.phone.page.form("/approve")
    fields = form.fields | {"number": attacker.browser.number() or ""}
    for action in ("scan", "approve", "deny"):
        assert victim.phone.post(f"{path}/{action}", form=fields, headers=headers).status == 403
    assert attacker.browser.look()["state"] == "scanned"

    # On the computer: the attacker's request, and the victim's own.
    victim.browser.start()
    for path in ("/qrlogin/requests", victim.browser.links["poll"], victim.browser.links["cancel"]):
        assert victim.browser.post(path, form={"since": "9"}, headers=headers).status == 403
        assert (
            victim.browser.post(path, json={"since": 9}, headers=headers).code == "origin_refused"
        )
    assert victim.browser.look()["state"] == "pending"


@once
def test_cookies_do_not_open_the_api_of_the_app(victim: Person, attacker: Person) -> None:
    """No cookie counts there, and no page of another site can send what does."""
    attacker.browser.start()
    body = {"token": attacker.browser.token}
    headers: Headers
    for headers in (
        {"Authorization": None},
        {"Authorization": "Basic YW5uOmhhcmJvdXItZGVtbw=="},
        {"Authorization": "Bearer"},
    ):
        answer = victim.phone.post("/qrlogin/api/scan", json=body, headers=headers)
        assert (answer.status, answer.code) == (401, "login_required")
    # A form, or JSON that says that it is text: all that another site can send unasked.
    answer = victim.phone.post(
        "/qrlogin/api/scan", form=body, headers={"Accept": "application/json"}
    )
    assert (answer.status, answer.code) == (415, "unsupported_media_type")
    answer = victim.phone.post(
        "/qrlogin/api/scan", json=body, headers={"Content-Type": "text/plain"}
    )
    assert (answer.status, answer.code) == (415, "unsupported_media_type")
    assert attacker.browser.look()["state"] == "pending"


@once
def test_a_bearer_token_goes_before_a_planted_cookie(victim: Person, attacker: Person) -> None:
    """Else an attacker who plants a session cookie would have the app approve as somebody else."""
    attacker.browser.start()
    attacker.app.cookies = dict(victim.phone.cookies)
    attacker.app.scan(attacker.browser.token)
    assert attacker.browser.look()["profile"]["name"] == "Chidi Okafor"
