"""A project that tests with pytest-flask, whose fixtures keep a request context open."""

from __future__ import annotations

import typing as t

import flask
import pytest
from flask.testing import FlaskClient

from .parties import Json
from .parties import NativeApp
from .parties import problem


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
