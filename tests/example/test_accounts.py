from __future__ import annotations

import time
from datetime import timedelta

import flask
import pytest
from flask.testing import FlaskClient
from itsdangerous import TimestampSigner
from itsdangerous import URLSafeTimedSerializer

from example_app.seed import PASSWORD

from . import steps


@pytest.fixture
def shown(browser: FlaskClient) -> dict[str, object]:
    """A code that waits to be scanned."""
    return steps.show_code(browser)


def test_a_bearer_token_names_the_person_to_the_json_api(
    site: flask.Flask, shown: dict[str, object], bearer: dict[str, str]
) -> None:
    answer = steps.scan(site.test_client(), shown, bearer)
    assert answer.status_code == 200
    assert answer.get_json()["state"] == "scanned"


def test_a_bearer_token_ends_after_its_lifetime(
    site: flask.Flask, shown: dict[str, object], bearer: dict[str, str]
) -> None:
    site.config["BEARER_LIFETIME"] = timedelta(seconds=-1)
    answer = steps.scan(site.test_client(), shown, bearer)
    assert answer.status_code == 401
    assert answer.get_json()["code"] == "login_required"


@pytest.mark.parametrize("site", [{"QRLOGIN_CONFIRMATION": "reauth"}], indirect=True)
def test_where_a_fresh_login_is_asked_for_a_token_of_two_minutes_ago_is_none(
    site: flask.Flask,
    browser: FlaskClient,
    shown: dict[str, object],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = site.test_client()
    with monkeypatch.context() as patch:
        patch.setattr(TimestampSigner, "get_timestamp", lambda self: int(time.time()) - 120)
        old = steps.bearer(app, "ann")
    body = {
        "token": steps.token_in(shown),
        "confirm_token": steps.scan(app, shown, old).get_json()["confirm_token"],
        "number": steps.poll(browser, shown)["number"],
    }
    answer = app.post("/qrlogin/api/approve", json=body, headers=old).get_json()
    assert (answer["code"], answer["login"]) == ("step_up_required", "fresh")
    new = steps.bearer(app, "ann")
    answer = app.post("/qrlogin/api/approve", json=body, headers=new).get_json()
    assert answer["state"] == "approved"


def test_a_token_that_was_signed_with_another_key_or_for_another_purpose_is_refused(
    site: flask.Flask, shown: dict[str, object]
) -> None:
    for serializer in (
        URLSafeTimedSerializer("another key", salt="example_app bearer token"),
        URLSafeTimedSerializer(site.config["SECRET_KEY"]),
    ):
        headers = {"Authorization": f"Bearer {serializer.dumps('1')}"}
        assert steps.scan(site.test_client(), shown, headers).status_code == 401


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer x.y.z", "Digest x=y", "none"])
def test_whatever_is_no_bearer_token_names_nobody(
    site: flask.Flask, shown: dict[str, object], header: str
) -> None:
    answer = steps.scan(site.test_client(), shown, {"Authorization": header})
    assert answer.status_code == 401


def test_the_token_of_an_account_that_is_gone_names_nobody(
    site: flask.Flask, shown: dict[str, object]
) -> None:
    serializer = URLSafeTimedSerializer(site.config["SECRET_KEY"], salt="example_app bearer token")
    for id in ("99", "ann"):
        headers = {"Authorization": f"Bearer {serializer.dumps(id)}"}
        assert steps.scan(site.test_client(), shown, headers).status_code == 401


def test_neither_a_cookie_nor_a_query_stands_in_for_the_authorization_header(
    browser: FlaskClient, shown: dict[str, object], bearer: dict[str, str]
) -> None:
    token = bearer["Authorization"].removeprefix("Bearer ")
    body = {"token": steps.token_in(shown)}
    steps.log_in(browser)
    assert browser.post("/qrlogin/api/scan", json=body).status_code == 401
    answer = browser.post(
        f"/qrlogin/api/scan?token={token}&access_token={token}&Authorization=Bearer+{token}",
        json=body,
    )
    assert answer.status_code == 401


def test_the_bearer_token_counts_and_not_the_cookie_of_somebody_else(
    site: flask.Flask, shown: dict[str, object], bearer: dict[str, str]
) -> None:
    phone = site.test_client()
    steps.log_in(phone, "chidi")
    steps.scan(phone, shown, bearer)
    chidi = steps.bearer(site.test_client(), "chidi")
    assert steps.scan(site.test_client(), shown, chidi).get_json()["code"] == "already_scanned"


def test_a_token_is_given_for_name_and_password_without_a_cookie(site: flask.Flask) -> None:
    answer = site.test_client().post(
        "/phone/token", json={"username": "darya", "password": PASSWORD}
    )
    assert answer.get_json()["name"] == "Дарья Соколова"
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"username": "ann", "password": "wrong"}, 401),
        ({"username": "nobody", "password": PASSWORD}, 401),
        ({"username": "ann"}, 400),
        ({"username": ["ann"], "password": PASSWORD}, 400),
        ("ann", 400),
        (None, 400),
    ],
)
def test_no_token_is_given_for_anything_else(
    browser: FlaskClient, body: object, status: int
) -> None:
    answer = browser.post("/phone/token", json=body)
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"
    assert answer.get_json()["title"]


def test_no_token_is_given_to_a_form_of_another_site(browser: FlaskClient) -> None:
    body = '{"username": "ann", "password": "harbour-demo"}'
    assert browser.post("/phone/token", data=body, content_type="text/plain").status_code == 400
