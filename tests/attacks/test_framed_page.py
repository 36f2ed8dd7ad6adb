"""The framed page.

The victim is logged in on the phone. The attacker's page shows something harmless, with the page
that approves in an invisible frame over it, so that a tap on "Play" falls on Approve. It fails: no
page of the site can be in a frame. Tried with a real browser, and a page from which it would send
the victim's cookies: another port of the same host.
"""

from __future__ import annotations

import concurrent.futures
import threading
import typing as t

import werkzeug.serving
from playwright.sync_api import Browser
from playwright.sync_api import Error
from playwright.sync_api import Playwright
from playwright.sync_api import sync_playwright

from tests.chromium import FLAGS
from tests.parties import Answer
from tests.programs import CHROMIUM
from tests.programs import do_without
from tests.programs import find_browser

from .conftest import once
from .people import Person

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse
    from _typeshed.wsgi import WSGIEnvironment

pytestmark = once


def assert_not_framable(answer: Answer) -> None:
    policies = answer.headers.get_all("Content-Security-Policy", ())
    # Beside the policy of the example, which says so too.
    assert "frame-ancestors 'none'" in policies
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_every_page_says_so(victim: Person, attacker: Person) -> None:
    attacker.browser.start()
    token = attacker.browser.token
    assert_not_framable(victim.phone.open(token))
    victim.phone.tap("scan")
    assert_not_framable(victim.phone.page)
    # Those of a refusal too, and of the browser.
    assert_not_framable(attacker.phone.open(token))
    assert_not_framable(attacker.phone.open("A" * 38))
    assert_not_framable(attacker.browser.get("/qrlogin/"))
    assert_not_framable(attacker.browser.get(attacker.browser.links["self"]))
    assert_not_framable(attacker.browser.get("/qrlogin/requests/" + "0" * 32))
    victim.phone.tap("deny")
    assert_not_framable(victim.phone.page)


def test_a_browser_does_not_show_it(victim: Person, attacker: Person) -> None:
    attacker.browser.start()
    # The app answers at its loopback address too, without the proxy and HTTPS.
    url = f"http://127.0.0.1:{victim.site.port}/qrlogin/s/{attacker.browser.token}"
    session = victim.phone.cookies["harbour"]
    # Playwright's loop is its thread's, and the other tests have one in ours.
    with concurrent.futures.ThreadPoolExecutor(1) as executor:
        alone, framed = executor.submit(_look, url, session).result(60)
    assert "Continue as <bdi>Ann Walker</bdi>" in alone
    assert "Ann Walker" not in framed


def _look(url: str, session: str) -> tuple[str, str]:
    """Return what a browser shows of a page by itself, and in the attacker's frame."""

    def frame(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/html")])
        return [f"<iframe src='{url}'></iframe>".encode()]

    evil = werkzeug.serving.make_server("127.0.0.1", 0, frame)
    thread = threading.Thread(target=evil.serve_forever, args=[0.01])
    thread.start()
    try:
        with sync_playwright() as playwright:
            page = _launch(playwright).new_page()
            page.context.add_cookies([{"name": "harbour", "value": session, "url": url}])
            page.goto(url)
            alone = page.content()
            page.goto(f"http://127.0.0.1:{evil.server_port}")
            return alone, page.frames[1].content()
    finally:
        evil.shutdown()
        thread.join()
        evil.server_close()


def _launch(playwright: Playwright) -> Browser:
    try:
        return playwright.chromium.launch(executable_path=find_browser(), args=FLAGS)
    except Error as error:
        do_without(f"{CHROMIUM.advice}\n{error.message}")
