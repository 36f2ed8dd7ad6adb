r"""The open redirect.

The attacker sends the victim a link to the site's own login page with a ``next`` that leads
elsewhere after the login, to a page that looks the same and asks for the password. It fails:
``next`` is one path of this site, however it is written: with ``//``, backslashes, control
characters that browsers drop, a user before the host, or all of that percent-encoded; and it may
not lead back to the login's own pages.
"""

from __future__ import annotations

from urllib.parse import quote

from .conftest import once
from .people import Person

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "////evil.example",
    "/\\evil.example/",
    "\\\\evil.example/",
    "\\/evil.example",
    "/\t/evil.example/",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/ /evil.example",
    "\x00//evil.example",
    "/\x0b/evil.example",
    "/\x85/evil.example",
    "https:evil.example",
    "https:/evil.example",
    "https:\\\\evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    "harbour.example@evil.example",
    "//harbour.example@evil.example/",
    "//harbour.example%40evil.example/",
    "evil.example",
    "@evil.example",
    ".evil.example",
    "?next=//evil.example",
    "/%2Fevil.example",
    "/%2fevil.example",
    "/%5Cevil.example",
    "%2F%2Fevil.example",
    "/%09/evil.example",
    "/%0d%0aLocation:%20//evil.example",
    "/..//evil.example",
    "/.//evil.example",
    "/%2e%2e//evil.example",
    "/qrlogin/s/" + "A" * 38,
    "/qrlogin",
    "/x/../qrlogin/",
    "/%71rlogin/",
    "/\ud800",
    "/" + "a" * 2001,
]


@once
def test_it_does_not_lead_elsewhere(victim: Person) -> None:
    taken = []
    for next in ELSEWHERE:
        answer = victim.browser.start(next=next)
        refused = (answer.status, answer.code) == (400, "bad_request")
        # The pages take no notice of it.
        query = quote(next.encode("utf-8", "surrogatepass"))
        page = victim.new_browser().get(f"/qrlogin/?next={query}")
        unnoticed = page.status == 200 and "evil.example" not in page.text
        # Somebody who is logged in already is led on at once.
        location = victim.phone.get(f"/qrlogin/?next={query}").location
        # Half a character arrives as three bytes, which make a path of the site.
        led_on = location == (query if next == "/\ud800" else "/")
        if not (refused and unnoticed and led_on):
            taken.append((next, location, answer.text, page.text))
    assert taken == []


def test_a_login_leads_to_a_page_of_the_site(victim: Person) -> None:
    for next in ("/", "/?q=//evil.example", "/welcome#https://evil.example", "/a%20b"):
        browser = victim.new_browser()
        browser.start(next=next)
        victim.app.scan(browser.token)
        victim.app.approve(browser.number())
        answer = browser.poll(since=browser.look()["version"]).json
        assert answer["location"] == next
