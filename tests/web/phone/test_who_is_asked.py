"""Rule 14: the app API asks the bearer token who it is, and never the cookie."""

from __future__ import annotations

import base64
import typing as t

import flask
import flask_login

from tests.web.conftest import MakeHost
from tests.web.host import db
from tests.web.host import Host
from tests.web.host import User
from tests.web.parties import Browser
from tests.web.parties import problem


def test_the_token_is_asked_not_the_session(host: Host, browser: Browser) -> None:
    app = host.native_app("ben")
    app.log_in("anna")
    app.scan(browser.token)
    assert host.row()["scanner_name"] == "Ben Cole"
    assert app.decide("approve").status_code == 200
    assert app.who() == "anna"


def test_a_session_alone_is_nobody(host: Host, browser: Browser) -> None:
    app = host.native_app()
    app.log_in("anna")
    app.post_headers = {"Origin": "http://localhost"}
    answer = app.scan(browser.token)
    assert problem(answer) == (401, "login_required")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert host.row()["state"] == "pending"


def test_the_token_is_asked_not_a_remember_cookie(host: Host, browser: Browser) -> None:
    app = host.native_app("ben")
    app.log_in("anna", remember=True)
    app.jar.delete_cookie("session")
    app.scan(browser.token)
    assert host.row()["scanner_name"] == "Ben Cole"


def test_a_remember_cookie_alone_is_nobody(host: Host, browser: Browser) -> None:
    app = host.native_app()
    app.log_in("anna", remember=True)
    app.jar.delete_cookie("session")
    app.post_headers = {}
    assert problem(app.scan(browser.token)) == (401, "login_required")


def test_what_browsers_send_by_themselves_is_nobody(host: Host, browser: Browser) -> None:
    app = host.native_app()
    host.qrlogin.app_user_loader(lambda request: db.session.get(User, 470011))
    password = base64.b64encode(b"anna:password").decode()
    for header in (f"Basic {password}", f"basic {password}", "BASIC", "Basic", ""):
        app.post_headers = {"Authorization": header}
        assert problem(app.scan(browser.token)) == (401, "login_required")
    assert host.row()["state"] == "pending"


def test_a_token_in_the_query_is_nobody(host: Host, browser: Browser) -> None:
    def by_query(request: flask.Request) -> User | None:
        id = request.args.get("user") or request.cookies.get("user")
        return db.session.get(User, int(id)) if id else None

    host.qrlogin.app_user_loader(by_query)
    app = host.native_app()
    app.keep_cookie("user", "470011")
    answer = app.post("/qrlogin/api/scan?user=470011", {"token": browser.token})
    assert problem(answer) == (401, "login_required")


def test_the_loader_sees_neither_cookies_nor_query(host: Host, browser: Browser) -> None:
    app = host.native_app()
    app.log_in("ben")
    app.post("/qrlogin/api/scan?access_token=1", {"token": browser.token}, X_Device="Pixel of Anna")
    seen = host.seen_by_loader[-1]
    assert not seen.cookies
    assert not seen.args
    assert "Cookie" not in seen.headers
    assert "access_token" not in seen.url
    assert seen.headers["X-Device"] == "Pixel of Anna"
    assert (seen.path, seen.method) == ("/qrlogin/api/scan", "POST")


def test_the_loader_may_read_the_body(host: Host, browser: Browser) -> None:
    bodies: list[t.Any] = []

    def load(request: flask.Request) -> User | None:
        bodies.append((request.get_json(), request.get_data()))
        return db.session.get(User, 470011)

    host.qrlogin.app_user_loader(load)
    app = host.native_app()
    assert app.scan(browser.token).status_code == 200
    assert bodies[0][0] == {"token": browser.token}
    assert browser.token.encode() in bodies[0][1]


def test_the_hook_goes_before_the_hosts_loader(host: Host, browser: Browser) -> None:
    host.qrlogin.app_user_loader(lambda request: db.session.get(User, 470012))
    host.native_app("anna").scan(browser.token)
    assert host.row()["scanner_name"] == "Ben Cole"
    assert host.seen_by_loader == []


def test_the_unknown_inactive_and_anonymous_are_nobody(host: Host, browser: Browser) -> None:
    assert problem(host.native_app("nemo").scan(browser.token)) == (401, "login_required")
    host.change_user("anna", active=False)
    assert problem(host.native_app("anna").scan(browser.token)) == (401, "login_required")
    host.qrlogin.app_user_loader(lambda request: flask_login.AnonymousUserMixin())
    assert problem(host.native_app("ben").scan(browser.token)) == (401, "login_required")


def test_nobody_is_asked_where_logins_are_disabled(make_host: MakeHost) -> None:
    host = make_host(LOGIN_DISABLED=True)
    browser = host.browser()
    browser.start()
    assert problem(host.native_app("nemo").scan(browser.token)) == (401, "login_required")


def test_an_app_without_a_loader_is_told_so(host: Host, browser: Browser) -> None:
    host.login_manager.request_loader(None)
    answer = host.native_app().scan(browser.token)
    assert problem(answer) == (401, "login_required")
    assert "request_loader" in answer.text
