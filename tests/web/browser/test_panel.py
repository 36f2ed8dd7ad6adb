"""What the server puts into the panel, in each of its sizes, and beside the code."""

from __future__ import annotations

import re

import flask
import pytest
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from flask_qrlogin import ConfigurationError
from flask_qrlogin import QRLogin
from flask_qrlogin import QRStyle
from tests.web.conftest import MakeHost
from tests.web.host import Host


def show(host: Host, source: str, url: str = "/own", name: str | None = None) -> str:
    """Return a page of the host that is made of this template."""
    host.app.add_url_rule("/own", view_func=lambda: flask.render_template_string(source))
    browser = host.browser()
    if name is not None:
        browser.log_in(name)
    return browser.get(url).text


class TestSizes:
    def test_the_full_panel_tells_the_steps(self, host: Host) -> None:
        page = show(host, "{{ qrlogin() }}")
        assert "How it works" not in page
        assert "qrlogin-compact" not in page
        assert page.count("<li>") == 3

    def test_the_compact_one_has_them_behind_a_disclosure(self, host: Host) -> None:
        page = show(host, "{{ qrlogin(size='compact') }}")
        assert 'class="qrlogin-card qrlogin-compact"' in page
        assert re.search(r"<details><summary>How it works</summary>\s*<ol", page)

    def test_another_size_is_refused(self, host: Host) -> None:
        with pytest.raises(ValueError, match="'full' and 'compact'"):
            show(host, "{{ qrlogin(size='small') }}")

    def test_its_language_and_direction_are_those_of_its_sentences(self, host: Host) -> None:
        assert re.search(r'<qr-login [^>]*lang="en" dir="ltr"', show(host, "{{ qrlogin() }}"))


class TestButton:
    SOURCE = "<form>{{ qrlogin_button() }}</form>"

    def test_has_a_dialog_with_the_panel_and_a_link_for_who_has_no_javascript(
        self, host: Host
    ) -> None:
        page = show(host, self.SOURCE, "/own?next=/docs")
        assert page.count("<form") == 1  # There is none within another.
        assert 'href="/qrlogin/?next=/docs"' in page
        assert re.search(r'<dialog [^>]*aria-label="Log in with your phone"', page)
        assert re.search(r'<qr-login [^>]*next="/docs"', page)

    def test_goes_where_it_is_told(self, host: Host) -> None:
        page = show(host, "{{ qrlogin_button('/reports', login_hint='anna') }}")
        assert re.search(r'<qr-login [^>]*next="/reports" login-hint="anna"', page)

    def test_refuses_to_go_where_it_may_not(self, host: Host) -> None:
        with pytest.raises(ValueError, match="a path of this site"):
            show(host, "{{ qrlogin_button('//evil.example') }}")

    def test_is_left_out_where_a_phone_logs_in_for_a_code(self, host: Host) -> None:
        assert show(host, self.SOURCE, "/own?next=/qrlogin/s/token") == "<form></form>"

    def test_asks_for_confirmation_where_a_code_is_a_second_step(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_REQUIRE_LOGIN=True)
        assert "Confirm it is you" in show(host, self.SOURCE, name="anna")
        assert host.browser().get("/own").text == "<form></form>"

    def test_its_words_are_the_hosts_to_choose(self, host: Host) -> None:
        host.write_template(
            "qrlogin/dialog.html",
            "{% extends 'qrlogin/_dialog.html' %}"
            "{% block button %}<b>Phone</b>{% endblock %}{% block close %}Away{% endblock %}",
        )
        page = show(host, self.SOURCE)
        assert page.count("<b>Phone</b>") == 2
        assert 'aria-label="Phone"' in page
        assert 'aria-label="Away"' in page


