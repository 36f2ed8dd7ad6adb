"""The prefetched link.

The attacker mails the victim the link that is in a code, puts it into a page as a picture or a
prefetch, or prints it on a sticker: mail scanners, link previews and the victim's own browser open
it, logged in as the victim. It fails: opening a link writes nothing. Only a tap on the page that
says who is asking counts as a scan, and no proof of having opened a fresh code is given to a
prefetch or a picture.
"""

from __future__ import annotations

from tests.parties import Headers

from .people import Person
from .site import Site

#: What browsers and others say when nobody looks.
UNSEEN: list[Headers] = [
    {"Sec-Purpose": "prefetch", "Sec-Fetch-Dest": "document"},
    {"Sec-Purpose": "prefetch;prerender", "Sec-Fetch-Dest": "document"},
    {"Purpose": "prefetch"},
    {"Sec-Fetch-Dest": "image", "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Dest": "empty", "Sec-Fetch-Mode": "no-cors"},
    {"Sec-Fetch-Dest": "iframe"},
]


def test_opening_a_link_writes_nothing(victim: Person, attacker: Person) -> None:
    attacker.browser.start()
    path = f"/qrlogin/s/{attacker.browser.token}"
    seen_page: Headers = {"Sec-Fetch-Dest": "document", "Sec-Fetch-User": "?1"}
    for headers in [{}, seen_page, *UNSEEN]:
        for method in ("GET", "HEAD"):
            for end in ("", "/scan", "/approve", "/deny", "/approve?number=10&confirm_token=x"):
                answer = victim.phone.send(method, path + end, None, headers)
                assert answer.status == (303 if end else 200)
    assert victim.app.send("GET", "/qrlogin/api/approve", None, {}).status == 405
    seen = attacker.browser.look()
    assert (seen["state"], seen["version"]) == ("pending", 1)
    assert "profile" not in seen


def test_what_nobody_has_looked_at_leaves_no_proof(
    site: Site, victim: Person, attacker: Person
) -> None:
    attacker.browser.start()
    for headers in UNSEEN:
        victim.phone.open(attacker.browser.token, headers=headers)
    victim.phone.send("HEAD", f"/qrlogin/s/{attacker.browser.token}", None, {})
    assert "__Host-qrlogin-opened" not in victim.phone.cookies
    with site.later(61):
        assert victim.phone.open(attacker.browser.token).status == 410
        assert victim.phone.post(f"/qrlogin/s/{attacker.browser.token}/scan", form={}).status == 410
    assert attacker.browser.look()["state"] == "pending"


def test_looking_at_ones_own_pages_changes_nothing_either(victim: Person) -> None:
    victim.browser.start()
    victim.app.scan(victim.browser.token)
    victim.app.approve(victim.browser.number())
    version = victim.browser.look()["version"]
    for path in ("self", "poll", "cancel", "qr_svg"):
        for method in ("GET", "HEAD"):
            victim.browser.send(method, victim.browser.links[path], None, UNSEEN[0])
    assert victim.browser.look()["version"] == version
    assert victim.browser.who() is None
