"""What a browser and a phone do with the example app."""

from __future__ import annotations

import re
import typing as t

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from example_app.seed import PASSWORD

SAME_ORIGIN = {"Sec-Fetch-Site": "same-origin"}


def csrf_token(browser: FlaskClient, path: str = "/login") -> str:
    """Return the token of the form on a page."""
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.get(path).text)
    assert found is not None
    return found[1]


def log_in(browser: FlaskClient, username: str = "ann", **fields: str) -> TestResponse:
    """Send the password form."""
    form = {"csrf_token": csrf_token(browser), "username": username, "password": PASSWORD}
    return browser.post("/login", data=form | fields)


def show_code(browser: FlaskClient) -> dict[str, t.Any]:
    """Ask for a code, as the panel does."""
    answer = browser.post("/qrlogin/requests", json={}, headers=SAME_ORIGIN)
    assert answer.status_code == 201
    return t.cast("dict[str, t.Any]", answer.get_json())


def token_in(shown: dict[str, t.Any]) -> str:
    return str(shown["qr"]["url"]).rpartition("/")[2]


def poll(browser: FlaskClient, shown: dict[str, t.Any], since: int = 9) -> dict[str, t.Any]:
    """Poll as a page does that has seen everything up to a version."""
    answer = browser.post(shown["links"]["poll"], json={"since": since}, headers=SAME_ORIGIN)
    return t.cast("dict[str, t.Any]", answer.get_json())


def bearer(phone: FlaskClient, username: str) -> dict[str, str]:
    """Log a native app in; return the header that it sends from then on."""
    answer = phone.post("/phone/token", json={"username": username, "password": PASSWORD})
    return {"Authorization": f"Bearer {answer.get_json()['token']}"}


def scan(phone: FlaskClient, shown: dict[str, t.Any], headers: dict[str, str]) -> TestResponse:
    """Report a scan, as a native app does."""
    return phone.post("/qrlogin/api/scan", json={"token": token_in(shown)}, headers=headers)


def approve(
    phone: FlaskClient, browser: FlaskClient, shown: dict[str, t.Any], headers: dict[str, str]
) -> None:
    """Scan and approve, as a native app does whose owner looks at the browser."""
    scanned = scan(phone, shown, headers).get_json()
    number = poll(browser, shown)["number"]
    assert number in scanned["choices"]
    body = {
        "token": token_in(shown),
        "confirm_token": scanned["confirm_token"],
        "number": number,
    }
    answer = phone.post("/qrlogin/api/approve", json=body, headers=headers)
    assert answer.get_json()["state"] == "approved"
