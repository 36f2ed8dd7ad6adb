"""``/openapi.json`` is valid, complete, and about the site that answers it."""

from __future__ import annotations

import json
import re
import typing as t

import flask
import pytest
from openapi_spec_validator import validate
from werkzeug.routing import Rule

from flask_qrlogin.core import errors
from flask_qrlogin.core.confirmation import Confirmation
from flask_qrlogin.core.login_request import State
from tests.web.conftest import MakeHost
from tests.web.host import Host

from . import contract
from .contract import Json
from .contract import resolved

OPERATIONS = {
    operation["operationId"]: operation
    for item in contract.described()["paths"].values()
    for method, operation in item.items()
    if method in contract.METHODS
}


def test_it_is_valid() -> None:
    validate(contract.described())


def paths_of(rule: Rule) -> list[str]:
    """Return the paths of a rule: several if a part of it is one of several words."""
    choices = re.search(r"<any\((.*?)\):action>", rule.rule)
    words = [] if choices is None else [word.strip(" '") for word in choices[1].split(",")]
    path = rule.rule.removeprefix(contract.PREFIX)
    return [contract.path_of(path, word) for word in words] or [contract.path_of(path, None)]


def test_it_has_what_the_url_map_has_and_nothing_else(host: Host) -> None:
    mapped = {
        (path, method)
        for rule in host.app.url_map.iter_rules()
        # Static files are not answers: their paths hold the version, and change with it.
        if rule.endpoint.startswith("qrlogin") and not rule.endpoint.endswith(".static")
        for path in paths_of(rule)
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert set(contract.answers()) == mapped


def test_each_operation_is_named_and_put_in_its_place() -> None:
    paths = contract.described()["paths"].values()
    count = sum(len(set(item) & set(contract.METHODS)) for item in paths)
    assert len(OPERATIONS) == count  # No two have one name.
    tags = {tag["name"] for tag in contract.described()["tags"]}
    schemes = contract.described()["components"]["securitySchemes"].keys()
    for name, operation in OPERATIONS.items():
        assert re.fullmatch(r"[a-z]+([A-Z][a-z]*)*", name)
        assert len(operation["tags"]) == 1
        assert set(operation["tags"]) <= tags
        assert not operation["summary"].endswith(".")
        assert all(set(way) <= schemes for way in operation["security"])


def test_every_parameter_of_a_path_is_described() -> None:
    for path, item in contract.described()["paths"].items():
        described = resolved(item.get("parameters", []))
        assert [each["name"] for each in described] == re.findall(r"{(\w+)}", path)


def bodies() -> t.Iterator[tuple[str, Json]]:
    for name, operation in OPERATIONS.items():
        answers = [operation.get("requestBody", {}), *operation["responses"].values()]
        for answer in resolved(answers):
            for media, each in answer.get("content", {}).items():
                if media.endswith(("json", "form-urlencoded")):
                    yield f"{name} {media}", each


def test_every_body_has_examples_that_are_what_its_schema_says() -> None:
    described = [(name, body) for name, body in bodies() if not name.startswith("describe ")]
    assert len(described) > 100
    faults = [
        (name, error.message)
        for name, body in described
        for example in body.get("examples", {"none": {"value": None}}).values()
        for error in contract.checker(body["schema"]).iter_errors(example["value"])
    ]
    assert faults == []
    assert [name for name, body in described if not body.get("examples")] == []


def test_every_code_is_described_and_where_it_may_come(host: Host) -> None:
    schemas = contract.described()["components"]["schemas"]
    codes = {
        schema["properties"]["code"]["const"]: schema["properties"]["status"]["const"]
        for name, schema in schemas.items()
        if name.endswith("Problem")
    }
    assert codes == {each.code: each.status for each in errors.Refusal.__subclasses__()}
    told = {
        code
        for operation in OPERATIONS.values()
        for answer in operation["responses"].values()
        for code in re.findall(r"^- `(\w+)`: ", answer["description"], re.MULTILINE)
    }
    # Whoever polls too early is told the state instead.
    assert told == codes.keys() - {errors.NotApproved.code}


def test_a_busy_server_says_when_to_come_back_and_an_app_how_to_log_in() -> None:
    for operation in OPERATIONS.values():
        for status, answer in operation["responses"].items():
            assert ("Retry-After" in answer["headers"]) == (status in ("429", "503"))
            bearer = status == "401" and operation["tags"] == ["app"]
            assert ("WWW-Authenticate" in answer["headers"]) == bearer


def test_its_words_are_those_of_the_code() -> None:
    schemas = contract.described()["components"]["schemas"]
    assert schemas["State"]["enum"] == list(State)
    assert [*schemas["Confirmation"]["enum"], Confirmation.REFUSE] == list(Confirmation)
    for name in ("State", "Confirmation", "Warning"):
        for word in schemas[name]["enum"]:
            assert f"`{word}`" in schemas[name]["description"]


def test_anybody_may_read_it_and_nothing_is_written(host: Host) -> None:
    answer = host.browser().get("/qrlogin/openapi.json")
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Set-Cookie" not in answer.headers
    assert host.rows() == []
    # Whoever asks, it is the same.
    assert host.phone("anna").get("/qrlogin/openapi.json").data == answer.data


def test_it_is_about_the_site_that_answers(make_host: MakeHost) -> None:
    host = make_host(
        QRLOGIN_URL_PREFIX="/codes",
        QRLOGIN_BASE_URL="https://login.example.org:8443",
        SESSION_COOKIE_NAME="sid",
    )
    answer = host.browser("https://login.example.org:8443/app").get("/codes/openapi.json")
    told = t.cast(Json, answer.json)
    assert told["servers"] == [{"url": "https://login.example.org:8443/app/codes"}]
    schemes = told["components"]["securitySchemes"]
    assert schemes["login"]["name"] == "sid"
    assert schemes["browserSecret"]["name"] == "__Host-qrlogin-ID"
    started = told["paths"]["/requests"]["post"]["responses"]["201"]
    example = started["content"]["application/json"]["examples"]["plain"]["value"]
    assert example["links"]["self"].startswith("/app/codes/requests/")
    assert example["qr"]["url"].startswith("https://login.example.org:8443/app/codes/s/")
    assert "example.com" not in answer.text
    assert '"/qrlogin' not in answer.text


def test_over_plain_http_the_cookie_has_its_other_name(host: Host) -> None:
    told = t.cast(Json, host.browser().get("/qrlogin/openapi.json").json)
    assert told["components"]["securitySchemes"]["browserSecret"]["name"] == "qrlogin-ID"


@pytest.mark.usefixtures("answers_of_the_host")
def test_a_host_may_keep_it_to_itself(make_host: MakeHost) -> None:
    def keep(app: flask.Flask) -> None:
        @app.before_request
        def refuse() -> None:
            if flask.request.endpoint == "qrlogin_openapi.openapi":
                flask.abort(404)

    host = make_host(prepare=keep)
    assert host.browser().get("/qrlogin/openapi.json").status_code == 404


def test_it_is_not_larger_than_it_has_to_be() -> None:
    assert len(json.dumps(contract.described())) < 150_000