class TestOtherLogin:
    """The link that a phone's own screen shows beside "there is nothing to scan"."""

    LINK = re.compile(r'href="([^"]+)">Log in another way')

    def link(self, page: str) -> str | None:
        found = self.LINK.search(page)
        return found and found[1]

    def test_leads_to_the_apps_own_login_and_keeps_where_one_was_going(self, host: Host) -> None:
        assert self.link(show(host, "{{ qrlogin() }}")) == "/login"
        assert self.link(host.browser().get("/own?next=/docs").text) == "/login?next=%2Fdocs"
        assert self.link(host.browser().get("/qrlogin/").text) == "/login"
        browser = host.browser()
        browser.start(next="/docs")
        assert self.link(browser.show().text) == "/login?next=%2Fdocs"

    def test_is_not_on_that_page_itself(self, host: Host) -> None:
        assert self.link(host.browser().get("/login?next=/docs").text) is None

    @pytest.mark.parametrize("view", ["qrlogin.login", "/qrlogin/", None])
    def test_nor_where_there_is_no_other(self, host: Host, view: str | None) -> None:
        host.login_manager.login_view = view
        assert self.link(show(host, "{{ qrlogin() }}")) is None

    def test_nor_where_a_code_is_the_second_step(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_REQUIRE_LOGIN=True)
        page = show(host, "{{ qrlogin() }}", name="anna")
        assert "which cannot scan its own screen" in page
        assert "another way" not in page

    def test_may_lead_to_another_site(self, host: Host) -> None:
        host.login_manager.login_view = "https://sso.example/own"
        assert self.link(show(host, "{{ qrlogin() }}")) == "https://sso.example/own"


class TestAppLink:
    def test_is_not_there_by_default(self, host: Host) -> None:
        browser = host.browser()
        assert "app_link" not in browser.start()["qr"]
        assert "Open in the app" not in browser.show().text

    def test_is_asked_for_with_the_token_of_each_picture(self, host: Host) -> None:
        host.qrlogin.app_link(lambda url, token: f"harbour-app://qr?url={url}&token={token}")
        browser = host.browser()
        qr = browser.start()["qr"]
        token = browser.token
        assert qr["app_link"] == f"harbour-app://qr?url={qr['url']}&token={token}"
        host.clock.advance(31)
        assert browser.poll()["qr"]["app_link"].endswith(browser.token)
        assert browser.token != token
        assert 'href="harbour-app://qr?url=' in browser.show().text

    def test_may_be_none_for_some(self, host: Host) -> None:
        host.qrlogin.app_link(lambda url, token: None)
        assert "app_link" not in host.browser().start()["qr"]

    @pytest.mark.parametrize(
        "link",
        [
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " javascript:alert(1)",
            "java\tscript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "blob:https://example.com/x",
            "file:///etc/passwd",
            "/path",
            "//evil.example",
            "",
        ],
    )
    def test_that_would_run_or_read_something_here_is_refused(self, host: Host, link: str) -> None:
        host.qrlogin.app_link(lambda url, token: link)
        with pytest.raises(ValueError, match="app_link"):
            host.browser().start()
        assert host.rows() == []

    @pytest.mark.parametrize(
        "link", ["https://example.com/app/x", "harbour-app:x", "intent://x#Intent;end", "a.b+c://x"]
    )
    def test_of_the_web_or_an_app_is_taken(self, host: Host, link: str) -> None:
        host.qrlogin.app_link(lambda url, token: link)
        assert host.browser().start()["qr"]["app_link"] == link


class TestLogo:
    def test_is_named_in_the_answers_and_lies_over_the_code(self, make_host: MakeHost) -> None:
        style = QRStyle(logo_url="/static/logo.svg")
        host = make_host(qrlogin=QRLogin(qr_style=style))
        logo = '<img class="qrlogin-logo" src="/static/logo.svg" alt=""'
        assert logo in show(host, "{{ qrlogin() }}")
        browser = host.browser()
        assert browser.start()["qr"]["logo_url"] == "/static/logo.svg"
        assert logo in browser.show().text

    def test_is_not_there_by_default(self, host: Host) -> None:
        assert "qrlogin-logo" not in show(host, "{{ qrlogin() }}")
        browser = host.browser()
        assert "logo_url" not in browser.start()["qr"]
        assert "qrlogin-logo" not in browser.show().text


class TestUserCode:
    def test_is_offered_where_codes_can_be_typed(self, make_host: MakeHost) -> None:
        host = make_host(
            prepare=lambda app: Limiter(get_remote_address, app=app, storage_uri="memory://"),
            QRLOGIN_USER_CODE=True,
        )
        assert "<bdi>localhost/qrlogin/code</bdi>" in show(host, "{{ qrlogin() }}")
        browser = host.browser()
        spelt = " ".join(browser.start()["user_code"]["text"])
        assert spelt in browser.show().text

    def test_and_nowhere_else(self, host: Host) -> None:
        assert "No camera?" not in show(host, "{{ qrlogin() }}")
        browser = host.browser()
        assert "user_code" not in browser.start()
        assert "No camera?" not in browser.show().text


