"""Rule 10: one QRLogin serves several apps, each with its own settings and database."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from flask_qrlogin import ConfigurationError
from flask_qrlogin import QRLogin
from flask_qrlogin import signals
from flask_qrlogin.stores import host_database
from flask_qrlogin.stores.memory import MemoryStore
from flask_qrlogin.testing import Clock

from .conftest import MakeHost
from .host import db
from .host import Host
from .parties import problem


@pytest.fixture
def hosts(make_host: MakeHost) -> tuple[Host, Host]:
    clock = Clock()
    qrlogin = QRLogin(clock=clock)
    return (
        make_host(qrlogin=qrlogin, clock=clock, QRLOGIN_REDIRECT="/one"),
        make_host(
            qrlogin=qrlogin,
            clock=clock,
            QRLOGIN_REDIRECT="/two",
            QRLOGIN_URL_PREFIX="/other",
            QRLOGIN_REQUEST_LIFETIME=60,
            SECRET_KEY="another key",
        ),
    )


def test_each_has_its_settings(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    assert one.browser().start()["expires_in"] == 300
    assert two.browser().start(prefix="/other")["expires_in"] == 60
    assert two.browser().get("/qrlogin/").status_code == 404


def test_each_has_its_database_and_logins(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    browser = one.browser()
    assert one.log_in_by_qr(browser)["location"] == "/one"
    assert len(one.rows()) == 1
    assert two.rows() == []


def test_the_code_of_one_is_none_of_the_other(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    browser = one.browser()
    browser.start()
    app = two.native_app()
    assert problem(app.post("/other/api/scan", {"token": browser.token})) == (400, "token_invalid")


def test_the_cookie_of_one_is_of_no_use_at_the_other(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    browser = one.browser()
    id = browser.start()["id"]
    stranger = two.browser()
    for name, value in browser.cookies().items():
        stranger.keep_cookie(name, value)
    answer = stranger.post(f"/other/requests/{id}/poll", {"since": 1})
    assert problem(answer) == (404, "request_not_found")


def test_a_request_of_one_does_not_log_in_at_the_other_that_shares_its_store(
    make_host: MakeHost,
) -> None:
    # A shop and its back office in one database: number 470011 is a customer there, a clerk here.
    store = MemoryStore()
    shop = make_host(store=store, SECRET_KEY="of the shop")
    office = make_host(store=store, SECRET_KEY="of the office")
    customer, app = shop.browser(), shop.native_app("anna")
    customer.start()
    app.scan(customer.token)
    app.decide("approve")
    thief = office.browser()
    for name, value in customer.cookies().items():
        thief.keep_cookie(name, value)
    thief.request = customer.request
    assert problem(thief.try_poll(since=3)) == (404, "request_not_found")
    assert thief.who() == "nobody"
    assert customer.poll(since=3)["state"] == "redeemed"


def test_hooks_hold_for_both_also_when_they_come_late(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    one.browser().start()
    one.qrlogin.may_start(lambda request: "Closed.")
    for host, prefix in ((one, "/qrlogin"), (two, "/other")):
        answer = host.browser().post(f"{prefix}/requests")
        assert problem(answer) == (403, "not_allowed")


def test_signals_name_the_app_that_sent_them(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    heard: list[object] = []

    def hear(sender: object, **extra: object) -> None:
        heard.append(sender)

    with signals.login_started.connected_to(hear, two.app):
        one.browser().start()
        two.browser().start(prefix="/other")
    assert heard == [two.app]


def test_nothing_of_an_app_is_kept_on_the_extension(hosts: tuple[Host, Host]) -> None:
    one, two = hosts
    one.browser().start()
    kept = [*vars(one.qrlogin).values()]
    for host in (one, two):
        assert host.app not in kept
        assert host.state not in kept
        assert host.state.settings not in kept
    assert one.state is not two.state


def test_a_database_of_many_apps_has_one_listener_of_ours(
    make_host: MakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[object] = []
    monkeypatch.setattr(host_database, "_note_connection", lambda *of: noted.append(of))
    for _ in range(3):
        host = make_host()
    noted.clear()
    with host.app.app_context():
        db.session.execute(sa.text("SELECT 1"))
    assert len(noted) == 1


def test_a_second_registration_is_refused(host: Host) -> None:
    with pytest.raises(ConfigurationError, match="already been registered"):
        QRLogin(host.app)
