from __future__ import annotations

import collections.abc as c
import contextlib
import hashlib
import json
import logging
import pathlib
import secrets
import sqlite3
import typing as t

import flask
import flask_login
import pytest
from flask_sqlalchemy import SQLAlchemy

from flask_qrlogin import QRLogin

from .checked import careful_app
from .checked import careless_app
from .checked import run
from .checked import statuses

#: What nobody can know without a request through the proxy.
ONLY_A_PROBE_SHOWS = {
    "debug mode",
    "transport",
    "headers",
    "framing",
    "browser secret",
    "forged host",
    "addresses",
}
#: The mitigations that stand on those.
STAND_ON_THEM = {"Establish proximity", "Rate limits", "Sender-constrained tokens"}


@pytest.fixture(autouse=True)
def trail() -> c.Iterator[None]:
    """An app that keeps its audit trail."""
    logger, handler = logging.getLogger("flask_qrlogin.audit"), logging.NullHandler()
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield
    logger.removeHandler(handler)
    logger.setLevel(logging.NOTSET)


def test_a_careful_app_has_no_problem(tmp_path: pathlib.Path) -> None:
    app = careful_app(tmp_path)
    found = statuses(app)
    assert {name for name, status in found.items() if status == "problem"} == set()
    assert {name for name, status in found.items() if status == "unknown"} == (
        ONLY_A_PROBE_SHOWS | STAND_ON_THEM
    )
    assert run(app, "check").exit_code == 0
    assert run(app, "check", "--strict").exit_code == 1


