from __future__ import annotations

import flask
import pytest
from flask.testing import FlaskClient

from . import steps


def test_somebody_who_is_not_logged_in_is_sent_to_the_login_page(browser: FlaskClient) -> None:
    answer = browser.get("/")
    assert answer.status_code == 302
    assert answer.location == "/login?next=%2F"


def test_the_login_page_has_the_password_form_and_the_panel_side_by_side(
    browser: FlaskClient,
) -> None:
    page = browser.get("/login").text
    assert 'name="password"' in page
    assert "<qr-login" in page
    assert "harbour-demo" in page


def test_a_password_logs_in_and_the_home_page_says_so(browser: FlaskClient) -> None:
    answer = steps.log_in(browser, "sakura")
    assert (answer.status_code, answer.location) == (303, "/")
    home = browser.get("/").text
    assert "Logged in as <strong>山田さくら</strong>. Not you?" in home
    assert "You are logged in with a password." in home


def test_a_code_logs_in_and_the_home_page_says_so(
    site: flask.Flask, browser: FlaskClient, bearer: dict[str, str]
) -> None:
    shown = steps.show_code(browser)
    steps.approve(site.test_client(), browser, shown, bearer)
    assert steps.poll(browser, shown)["location"] == "/"
    home = browser.get("/").text
    assert "Logged in as <strong>Ann Walker</strong>. Not you?" in home
    assert "You are logged in by QR code." in home


def test_a_password_login_after_one_by_code_is_called_one_with_a_password(
    site: flask.Flask, browser: FlaskClient, bearer: dict[str, str]
) -> None:
    shown = steps.show_code(browser)
    steps.approve(site.test_client(), browser, shown, bearer)
    steps.poll(browser, shown)
    browser.post("/logout", data={"csrf_token": steps.csrf_token(browser, "/")})
    steps.log_in(browser)
    assert "with a password" in browser.get("/").text


@pytest.mark.parametrize(
    "fields", [{"password": "wrong"}, {"username": "nobody"}, {"username": "", "password": ""}]
)
def test_a_wrong_password_or_name_logs_nobody_in(
    browser: FlaskClient, fields: dict[str, str]
) -> None:
    answer = steps.log_in(browser, **fields)
    assert answer.status_code == 401
    assert "Wrong name or password." in answer.text
    assert browser.get("/").status_code == 302


def test_the_name_is_kept_after_a_wrong_password(browser: FlaskClient) -> None:
    assert 'value="chidi"' in steps.log_in(browser, "chidi", password="wrong").text


@pytest.mark.parametrize("next", ["/", "/?tab=2", "/qrlogin/s/abc", "/caf%C3%A9"])
def test_after_the_password_the_browser_goes_on_to_a_path_of_this_site(
    browser: FlaskClient, next: str
) -> None:
    assert steps.log_in(browser, next=next).location == next


@pytest.mark.parametrize(
    "next",
    [
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example/",
        "http:evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
        "\n//evil.example",
        "/a\r\nSet-Cookie: a=b",
        "home",
        "",
    ],
)
def test_after_the_password_the_browser_never_goes_to_another_site(
    browser: FlaskClient, next: str
) -> None:
    assert steps.log_in(browser, next=next).location == "/"


def test_a_phone_that_scanned_logs_in_with_the_password_and_comes_back_to_the_code(
    site: flask.Flask, browser: FlaskClient
) -> None:
    phone = site.test_client()
    code = steps.show_code(browser)["qr"]["url"]
    login = phone.get(code)
    assert login.location.startswith("/login?next=%2Fqrlogin%2Fs%2F")
    page = phone.get(login.location).text
    assert "<qr-login" not in page  # Another code would only confuse.
    path = code.removeprefix("http://localhost")
    assert f'name="next" value="{path}"' in page
    assert steps.log_in(phone, next=path).location == path
    assert "Continue as <bdi>Ann Walker</bdi>" in phone.get(path).text


