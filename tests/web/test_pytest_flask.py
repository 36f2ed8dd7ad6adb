"""A project that tests with pytest-flask, whose fixtures keep a request context open."""

from __future__ import annotations

import collections.abc as c
import typing as t

import flask
import pytest
from flask.testing import FlaskClient

from flask_qrlogin.testing import Clock
from flask_qrlogin.testing import FakeApp
from flask_qrlogin.testing import FakeBrowser
from flask_qrlogin.testing import FakePhone
from flask_qrlogin.testing import Refused

from .host import PEOPLE
from .parties import Json
from .parties import NativeApp
from .parties import problem

pytest_plugins = ["flask_qrlogin.testing.pytest_plugin"]

ANNA, _ = PEOPLE["anna"]


def start(client: FlaskClient, headers: list[tuple[str, str]] | None = None) -> t.Any:
    return client.post(
        flask.url_for("qrlogin.start"),
        json={},
        headers=[("Origin", "http://localhost"), *(headers or [])],
    )


def test_our_addresses_are_known_by_name(app: flask.Flask, client: FlaskClient) -> None:
    assert client.get(flask.url_for("qrlogin.login")).status_code == 200
    assert client.get(flask.url_for("qrlogin_phone.open_code", token="x")).status_code == 400
    answer = client.post(flask.url_for("qrlogin_api.scan"), json={"token": "x"})
    assert problem(answer) == (401, "login_required")


def test_the_flow_runs_within_its_context(app: flask.Flask, client: FlaskClient) -> None:
    started = start(client).json
    phone = NativeApp(app, "http://localhost", "Bearer token of anna")
    phone.scan(started["qr"]["url"].rpartition("/")[2])
    assert phone.decide("approve").status_code == 200
    answer = client.post(
        started["links"]["poll"], json={"since": 2}, headers={"Origin": "http://localhost"}
    )
    assert t.cast(Json, answer.json)["location"] == "/"


def test_a_login_does_not_open_the_session_of_later_answers(
    app: flask.Flask, client: FlaskClient
) -> None:
    @app.before_request
    def change() -> None:
        flask.session["visits"] = flask.session.get("visits", 0) + 1

    test_the_flow_runs_within_its_context(app, client)
    # The context keeps ``g`` between requests, so nothing in it may say that somebody logged in.
    assert "session" not in str(start(client).headers.getlist("Set-Cookie"))


@pytest.mark.options(debug=False, testing=True)
def test_accept_headers_of_its_fixtures(
    client: FlaskClient,
    accept_json: list[tuple[str, str]],
    accept_any: list[tuple[str, str]],
) -> None:
    client.post(flask.url_for("qrlogin.start"))
    for accept in (accept_json, accept_any):
        assert start(client, accept).status_code == 201
        unknown = client.get(flask.url_for("qrlogin.show", id="0" * 32), headers=accept)
        assert problem(unknown) == (404, "request_not_found")


def test_configuration_fixture(config: flask.Config) -> None:
    assert config["TESTING"] is True
    assert flask.render_template_string("{{ qrlogin() }}").count("<qr-login") == 1


class TestOurFixtures:
    def test_run_the_flow(
        self, qr_browser: FakeBrowser, qr_phone: c.Callable[..., FakePhone]
    ) -> None:
        phone = qr_phone(ANNA, address="198.51.100.7")
        qr_browser.show_code()
        phone.scan(qr_browser.code)
        phone.approve(number=qr_browser.number)
        assert qr_browser.wait_for_login() == "/"
        assert qr_browser.get("/").text == "anna"

    def test_run_it_with_a_native_app(
        self, qr_browser: FakeBrowser, qr_app: c.Callable[..., FakeApp], client: FlaskClient
    ) -> None:
        assert qr_browser.log_in_by(qr_app("Bearer token of anna")) == "/"
        assert (qr_browser.get("/").text, client.get("/").text) == ("anna", "nobody")

    def test_keep_browser_and_phone_apart(
        self, app: flask.Flask, qr_browser: FakeBrowser, qr_phone: c.Callable[..., FakePhone]
    ) -> None:
        """pytest-flask's context would give both the user that Flask-Login saw first."""
        phone = qr_phone(ANNA)
        assert [phone.get("/").text, qr_browser.get("/").text] == ["anna", "nobody"]
        assert (phone.user_id, qr_browser.user_id) == (str(ANNA), None)
        assert qr_phone().user_id is None

    def test_move_time_on(
        self, qr_clock: Clock, qr_browser: FakeBrowser, qr_phone: c.Callable[..., FakePhone]
    ) -> None:
        code = qr_browser.show_code()
        qr_clock.advance(301)
        with pytest.raises(Refused, match="expired"):
            qr_phone(ANNA).scan(code)