def test_every_hole_of_a_careless_app_is_found(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_DEBUG", "1")
    app = careless_app(tmp_path)
    found = statuses(app)
    assert {name for name, status in found.items() if status == "problem"} == {
        "secret key",
        "debug mode",
        "host",
        "session cookie",
        "remember cookie",
        "csrf",
        "lifetimes",
        "linked logins",
        "confirmation",
        "approving",
        "freshness",
        "limits",
        "store",
    }
    assert {name for name, status in found.items() if status == "off"} == {
        "Establish proximity",
        "Short-lived codes",
        "Unique codes",
        "Detect and remediate",
        "Trusted devices",
        "Trusted networks",
        "Limited scopes",
        "Short-lived tokens",
        "Rate limits",
        "Authenticate, then initiate",
        "Request initiation verification",
    }
    assert run(app, "check").exit_code == 1


def test_there_are_17_mitigations(tmp_path: pathlib.Path) -> None:
    report = json.loads(run(careful_app(tmp_path), "check", "--json").stdout)
    names = [each["name"] for each in report["mitigations"]]
    assert len(names) == len(set(names)) == 17
    assert {each["status"] for each in report["mitigations"]} <= {"on", "off", "outside", "unknown"}


FLIPS = [
    ({"SECRET_KEY": "dev"}, "secret key", "Unique codes"),
    ({"SECRET_KEY": "a key of the host"}, "secret key", "Unique codes"),
    ({"SECRET_KEY": "this-secret-has-to-be-long-enough"}, "secret key", "Unique codes"),
    ({"SECRET_KEY_FALLBACKS": ["old"]}, "secret key", "Unique codes"),
    ({"TESTING": True}, "debug mode", None),
    ({"QRLOGIN_BASE_URL": "http://example.com"}, "https", "Sender-constrained tokens"),
    ({"QRLOGIN_BASE_URL": None}, "host", None),
    ({"SESSION_COOKIE_SECURE": None}, "session cookie", None),
    ({"SESSION_COOKIE_HTTPONLY": False}, "session cookie", None),
    ({"SESSION_COOKIE_SAMESITE": "None"}, "session cookie", None),
    ({"SESSION_COOKIE_DOMAIN": "example.com"}, "session cookie", None),
    ({"REMEMBER_COOKIE_SECURE": None}, "remember cookie", None),
    ({"REMEMBER_COOKIE_HTTPONLY": False}, "remember cookie", None),
    ({"REMEMBER_COOKIE_SAMESITE": None}, "remember cookie", None),
    ({"WTF_CSRF_ENABLED": False}, "csrf", None),
    ({"QRLOGIN_TOKEN_LIFETIME": 121}, "lifetimes", "Short-lived codes"),
    ({"QRLOGIN_REQUEST_LIFETIME": 901}, "lifetimes", "Short-lived codes"),
    ({"QRLOGIN_DECISION_LIFETIME": 601}, "lifetimes", "Short-lived codes"),
    ({"QRLOGIN_PICKUP_LIFETIME": 601}, "lifetimes", "Short-lived codes"),
    ({"QRLOGIN_DEVICE_LIFETIME": 91 * 86400}, "linked logins", "Short-lived tokens"),
    ({"QRLOGIN_DEVICE_CHECK_SECONDS": 301}, "linked logins", "Short-lived tokens"),
    ({"QRLOGIN_CONFIRMATION": "tap"}, "confirmation", "Request initiation verification"),
    ({"QRLOGIN_CONFIRMATION": "tap"}, "confirmation", "Establish proximity"),
    (
        {"QRLOGIN_CONFIRMATION": "tap", "QRLOGIN_USER_CODE": True},
        "user codes",
        "Content filtering",
    ),
    ({"QRLOGIN_APPROVE_FROM_LINKED": True}, "approving", None),
    ({"QRLOGIN_LOGIN_FRESH": True}, "freshness", "Limited scopes"),
    ({"RATELIMIT_ENABLED": False, "QRLOGIN_REQUESTS_PER_NETWORK": None}, "limits", "Rate limits"),
    ({"QRLOGIN_RATE_LIMITS": {"poll": None}}, "limits", "Rate limits"),
]


@pytest.mark.parametrize(("changes", "check", "mitigation"), FLIPS, ids=str)
def test_what_is_off_is_reported(
    tmp_path: pathlib.Path, changes: dict[str, t.Any], check: str, mitigation: str | None
) -> None:
    app = careful_app(tmp_path, **changes)
    found = statuses(app)
    assert found[check] == "problem"
    if mitigation is not None:
        assert found[mitigation] == "off"
    assert run(app, "check").exit_code == 1


@pytest.mark.parametrize(
    ("changes", "mitigation", "status"),
    [
        ({"QRLOGIN_REQUIRE_LOGIN": True}, "Authenticate, then initiate", "on"),
        ({"QRLOGIN_USER_CODE": True}, "user codes", "note"),
        ({"QRLOGIN_USER_CODE": True}, "Unique codes", "on"),
        # Whether they hold depends on whose addresses the app sees.
        ({"QRLOGIN_START_NETWORKS": ["10.0.0.0/8"]}, "Trusted networks", "unknown"),
        ({"QRLOGIN_APPROVE_NETWORKS": ["10.0.0.0/8"]}, "Trusted networks", "unknown"),
        ({"RATELIMIT_ENABLED": False}, "Rate limits", "off"),
        ({"RATELIMIT_STORAGE_URI": "memory://"}, "Rate limits", "unknown"),
        ({"QRLOGIN_CONFIRMATION": "reauth"}, "Request initiation verification", "on"),
        (
            {"QRLOGIN_DEVICE_LIFETIME": 91 * 86400, "QRLOGIN_DEVICE_IDLE": 86400},
            "Short-lived tokens",
            "on",
        ),
        ({"QRLOGIN_LOGIN_FRESH": "phone"}, "Limited scopes", "on"),
        ({"SECRET_KEY": hashlib.sha256(b"a key").digest()[:16]}, "Unique codes", "on"),
    ],
    ids=str,
)
def test_a_setting_moves_its_mitigation(
    tmp_path: pathlib.Path, changes: dict[str, t.Any], mitigation: str, status: str
) -> None:
    assert statuses(careful_app(tmp_path, **changes))[mitigation] == status


@pytest.mark.parametrize(
    ("hook", "mitigations"),
    [
        ("confirmation_policy", {"Establish proximity", "Request initiation verification"}),
        ("may_start", {"Trusted devices"}),
        ("qr_payload", {"Content filtering"}),
    ],
)
def test_what_a_hook_decides_is_outside(
    tmp_path: pathlib.Path, hook: str, mitigations: set[str]
) -> None:
    app = careful_app(tmp_path)
    setattr(app.extensions["qrlogin"].hooks, hook, lambda *args: None)
    found = statuses(app)
    assert {found[name] for name in mitigations} == {"outside"}


def test_people_who_would_get_a_bare_401_are_told_of(tmp_path: pathlib.Path) -> None:
    app = careful_app(tmp_path)
    app.login_manager.refresh_view = None  # type: ignore[attr-defined]
    assert statuses(app)["fresh logins"] == "problem"
    assert "bare 401 from account" in " ".join(run(app, "check").stdout.split())
    app.login_manager.needs_refresh_handler(lambda: "again")  # type: ignore[attr-defined]
    assert statuses(app)["fresh logins"] == "ok"


def test_a_table_that_is_missing_is_a_problem(tmp_path: pathlib.Path) -> None:
    app = careful_app(tmp_path)
    with contextlib.closing(sqlite3.connect(tmp_path / "host.sqlite3")) as connection:
        connection.execute("DROP TABLE qrlogin_linked_device")
    found = statuses(app)
    assert found["store"] == "problem"
    assert found["Detect and remediate"] == "off"


def test_a_store_in_memory_is_for_one_process(tmp_path: pathlib.Path) -> None:
    app = flask.Flask("host", instance_path=str(tmp_path))
    app.config.update(SECRET_KEY="", SQLALCHEMY_DATABASE_URI="sqlite://")
    SQLAlchemy(app)
    flask_login.LoginManager(app).user_loader(lambda id: None)
    QRLogin(app)
    found = statuses(app)
    assert found["store"] == found["secret key"] == "problem"


def test_a_notifier_of_one_process_is_told(tmp_path: pathlib.Path) -> None:
    assert statuses(careful_app(tmp_path, QRLOGIN_NOTIFIER="in_process"))["store"] == "note"


def test_a_store_of_somebody_else_is_not_vouched_for(tmp_path: pathlib.Path) -> None:
    class OwnStore:
        def get(self, id: str) -> None:
            return None

    app = careful_app(tmp_path)
    state = app.extensions["qrlogin"]
    with app.app_context():
        state.opened_notifier()
        state._store = type(state.opened_store())(OwnStore(), "OwnStore (store=)")
    found = statuses(app)
    assert found["store"] == found["One-time codes"] == "unknown"


def test_pages_of_the_app_are_not_vouched_for(tmp_path: pathlib.Path) -> None:
    page = tmp_path / "templates/qrlogin/confirm.html"
    page.parent.mkdir(parents=True)
    page.write_text("approve")
    assert statuses(careful_app(tmp_path))["User experience"] == "outside"


def test_a_trail_that_goes_nowhere_is_unknown(tmp_path: pathlib.Path) -> None:
    logging.getLogger("flask_qrlogin.audit").setLevel(logging.ERROR)
    assert statuses(careful_app(tmp_path))["audit trail"] == "unknown"


def test_what_a_hook_raises_is_a_problem(tmp_path: pathlib.Path) -> None:
    def locate(address: str) -> None:
        raise OSError

    app = careful_app(tmp_path)
    app.extensions["qrlogin"].hooks.locate = locate
    assert statuses(app)["places"] == "problem"


def test_the_proxies_that_are_trusted_are_told(tmp_path: pathlib.Path) -> None:
    app = careful_app(tmp_path)
    fixed, plain = app.wsgi_app, app.wsgi_app.app  # type: ignore[attr-defined]

    class Counter:
        def __init__(self, application: t.Any) -> None:
            self.application = application

    app.wsgi_app = Counter(fixed)  # type: ignore[assignment, method-assign]
    assert "ProxyFix(x_for=1, x_host=0, x_port=0, x_prefix=0, x_proto=1)" in " ".join(
        run(app, "check").stdout.split()
    )
    app.wsgi_app = plain  # type: ignore[method-assign]
    assert "No ProxyFix" in run(app, "check").stdout


def test_the_least_that_works_is_found_wanting_but_whole(tmp_path: pathlib.Path) -> None:
    app = flask.Flask("host", instance_path=str(tmp_path))
    app.config.update(SECRET_KEY=secrets.token_hex(), QRLOGIN_BASE_URL="http://127.0.0.1:5000")
    flask_login.LoginManager(app).user_loader(lambda id: None)
    QRLogin(app)
    found = statuses(app)
    assert found["csrf"] == found["places"] == found["notices"] == "note"
    assert found["https"] == "problem"


def test_what_is_told_of_a_key_and_a_limiter_can_be_followed(tmp_path: pathlib.Path) -> None:
    app = careless_app(tmp_path)
    app.config.update(SECRET_KEY="x" * 40, RATELIMIT_ENABLED=False)
    output = run(app, "check").output
    assert "looks like 0 bits at most" in output
    assert "Switch it on (RATELIMIT_ENABLED)." in output


def test_a_policy_of_the_app_for_user_codes_is_told_of(tmp_path: pathlib.Path) -> None:
    app = careful_app(tmp_path, QRLOGIN_USER_CODE=True)
    assert "signals.user_code" not in run(app, "check").output
    app.extensions["qrlogin"].hooks.confirmation_policy = lambda user, request, signals: None
    assert "signals.user_code" in run(app, "check").output