def test_somebody_who_is_logged_in_is_sent_on_from_the_login_page(browser: FlaskClient) -> None:
    steps.log_in(browser)
    assert browser.get("/login").location == "/"
    assert browser.get("/login?next=/?tab=2").location == "/?tab=2"


def test_logging_out_needs_the_form_of_the_page(browser: FlaskClient) -> None:
    steps.log_in(browser)
    refused = browser.post("/logout")
    assert refused.status_code == 400
    assert "CSRF" in refused.text
    assert browser.get("/logout").status_code == 405
    token = steps.csrf_token(browser, "/")
    answer = browser.post("/logout", data={"csrf_token": token}, follow_redirects=True)
    assert "You are logged out." in answer.text
    assert browser.get("/").status_code == 302


@pytest.mark.parametrize("path", ["/login", "/phone", "/nothing", "/static/harbour.css"])
def test_every_page_has_a_strict_content_security_policy(browser: FlaskClient, path: str) -> None:
    answer = browser.get(path, buffered=True)
    (policy,) = answer.headers.getlist("Content-Security-Policy")
    assert policy.startswith("default-src 'self'; ")
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "<style" not in answer.text
    assert "style=" not in answer.text
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_the_extensions_own_policy_holds_besides_ours(browser: FlaskClient) -> None:
    policies = browser.get("/qrlogin/").headers.getlist("Content-Security-Policy")
    assert "frame-ancestors 'none'" in policies
    assert len(policies) == 2


def test_no_page_is_kept_for_whoever_presses_back(browser: FlaskClient) -> None:
    assert browser.get("/login").headers["Cache-Control"] == "no-store"


def test_an_unknown_page_leads_home(browser: FlaskClient) -> None:
    answer = browser.get("/nothing")
    assert answer.status_code == 404
    assert 'href="/"' in answer.text


def test_every_person_has_a_picture_of_ours(browser: FlaskClient) -> None:
    page = browser.get("/login").text
    for username in ("ann", "chidi", "darya", "sakura", "tomas"):
        path = f"/static/avatars/{username}.svg"
        assert path in page
        picture = browser.get(path, buffered=True)
        assert picture.mimetype == "image/svg+xml"
        assert "style" not in picture.text


def test_the_waiting_browser_sees_name_and_picture_of_the_scanner(
    site: flask.Flask, browser: FlaskClient, bearer: dict[str, str]
) -> None:
    shown = steps.show_code(browser)
    steps.scan(site.test_client(), shown, bearer)
    assert steps.poll(browser, shown, since=1)["profile"] == {
        "name": "Ann Walker",
        "avatar_url": "/static/avatars/ann.svg",
    }


@pytest.mark.parametrize("site", [{"QRLOGIN_REQUIRE_LOGIN": True}], indirect=True)
def test_as_a_second_step_the_panel_asks_to_confirm_and_not_to_log_in(
    browser: FlaskClient,
) -> None:
    steps.log_in(browser)
    page = browser.get("/qrlogin/").text
    assert page.count("Confirm it is you with your phone") == 2  # With and without JavaScript.
    assert "Log in with your phone" not in page


def test_a_panel_may_ask_for_the_login_of_one_account(site: flask.Flask) -> None:
    with site.test_request_context("/"):
        panel = flask.render_template_string("{{ qrlogin(login_hint='ann') }}")
    assert 'login-hint="ann"' in panel
    assert '<input type="hidden" name="login_hint" value="ann">' in panel


def test_the_home_page_leads_to_the_logins_by_code_and_a_mail_tells_of_each(
    site: flask.Flask,
    browser: FlaskClient,
    bearer: dict[str, str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    shown = steps.show_code(browser)
    steps.approve(site.test_client(), browser, shown, bearer)
    with caplog.at_level("INFO", "example_app"):
        steps.poll(browser, shown)
    (mail,) = (r.getMessage() for r in caplog.records if r.module == "mail")
    assert 'href="/qrlogin/devices"' in browser.get("/").text
    assert "this browser" in browser.get("/qrlogin/devices").text
    link = mail.rpartition(" ")[2].removeprefix("http://localhost")
    assert "Was this you?" in site.test_client().get(link).text
