"""The panel in each engine: without a connection, and loaded again in each state."""

from __future__ import annotations

from tests.proxy import Proxy

from .window import Window


def test_without_a_connection_the_panel_says_so_and_goes_on_when_it_is_back(
    window: Window, phone: Window, server: str, cable: Proxy
) -> None:
    site = cable.url(server)
    window.show_code(f"{site}/login")
    cable.pull()
    window.expect_state("offline")
    window.expect("Check your network")
    cable.plug()
    window.click("Try now")
    window.expect_state("pending")
    phone.scan(window.read_code())
    number = window.number
    cable.pull()
    window.expect_state("offline")
    cable.plug()
    window.click("Try now")
    window.expect_state("scanned")
    phone.click(number)
    window.expect("Logged in as Ann Walker")


def test_loaded_again_in_each_state_the_panel_shows_a_code_that_works(
    window: Window, phone: Window, server: str, cable: Proxy
) -> None:
    site = cable.url(server)
    pending = window.show_code(f"{site}/login")
    window.reload()
    window.expect_state("pending")
    scanned = window.read_code()
    assert scanned != pending
    # Past the cable: the phone has a connection of its own.
    phone.scan(scanned.replace(site, server))
    window.expect_state("scanned")
    window.reload()
    window.expect_state("pending")

    phone.scan(window.read_code().replace(site, server))
    number = window.number
    cable.pull()
    phone.click(number)
    phone.expect("Take it back")
    cable.plug()
    window.reload()
    window.expect_state("pending")

    phone.scan(window.read_code().replace(site, server))
    window.expect_state("scanned")
    phone.click("Deny.*")
    window.expect_state("denied")
    window.reload()
    window.expect_state("pending")

    phone.scan(window.read_code().replace(site, server))
    phone.click(window.number)
    window.expect("Logged in as Ann Walker")
    window.reload()
    window.expect("Logged in as Ann Walker")


def test_loaded_again_after_the_time_ran_out_the_panel_shows_a_new_code(
    window: Window, phone: Window, hasty_server: str
) -> None:
    phone.open(f"{hasty_server}/login")
    phone.log_in()
    phone.expect("Logged in as")
    first = window.show_code(f"{hasty_server}/login")
    phone.open(first)
    phone.click("Continue as .*")
    window.expect_state("expired")
    phone.reload()
    phone.expect("The code has expired")
    window.reload()
    window.expect_state("pending")
    assert window.read_code() != first
    window.expect_state("idle")
    window.reload()
    window.expect_state("pending")
