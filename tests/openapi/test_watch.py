"""What is not described is found, wherever in the tests it is answered."""

from __future__ import annotations

import collections.abc as c
import typing as t

import flask
import pytest

from flask_qrlogin.core import errors
from tests.web.conftest import MakeHost
from tests.web.host import Host

from . import contract
from . import watch

Change: t.TypeAlias = c.Callable[[flask.Response], flask.Response]


def host_that(make_host: MakeHost, change: Change) -> Host:
    return make_host(prepare=lambda app: app.after_request(change))


def with_field(response: flask.Response) -> flask.Response:
    response.set_data(flask.json.dumps((response.get_json() or {}) | {"surprise": 1}))
    return response


def without_header(response: flask.Response) -> flask.Response:
    response.headers["Cache-Control"] = "public"
    return response


def with_status(response: flask.Response) -> flask.Response:
    response.status_code = 418
    return response


def as_text(response: flask.Response) -> flask.Response:
    response.mimetype = "text/plain"
    return response


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (with_field, "POST /requests 201: $: Additional properties are not allowed"),
        (without_header, "POST /requests 201: Cache-Control is 'public'"),
        (with_status, "POST /requests 418: is not described"),
        (as_text, "POST /requests 201: 'text/plain' is not described"),
    ],
)
def test_a_strange_answer_is_found(make_host: MakeHost, change: Change, fault: str) -> None:
    host_that(make_host, change).browser().post("/qrlogin/requests")
    (found,) = watch.take()
    assert found.startswith(fault)


def test_a_code_that_does_not_belong_there_is_found(make_host: MakeHost) -> None:
    host = make_host()

    @host.qrlogin.may_start
    def refuse(request: flask.Request) -> str:
        raise errors.ConfirmInvalid

    host.browser().post("/qrlogin/requests")
    (found,) = watch.take()
    assert found.startswith("POST /requests 403: $: ")


def test_what_is_described_is_no_fault(host: Host) -> None:
    host.log_in_by_qr(host.browser())
    host.browser().post("/qrlogin/requests", {"next": 7})
    assert watch.take() == []


def test_what_came_over_http_is_looked_at_too() -> None:
    path, headers = "/qrlogin/requests/5a1d/cancel", [("Cache-Control", "no-store")]
    answer = [*headers, ("content-type", "application/json; charset=utf-8")]
    body = b'{"state": "cancelled", "version": 2, "expires_in": 0}'
    assert contract.faults_over_http("POST", path, 200, answer, body) == []
    (fault,) = contract.faults_over_http("POST", path, 200, answer, b'{"state": "gone"}')[:1]
    assert fault.startswith("POST /requests/{}/cancel 200: $.state: 'gone' is not one of")
    assert contract.faults_over_http("GET", "/qrlogin/nothing", 404, headers, b"") == [
        "GET /nothing 404: is not described"
    ]
    assert contract.faults_over_http("GET", "/", 200, [], b"hello") == []
