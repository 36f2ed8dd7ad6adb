"""The page that scans: who gets it, and what it is told about this site."""

from __future__ import annotations

import re
from urllib.parse import parse_qs
from urllib.parse import urlsplit

import flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from tests.web.conftest import MakeHost
from tests.web.host import Host
from tests.web.parties import Browser
from tests.web.parties import PAGE


def test_shows_the_scanner_with_the_site_s_own_address(make_host: MakeHost) -> None:
    host = make_host(QRLOGIN_BASE_URL="https://example.com", QRLOGIN_URL_PREFIX="/in")
    page = host.phone("anna", "https://example.com").open("/in/scan")
    assert page.status_code == 200
    assert 'base-url="https://example.com" prefix="/in/s/"' in page.text
    assert "<script>" not in page.text


def test_the_address_is_that_of_the_codes_also_below_a_path(host: Host) -> None:
    base_url = "http://localhost/app"
    browser = host.browser(base_url)
    browser.start()
    page = host.phone("anna", base_url).open("/qrlogin/scan").text
    found = re.search(r'base-url="(.*?)" prefix="(.*?)"', page)
    assert found is not None
    assert browser.url == found[1] + found[2] + browser.token


def test_sends_somebody_who_is_not_logged_in_to_the_login_and_back(host: Host) -> None:
    phone = host.phone()
    answer = phone.open("/qrlogin/scan")
    assert answer.status_code == 302
    assert urlsplit(answer.location).path == "/login"
    assert parse_qs(urlsplit(answer.location).query)["next"] == ["/qrlogin/scan"]
    phone.log_in("anna", url=answer.location)
    assert phone.open("/qrlogin/scan").status_code == 200


def test_says_what_to_do_where_the_only_login_is_by_code(make_host: MakeHost) -> None:
    def prepare(app: flask.Flask) -> None:
        app.login_manager.login_view = "qrlogin.login"  # type: ignore[attr-defined]

    page = make_host(prepare=prepare).phone().open("/qrlogin/scan")
    assert page.status_code == 401
    assert "Log in to this site on this phone, then scan the code." in page.text


def test_refuses_a_login_by_qr_which_may_not_approve(make_host: MakeHost) -> None:
    page = make_host().phone_by_qr().open("/qrlogin/scan")
    assert page.status_code == 403
    assert "You were logged in here by a QR code yourself." in page.text
    assert "qr-scanner" not in page.text
    host = make_host(QRLOGIN_APPROVE_FROM_LINKED=True)
    assert host.phone_by_qr().open("/qrlogin/scan").status_code == 200


def test_is_not_kept_not_framed_and_lets_the_camera_be_used(host: Host) -> None:
    headers = host.phone("anna").open("/qrlogin/scan").headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    assert "Permissions-Policy" not in headers
    assert "Set-Cookie" not in headers


def test_offers_to_type_the_code_where_that_is_on(make_host: MakeHost) -> None:
    page = make_host().phone("anna").open("/qrlogin/scan").text
    assert "/qrlogin/code" not in page
    host = make_host(
        prepare=lambda app: Limiter(get_remote_address, app=app, storage_uri="memory://"),
        QRLOGIN_USER_CODE=True,
    )
    assert 'href="/qrlogin/code"' in host.phone("anna").open("/qrlogin/scan").text


def test_opening_it_writes_nothing(host: Host, browser: Browser) -> None:
    before = host.rows()
    host.phone("anna").open("/qrlogin/scan")
    assert host.rows() == before


def test_a_page_of_the_host_replaces_a_block(host: Host) -> None:
    host.write_template(
        "qrlogin/scanner.html",
        '{% extends "qrlogin/_scanner.html" %}{% block otherwise %}Call us.{% endblock %}',
    )
    page = host.phone("anna").open("/qrlogin/scan").text
    assert "Call us." in page
    assert "qr-scanner" in page


def test_its_script_and_the_decoder_are_served_as_javascript(host: Host) -> None:
    phone = host.phone("anna")
    found = re.search(r'src="(.*?/)scanner\.js"', phone.open("/qrlogin/scan").text)
    assert found is not None
    script = phone.get(f"{found[1]}scanner.js", Accept=PAGE)
    assert script.mimetype == "text/javascript"
    decoder = re.search(r'import\("\./(vendor/.*?)"\)', script.text)
    assert decoder is not None
    assert phone.get(found[1] + decoder[1]).mimetype == "text/javascript"