def test_no_page_reloads_by_itself(host: Host) -> None:
    browser = host.browser()
    browser.start()
    answer = browser.show()
    page = answer.text
    assert "http-equiv" not in page
    assert "Refresh" not in answer.headers
    assert "This picture of the code works for 60 seconds." in page
    assert f'href="{browser.request["links"]["self"]}">Show a fresh code' in page


@pytest.mark.parametrize("reason", ["number_mismatch", "not_me", "device_ended", None])
def test_the_page_without_javascript_says_why_it_was_denied(host: Host, reason: str | None) -> None:
    browser, app = host.browser(), host.native_app()
    browser.start()
    app.scan(browser.token)
    app.decide("deny")
    said = {
        "number_mismatch": "The number that was given on the phone was wrong.",
        "not_me": "The person said that it was not them.",
        "device_ended": "The phone was logged out meanwhile.",
        None: "Denied on the phone.",
    }
    value = "NULL" if reason is None else f"'{reason}'"
    host.execute(f"UPDATE qrlogin_login_request SET reason = {value}")
    page = browser.show().text
    assert [sentence for sentence in said.values() if sentence in page] == [said[reason]]


def test_every_slot_of_the_panel_is_one_that_the_script_knows(host: Host) -> None:
    page = show(host, "{{ qrlogin_button() }}")
    script = _script(host)
    for name in set(re.findall(r"\sdata-([a-z-]+)", page)) - {"say", "action", "state", "reason"}:
        assert f'"{name}"' in script, name


def _script(host: Host) -> str:
    url = re.search(r'src="([^"]+element\.js)"', host.browser().get("/qrlogin/").text)
    assert url is not None
    return host.browser().get(url[1]).text


class TestWhereTheAppLacksSomething:
    def lacking(self, make_host: MakeHost) -> Host:
        host = make_host(TESTING=False, DEBUG=False)
        host.app.add_url_rule(
            "/own", view_func=lambda: flask.render_template_string("Password {{ qrlogin() }}")
        )
        return host

    def test_the_rest_of_the_page_is_shown_and_the_log_tells(
        self, make_host: MakeHost, caplog: pytest.LogCaptureFixture
    ) -> None:
        # Nothing says which host to trust.
        assert self.lacking(make_host).browser().get("/own").text == "Password "
        assert "leaves its panel out" in caplog.text
        assert "Set QRLOGIN_BASE_URL" in caplog.text

    def test_whoever_develops_is_told_at_once(self, make_host: MakeHost) -> None:
        host = self.lacking(make_host)
        host.app.testing = True
        host.app.config["SECRET_KEY"] = None
        with pytest.raises(ConfigurationError, match="SECRET_KEY"):
            host.browser().get("/own")

    def test_a_login_view_that_is_none_takes_nothing_down(self, host: Host) -> None:
        host.login_manager.login_view = "no.such.view"
        assert host.browser().get("/qrlogin/").status_code == 200
        result = host.app.test_cli_runner().invoke(args=["qrlogin", "config"])
        assert result.exit_code == 1
        assert "login_view is 'no.such.view', and no view has that name" in result.output


def test_a_nonce_stands_at_the_script_and_the_stylesheet(host: Host) -> None:
    for source in ("{{ qrlogin(nonce='abc') }}", "{{ qrlogin_button(nonce='abc') }}"):
        with host.app.test_request_context():
            page = flask.render_template_string(source)
        assert page.count("<script") == len(re.findall(r'<script[^>]* nonce="abc">', page)) == 1
        assert page.count("<link") == len(re.findall(r'<link[^>]* nonce="abc">', page))


@pytest.mark.parametrize("page", ["s/x", "code", "scan"])
def test_a_phone_on_its_way_to_approve_is_shown_no_code(host: Host, page: str) -> None:
    assert "<qr-login" not in host.browser().get(f"/login?next=/qrlogin/{page}").text
