"""A Flask-Login with other keys in the session: what is known of them is not needed."""

from __future__ import annotations

import collections.abc as c
import inspect
import types

import flask_login.config
import pytest

from flask_qrlogin.core import errors
from flask_qrlogin.stores.sql_devices import SQLDeviceStore
from flask_qrlogin.web import session_keys

from .conftest import MakeHost
from .devices.test_session import TestADevice as TestADevice
from .devices.test_session import TestASecondStep as TestASecondStep
from .devices.test_session import TestTheEnd as TestTheEnd
from .host import Host
from .test_host_session import TestRememberCookie as TestRememberCookie
from .test_session_untouched import refresh_and_look_before
from .test_session_untouched import test_whoever_is_remembered as test_whoever_is_remembered

# Most are tests of other files, run again.
pytestmark = pytest.mark.full
OTHER = {"_user_id": "_uid", "_fresh": "_new", "_id": "_browser", "_remember": "_stay"}


@pytest.fixture(autouse=True)
def other_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let all functions of Flask-Login's use other keys."""
    for function in _functions(flask_login.utils, flask_login.LoginManager):
        code = function.__code__
        constants = tuple(OTHER.get(each, each) for each in code.co_consts)
        monkeypatch.setattr(function, "__code__", code.replace(co_consts=constants))
    keys = {OTHER.get(key, key) for key in flask_login.config.SESSION_KEYS}
    monkeypatch.setattr(flask_login.config, "SESSION_KEYS", keys)
    monkeypatch.setattr(flask_login.login_manager, "SESSION_KEYS", keys)
    assert not session_keys.are_known()


def _functions(*places: object) -> c.Iterator[types.FunctionType]:
    for place in places:
        yield from (each for _, each in inspect.getmembers(place, inspect.isfunction))


def test_a_login_is_in_them(host: Host) -> None:
    browser = host.browser()
    host.log_in_by_qr(browser)
    assert browser.who() == "anna"
    session = browser.session()
    assert session["_uid"] == "470011"
    assert not {*OTHER} & {*session}


def test_the_session_of_another_person_is_cleared(host: Host) -> None:
    browser = host.browser()
    browser.log_in("ben")
    with browser.jar.session_transaction() as session:
        session["basket"] = ["book"]
    host.log_in_by_qr(browser)
    assert browser.who() == "anna"
    assert "basket" not in browser.session()


def test_a_login_lasts_though_the_store_was_down_for_a_moment(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = host.browser()
    host.log_in_by_qr(browser)

    with monkeypatch.context() as patch:

        def fail_once(store: object, id: str) -> None:
            patch.undo()
            raise errors.StoreUnavailable

        patch.setattr(SQLDeviceStore, "get", fail_once)
        assert browser.get("/").status_code == 503
    assert browser.who() == "anna"


def test_a_phone_is_fresh_after_its_login(make_host: MakeHost) -> None:
    host = make_host(QRLOGIN_LOGIN_FRESH="phone")
    browser, phone = host.browser(), host.phone("anna")
    browser.start()
    phone.scan(browser.url)
    phone.tap("approve")
    assert browser.poll(since=2)["state"] == "redeemed"
    assert browser.session()["_new"] is True


def test_a_remember_cookie_is_not_refreshed_by_our_answers(make_host: MakeHost) -> None:
    host = make_host(prepare=refresh_and_look_before)
    browser = host.browser()
    browser.log_in("ben", remember=True)
    browser.start()
    assert "Set-Cookie" not in browser.try_poll().headers
