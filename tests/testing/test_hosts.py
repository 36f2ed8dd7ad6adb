"""A host tests its whole login by QR in five lines, whatever kind of host it is."""

from __future__ import annotations

import collections.abc as c
import pathlib

import flask
import flask_login
import flask_wtf
import pytest

from flask_qrlogin import QRLogin
from flask_qrlogin import State
from flask_qrlogin.testing import FakeApp
from flask_qrlogin.testing import FakeBrowser
from flask_qrlogin.testing import FakePhone
from tests.smoke import readme_app

from .factory import add_user
from .factory import create_app


def readme() -> flask.Flask:
    names = readme_app()
    with names["app"].app_context():
        names["db"].session.add(names["User"](id=1, name="Ann"))
        names["db"].session.commit()
    app: flask.Flask = names["app"]
    return app


def made(**config: object) -> c.Callable[[], flask.Flask]:
    """Return what makes an app with a user whose id is 1."""

    def make() -> flask.Flask:
        app = create_app(**config)
        add_user(app)
        return app

    return make


def with_csrf_protect() -> flask.Flask:
    app = made(QRLOGIN_BASE_URL="https://example.org")()
    flask_wtf.CSRFProtect(app)
    return app


def without_a_database() -> flask.Flask:
    app = flask.Flask(__name__, instance_path=str(pathlib.Path.cwd() / "instance"))
    app.config.update(TESTING=True, SECRET_KEY="of a test")
    user = flask_login.UserMixin()
    user.id = "1"
    flask_login.LoginManager(app).user_loader(lambda id: user)
    QRLogin(app)
    return app


def that_changes_each_session() -> flask.Flask:
    app = made()()

    @app.before_request
    def count() -> None:
        flask.session["visits"] = flask.session.get("visits", 0) + 1

    return app


HOSTS: dict[str, c.Callable[[], flask.Flask]] = {
    "the README's": readme,
    "a factory": made(),
    "HTTPS": made(QRLOGIN_BASE_URL="https://example.org", SESSION_COOKIE_SECURE=True),
    "HTTPS by preference": made(PREFERRED_URL_SCHEME="https", SERVER_NAME="example.org"),
    "a name": made(SERVER_NAME="app.example.org"),
    "trusted hosts": made(TESTING=False, TRUSTED_HOSTS=[".example.org"]),
    "under a path": made(APPLICATION_ROOT="/shop"),
    "under a path by HTTPS": made(APPLICATION_ROOT="/shop", QRLOGIN_BASE_URL="https://example.org"),
    "a prefix": made(QRLOGIN_URL_PREFIX="/account/qr"),
    "a tap": made(QRLOGIN_CONFIRMATION="tap"),
    "the number": made(QRLOGIN_CONFIRMATION="match"),
    "CSRFProtect": with_csrf_protect,
    "strong session protection": made(SESSION_PROTECTION="strong"),
    "login disabled": made(LOGIN_DISABLED=True),
    "no database": without_a_database,
    "a session that always changes": that_changes_each_session,
}


@pytest.fixture(params=HOSTS)
def app(
    request: pytest.FixtureRequest, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> flask.Flask:
    monkeypatch.chdir(tmp_path)
    return HOSTS[request.param]()


def test_login_by_qr(app: flask.Flask) -> None:
    browser, phone = FakeBrowser(app), FakePhone(app, 1)
    browser.show_code()
    phone.scan(browser.code)
    phone.approve(number=browser.number)
    assert browser.wait_for_login().endswith("/")
    assert browser.user_id == phone.user_id == "1"


def test_login_by_qr_with_a_native_app(app: flask.Flask) -> None:
    manager: flask_login.LoginManager = app.login_manager  # type: ignore[attr-defined]
    manager.request_loader(lambda request: manager.user_callback("1"))
    browser = FakeBrowser(app)
    browser.log_in_by(FakeApp(app, authorization="Bearer token"))
    assert browser.state is State.REDEEMED
    assert browser.user_id == "1"
    manager.request_loader(None)
