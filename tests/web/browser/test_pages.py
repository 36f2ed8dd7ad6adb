"""The pages of the browser that waits, ours and the host's."""

from __future__ import annotations

import flask
import pytest
from werkzeug.test import TestResponse

from tests.web.conftest import MakeHost
from tests.web.host import Host
from tests.web.parties import Browser
from tests.web.parties import Client
from tests.web.parties import forms
from tests.web.parties import PAGE
from tests.web.parties import set_cookies


class TestAlreadyLoggedIn:
    def visit(self, client: Client, query: str = "") -> TestResponse:
        return client.get(f"/qrlogin/{query}")

    def test_is_sent_on(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_REDIRECT="/start")
        browser = host.browser()
        assert self.visit(browser).status_code == 200
        browser.log_in("anna")
        assert self.visit(browser).headers["Location"] == "/start"
        assert self.visit(browser, "?next=/docs").headers["Location"] == "/docs"
        assert self.visit(browser, "?next=//evil.example").headers["Location"] == "/start"

    def test_but_not_who_may_not_log_in(self, host: Host) -> None:
        browser = host.browser()
        browser.log_in("anna")
        host.change_user("anna", active=False)
        assert self.visit(browser).status_code == 200

    def test_and_nobody_where_logins_are_disabled(self, make_host: MakeHost) -> None:
        host = make_host(LOGIN_DISABLED=True)
        assert self.visit(host.browser()).status_code == 200


class TestPages:
    def test_the_page_without_javascript_follows_the_state(self, host: Host) -> None:
        browser, phone = host.browser(), host.phone("anna")
        browser.start()
        links = browser.request["links"]
        assert links["qr_svg"] in browser.show().text
        phone.scan(browser.url)
        assert links["qr_svg"] not in browser.show().text
        assert "Anna Berg" in browser.show().text
        assert {form.action for form in forms(browser.show())} == {links["poll"], links["cancel"]}
        phone.tap("deny")
        assert forms(browser.show()) == []

    def test_the_panel_goes_into_a_page_of_the_host(self, host: Host) -> None:
        page = host.browser().get("/login?next=/docs")
        assert "<qr-login" in page.text
        (form,) = forms(page)
        assert (form.action, form.fields) == ("/qrlogin/requests", {"next": "/docs"})
        assert "Content-Security-Policy" not in page.headers

    def test_the_panel_is_left_out_where_a_phone_logs_in_for_a_code(
        self, host: Host, browser: Browser
    ) -> None:
        login_page = host.phone().open(browser.url).headers["Location"]
        assert "<qr-login" not in browser.get(login_page).text
        assert "<qr-login" in browser.get("/login?next=/qrlogin-news").text

    @pytest.mark.parametrize("next", ["welcome", "//evil.example", "/qrlogin/"])
    def test_the_panel_refuses_to_go_where_it_may_not(self, host: Host, next: str) -> None:
        host.write_template("own.html", f"{{{{ qrlogin(next='{next}') }}}}")
        host.app.add_url_rule("/own", view_func=lambda: flask.render_template("own.html"))
        with pytest.raises(ValueError, match="a path of this site"):
            host.browser().get("/own")

    def test_the_panel_may_name_where_to_go(self, host: Host) -> None:
        host.write_template("own.html", "{{ qrlogin(next='/reports') }}")
        host.app.add_url_rule("/own", view_func=lambda: flask.render_template("own.html"))
        (form,) = forms(host.browser().get("/own?next=/docs"))
        assert form.fields == {"next": "/reports"}

    def test_a_host_may_override_a_page_and_extend_ours(self, host: Host) -> None:
        host.write_template(
            "qrlogin/login.html",
            "{% extends 'qrlogin/_login.html' %}{% block footer %}Ours, {{ 1 + 1 }}{% endblock %}",
        )
        page = host.browser().get("/qrlogin/")
        assert "Ours, 2" in page.text
        assert "<qr-login" in page.text

    def test_a_person_without_javascript_is_refused_with_a_page(self, browser: Browser) -> None:
        answer = browser.get("/qrlogin/requests/unknown", Accept=PAGE)
        assert (answer.status_code, answer.mimetype) == (404, "text/html")
        assert 'href="/qrlogin/"' in answer.text
        assert not set_cookies(answer)
