"""What the panel shows and does besides the way that goes well."""

from __future__ import annotations

import json
import typing as t

from playwright.sync_api import expect
from playwright.sync_api import Page
from playwright.sync_api import Route

from . import steps
from .conftest import NewContext
from .conftest import PHONE

SET_HIDDEN = """hidden => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
#: Collects the names of the panel's events.
COLLECT = """() => {
    window.seen = [];
    for (const state of ["starting", "pending", "scanned", "approved", "redeemed", "denied",
                         "cancelled", "expired", "used", "idle", "offline", "error", "refused"]) {
        document.addEventListener(`qr-login-${state}`, () => window.seen.push(state));
    }
}"""


def hold_no_polls(page: Page) -> None:
    """Let the server answer the polls of a page at once."""

    def without_wait(route: Route) -> None:
        body = json.loads(route.request.post_data or "{}")
        route.continue_(post_data=json.dumps(body | {"wait": 0}))

    page.route("**/poll", without_wait)


def seen(page: Page) -> list[str]:
    return t.cast(list[str], page.evaluate("window.seen"))


def answer(page: Page, part: str, status: int, code: str, **headers: str) -> None:
    """Let the server answer a kind of request with a problem, until it is unrouted."""
    problem = {"title": f"Title of {code}", "status": status, "code": code, "detail": "Detail."}

    def fulfill(route: Route) -> None:
        route.fulfill(
            status=status,
            content_type="application/problem+json",
            body=json.dumps(problem),
            headers=headers,
        )

    page.route(f"**/qrlogin/{part}", fulfill)


def test_a_person_sees_code_steps_time_and_site_and_the_code_is_large(page: Page) -> None:
    steps.show_code(page)
    panel = page.locator("qr-login")
    expect(panel.get_by_role("listitem")).to_have_count(3)
    expect(panel.get_by_role("timer").first).to_have_text("5:00")
    expect(panel).to_contain_text("Harbour")
    box = panel.get_by_role("img", name="QR code").bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 240


def test_a_code_renews_itself_and_after_the_last_round_asks_for_a_click(
    new_context: NewContext, hasty_server: str
) -> None:
    page = new_context(base_url=hasty_server).new_page()
    started = []
    page.on("request", lambda r: started.append(r.url) if r.url.endswith("/requests") else None)
    steps.show_code(page)
    steps.expect_shown(page, "idle")
    assert len(started) == 2
    page.get_by_role("button", name="Show a code").click()
    steps.expect_shown(page, "pending")
    assert len(started) == 3


def test_a_scanned_code_that_runs_out_asks_for_a_click(
    new_context: NewContext, hasty_server: str
) -> None:
    phone = new_context(base_url=hasty_server, **PHONE).new_page()
    phone.goto("/login")
    steps.log_in(phone)
    page = new_context(base_url=hasty_server).new_page()
    steps.show_code(page)
    steps.scan(phone, steps.read_code(page))
    steps.expect_shown(page, "expired")
    phone.reload()
    expect(phone.get_by_role("heading", name="expired")).to_be_visible()


def test_a_hidden_tab_does_not_poll_and_goes_on_at_once_when_it_is_seen(
    new_context: NewContext, hasty_server: str
) -> None:
    page = new_context(base_url=hasty_server).new_page()
    steps.show_code(page)
    page.evaluate(SET_HIDDEN, True)
    polls: list[str] = []
    page.on("request", lambda request: polls.append(request.url))
    # Longer than both codes would have lived: another page shows that time has passed.
    other = new_context(base_url=hasty_server).new_page()
    steps.show_code(other)
    steps.expect_shown(other, "idle")
    assert len(polls) <= 1
    with page.expect_response("**/poll"):
        page.evaluate(SET_HIDDEN, False)
    steps.expect_shown(page, "pending")


def test_a_scanned_code_is_polled_in_a_hidden_tab_too(page: Page, phone: Page) -> None:
    steps.show_code(page)
    steps.scan(phone, steps.read_code(page))
    steps.expect_shown(page, "scanned")
    page.evaluate(SET_HIDDEN, True)
    steps.approve(phone, page)
    page.wait_for_url(steps.HOME)


def test_without_a_network_the_panel_says_so_and_recovers(page: Page) -> None:
    steps.show_code(page)
    page.context.set_offline(True)
    steps.expect_shown(page, "offline")
    page.context.set_offline(False)
    steps.expect_shown(page, "pending")


def test_a_server_in_trouble_is_tried_again(page: Page) -> None:
    answer(page, "requests", 503, "store_unavailable", **{"Retry-After": "60"})
    page.goto("/login")
    steps.expect_shown(page, "error")
    page.unroute("**/qrlogin/requests")
    page.get_by_role("button", name="Try now").click()
    steps.expect_shown(page, "pending")


def test_a_browser_that_gets_no_code_is_told_why(page: Page) -> None:
    answer(page, "requests", 403, "not_allowed")
    page.goto("/login")
    steps.expect_shown(page, "refused")
    expect(page.get_by_role("heading", name="Title of not_allowed")).to_be_visible()
    expect(page.get_by_text("Detail.", exact=True)).to_be_visible()
    page.unroute("**/qrlogin/requests")
    page.get_by_role("button", name="Try again").click()
    steps.expect_shown(page, "pending")


def test_after_an_end_the_panel_asks_no_more(page: Page, phone: Page) -> None:
    steps.show_code(page)
    steps.scan(phone, steps.read_code(page))
    phone.get_by_role("button", name="Deny").click()
    steps.expect_shown(page, "denied")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    # Another page, whose polls are not held, asks twice meanwhile.
    other = page.context.new_page()
    hold_no_polls(other)
    steps.show_code(other)
    for _ in range(2):
        with other.expect_response("**/poll"):
            pass
    assert asked == []


def test_starting_over_too_late_does_not_hide_that_somebody_is_logged_in(
    page: Page, phone: Page
) -> None:
    steps.show_code(page)
    steps.scan(phone, steps.read_code(page))
    steps.expect_shown(page, "scanned")
    # As it is when the answer that logs in has come, and has taken the cookie away.
    answer(page, "requests/*/cancel", 404, "request_not_found")
    page.get_by_role("button", name="This is not me, start over").click()
    steps.expect_shown(page, "used")


def test_one_lost_poll_is_noticed_by_nobody(page: Page) -> None:
    lost: list[Route] = []

    def lose_first(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route)
            route.abort()

    page.route("**/poll", lose_first)
    page.add_init_script(f"({COLLECT})()")
    steps.show_code(page)
    with page.expect_response("**/poll"):
        pass
    assert lost
    assert "offline" not in seen(page)


def test_each_state_is_an_event_and_the_last_can_keep_the_page(page: Page, phone: Page) -> None:
    page.add_init_script(f"({COLLECT})()")
    steps.show_code(page)
    page.evaluate("document.addEventListener('qr-login-redeemed', event => event.preventDefault())")
    steps.scan(phone, steps.read_code(page))
    steps.expect_shown(page, "scanned")
    steps.approve(phone, page)
    steps.expect_shown(page, "redeemed")
    assert page.url.endswith("/login")
    assert [state for state in seen(page) if state != "approved"] == [
        "starting",
        "pending",
        "scanned",
        "redeemed",
    ]


def test_changes_are_told_to_screen_readers(page: Page, phone: Page) -> None:
    steps.show_code(page)
    status = page.locator("qr-login [role=status]")
    expect(status).to_contain_text("Log in with your phone")
    steps.scan(phone, steps.read_code(page))
    expect(status).to_contain_text("Confirm on your phone")
    number = f"Your phone asks for this number {steps.number_on(page)}"
    expect(status).to_contain_text(number, use_inner_text=True)


def test_a_page_that_the_panel_is_taken_from_stops_polling(page: Page) -> None:
    steps.show_code(page)
    page.evaluate("document.querySelector('qr-login').remove()")
    polls: list[str] = []
    page.on("request", lambda request: polls.append(request.url))
    other = page.context.new_page()
    hold_no_polls(other)
    steps.show_code(other)
    with other.expect_response("**/poll"):
        pass
    assert [url for url in polls if url.endswith("/poll")] == []


def test_a_name_that_was_typed_on_the_page_keeps_others_from_scanning(
    page: Page, phone: Page
) -> None:
    steps.show_code(page)
    with page.expect_response("**/requests"):
        page.evaluate(
            """() => {
                const panel = document.querySelector("qr-login");
                panel.setAttribute("login-hint", "chidi");
                panel.start();
            }"""
        )
    steps.expect_shown(page, "pending")
    steps.scan(phone, steps.read_code(page))
    expect(phone.get_by_text("asked for a login of another account")).to_be_visible()
    steps.expect_shown(page, "pending")
