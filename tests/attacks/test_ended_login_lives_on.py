"""The ended login that lives on.

The attacker is logged in as the victim in a browser: by a trick, or at a computer that the victim
has left. Flask keeps sessions in the browser's cookie, so the attacker keeps every cookie that they
were given. The victim ends the login, or logs out there. The attacker puts an old cookie back, has
a slow answer come late that sets one from before, and asks for pages with several at once. It
fails: each login by QR code is a row, and each request with its cookie looks whether the row lives.
"""

from __future__ import annotations

import concurrent.futures

import pytest

from .people import Browser
from .people import Person
from .site import Site


def devices_of(person: Person) -> list[dict[str, object]]:
    """Ask the app for the list of the person's logins."""
    answer = person.app.get("/qrlogin/api/devices")
    assert answer.status == 200, answer.text
    found: list[dict[str, object]] = answer.json["devices"]
    return found


def end(person: Person, browser: Browser) -> None:
    """End a login from the person's app."""
    answer = person.app.post(f"/qrlogin/api/devices/{browser.id}/end", json={})
    assert answer.status == 200, answer.text


def assert_out(browser: Browser, kept: list[str]) -> None:
    """See that no cookie that it ever had logs in, on any page."""
    for cookie in kept:
        browser.cookies = {"harbour": cookie}
        assert browser.who() is None
        browser.cookies = {"harbour": cookie}
        assert browser.get("/qrlogin/devices").status == 302
        browser.cookies = {"harbour": cookie}
        assert browser.post("/qrlogin/devices/end-others", form={}).status in (303, 401)


def test_old_cookies_of_an_ended_login_are_worth_nothing(victim: Person, attacker: Person) -> None:
    browser = attacker.browser
    victim.link(browser, remember=True)
    kept = [browser.cookies["harbour"]]
    for path in ("/", "/login", "/qrlogin/devices"):
        browser.get(path)
        kept.append(browser.cookies["harbour"])
    assert browser.who() == "ann"
    assert browser.id in [device["id"] for device in devices_of(victim)]
    end(victim, browser)
    assert browser.who() is None
    assert_out(browser, kept)
    assert browser.id not in [device["id"] for device in devices_of(victim)]


def test_a_late_answer_does_not_bring_it_back(victim: Person, attacker: Person) -> None:
    """Many requests are under way while the login is ended; some answers come after that."""
    browser = attacker.browser
    victim.link(browser)

    def ask(number: int) -> str:
        copy = attacker.new_browser()
        copy.cookies = dict(browser.cookies)
        copy.get(("/", "/login", "/qrlogin/devices")[number % 3])
        return copy.cookies.get("harbour", "")

    with concurrent.futures.ThreadPoolExecutor(6) as executor:
        late = [executor.submit(ask, number) for number in range(30)]
        end(victim, browser)
    kept = {browser.cookies["harbour"], *(each.result() for each in late)} - {""}
    assert_out(browser, sorted(kept))


def test_a_logout_ends_what_was_copied_before(victim: Person, attacker: Person) -> None:
    """The victim logs out at a shared computer; the attacker has copied the cookie."""
    victim.link(victim.browser)
    kept = victim.browser.cookies["harbour"]
    other = victim.new_browser()
    victim.link(other)
    victim.browser.log_out()
    assert_out(attacker.browser, [kept])
    # That one, and no other.
    assert other.who() == "ann"


def test_a_login_by_another_way_ends_it_too(victim: Person, attacker: Person) -> None:
    victim.link(victim.browser)
    kept = victim.browser.cookies["harbour"]
    victim.browser.cookies.pop("harbour")
    victim.browser.cookies["harbour"] = kept
    # The login page leads on whoever is logged in; so its form comes from another browser.
    fresh = victim.new_browser()
    form = fresh.get("/login").form("/login")
    victim.browser.cookies = {"harbour": kept}
    fields = form.fields | {"username": "ann", "password": "harbour-demo"}
    answer = victim.browser.post("/login", form=fields)
    if answer.status == 303:
        assert_out(attacker.browser, [kept])


def test_ended_for_one_is_ended_on_all_processes(victim: Person, attacker: Person) -> None:
    browser = attacker.browser
    victim.link(browser)
    cookies = dict(browser.cookies)
    for _ in range(4):
        assert browser.who() == "ann"
    end(victim, browser)
    # Several times, to come to both.
    for _ in range(10):
        browser.cookies = dict(cookies)
        assert browser.who() is None


def test_nobody_ends_or_sees_the_logins_of_another(victim: Person, attacker: Person) -> None:
    victim.link(victim.browser)
    assert victim.browser.id not in [device["id"] for device in devices_of(attacker)]
    unknown = "0" * 32
    told = []
    for id in (victim.browser.id, unknown):
        for action in ("end", "rename"):
            answer = attacker.app.post(f"/qrlogin/api/devices/{id}/{action}", json={"name": "x"})
            told.append((answer.status, answer.code))
            form = {"name": "x"}
            assert attacker.phone.post(f"/qrlogin/devices/{id}/{action}", form=form).status == 404
    assert set(told) == {(404, "device_not_found")}
    attacker.app.post("/qrlogin/api/devices/end-others", json={"keep": victim.browser.id})
    assert victim.browser.who() == "ann"


@pytest.mark.parametrize("days", [31])
def test_it_ends_by_itself(site: Site, victim: Person, attacker: Person, days: int) -> None:
    victim.link(attacker.browser, remember=True)
    kept = attacker.browser.cookies["harbour"]
    with site.later(days * 86400):
        assert_out(attacker.browser, [kept])


def approve(victim: Person, browser: Browser) -> None:
    """Let the victim approve on the phone's web page."""
    victim.phone.open(browser.token)
    victim.phone.tap("scan")
    number = browser.number()
    victim.phone.tap("approve", **({"number": number} if number else {}))


def test_this_wasnt_me_counts_while_it_is_redeemed(victim: Person, attacker: Person) -> None:
    """The attacker's browser picks the login up in the moment in which the victim ends it."""
    with concurrent.futures.ThreadPoolExecutor(2) as executor:
        for _ in range(10):
            browser = attacker.new_browser()
            browser.start()
            approve(victim, browser)
            path, since = f"/qrlogin/s/{browser.token}/not-me", browser.look()["version"]
            said = executor.submit(victim.phone.post, path, form={})
            polled = executor.submit(browser.poll, since=since)
            assert said.result().status == 303
            polled.result()
            assert browser.who() is None


def test_the_way_out_is_there_though_the_attacker_has_logged_out(
    victim: Person, attacker: Person
) -> None:
    """Else the attacker's browser would stay one that the victim is known to use."""
    attacker.browser.start()
    approve(victim, attacker.browser)
    attacker.browser.poll(since=9)
    attacker.browser.log_out()
    assert "/not-me" in victim.phone.open(attacker.browser.token).text
    assert "/not-me" in victim.phone.get("/qrlogin/devices").text


@pytest.mark.parametrize("state", ["scanned", "approved"])
def test_ending_all_others_ends_what_is_under_way(
    victim: Person, attacker: Person, state: str
) -> None:
    """The attacker waits with the poll until the list, in which it is not yet, was cleared."""
    attacker.browser.start()
    if state == "approved":
        approve(victim, attacker.browser)
    else:
        victim.app.scan(attacker.browser.token)
    victim.phone.post("/qrlogin/devices/end-others", form={})
    assert attacker.browser.poll(since=9).json["state"] == "denied"
