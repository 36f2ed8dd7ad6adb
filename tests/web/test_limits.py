"""What is counted by Flask-Limiter: each budget belongs to somebody, and none to everybody."""

from __future__ import annotations

import collections.abc as c
import pathlib
import re
import sys
import types
import typing as t

import flask
import flask_limiter
import pytest
from flask_limiter import ExemptionScope
from flask_limiter.util import get_remote_address
from werkzeug.test import TestResponse

from flask_qrlogin import ConfigurationError
from flask_qrlogin.config import budgets
from flask_qrlogin.core import tokens
from flask_qrlogin.testing import Clock
from tests.servers import Redis
from tests.servers import running

from .conftest import MakeHost
from .host import Host
from .parties import Browser
from .parties import PAGE
from .parties import Phone
from .parties import problem

OFFICE, ELSEWHERE = "192.0.2.7", "198.51.100.9"

MakeLimited: t.TypeAlias = c.Callable[..., Host]


@pytest.fixture
def make_limited(make_host: MakeHost, monkeypatch: pytest.MonkeyPatch) -> MakeLimited:
    """Make hosts with Flask-Limiter, whose time is the host's clock."""
    clock = Clock()
    time = types.SimpleNamespace(time=lambda: clock().timestamp())
    for module in ("limits.storage.memory", "limits.strategies", "flask_qrlogin.web.limits"):
        monkeypatch.setattr(f"{module}.time", time)

    def make(**arguments: t.Any) -> Host:
        return make_host(**{"prepare": add_limiter, "clock": clock} | arguments)

    return make


def add_limiter(app: flask.Flask, **options: t.Any) -> flask_limiter.Limiter:
    return flask_limiter.Limiter(get_remote_address, app=app, storage_uri="memory://", **options)


class WithoutManager:
    """A Flask-Limiter that has no ``limit_manager``."""

    def __init__(self, limiter: flask_limiter.Limiter) -> None:
        self._limiter = limiter

    def __getattr__(self, name: str) -> t.Any:
        if name == "limit_manager":
            raise AttributeError(name)
        return getattr(self._limiter, name)


def browser_at(host: Host, address: str) -> Browser:
    browser = host.browser()
    browser.jar.environ_base["REMOTE_ADDR"] = address
    return browser


def start(browser: Browser) -> int:
    """Ask for a code without keeping its cookie."""
    status = browser.post("/qrlogin/requests").status_code
    for name in browser.cookies():
        if name != "qrlogin-browser":
            browser.jar.delete_cookie(name)
    return status


class TestCodes:
    def test_of_an_office_of_200_with_three_pages_each_are_shown(
        self, make_limited: MakeLimited
    ) -> None:
        """For as long as their pages ask by themselves: five codes in 25 minutes."""
        host = make_limited()
        browser = browser_at(host, OFFICE)
        for _ in range(2):
            assert {start(browser) for _ in range(600)} == {201}
            host.clock.advance(300)

    def test_are_counted_by_address(self, make_limited: MakeLimited) -> None:
        host = make_limited(QRLOGIN_RATE_LIMITS={"start_address": "3 per minute"})
        flood = browser_at(host, OFFICE)
        assert [start(flood) for _ in range(5)] == [201, 201, 201, 429, 429]
        assert start(browser_at(host, ELSEWHERE)) == 201
        assert start(browser_at(host, "192.0.2.8")) == 201

    def test_are_counted_by_network_where_one_has_billions_of_addresses(
        self, make_limited: MakeLimited
    ) -> None:
        host = make_limited(QRLOGIN_RATE_LIMITS={"start_address": "1 per minute"})
        assert start(browser_at(host, "2001:db8:0:1::1")) == 201
        assert start(browser_at(host, "2001:db8:0:ff::2")) == 429
        assert start(browser_at(host, "2001:db8:0:100::1")) == 201

    @pytest.mark.parametrize("address", ["127.0.0.1", "::1", "", "unix:"])
    def test_are_not_counted_where_an_address_is_nobodys(
        self, make_limited: MakeLimited, address: str
    ) -> None:
        host = make_limited(QRLOGIN_RATE_LIMITS={"start_address": "1 per minute"})
        assert {start(browser_at(host, address)) for _ in range(3)} == {201}

    def test_cannot_be_had_by_naming_other_addresses(self, make_limited: MakeLimited) -> None:
        host = make_limited(QRLOGIN_RATE_LIMITS={"start_address": "1 per minute"})
        statuses = []
        for number in range(3):
            browser = browser_at(host, OFFICE)
            browser.headers = {"X-Forwarded-For": f"203.0.113.{number}"}
            statuses.append(start(browser))
        assert statuses == [201, 429, 429]

    def test_say_what_may_be_wrong_where_a_proxy_is_not_known(
        self, make_limited: MakeLimited, caplog: pytest.LogCaptureFixture
    ) -> None:
        host = make_limited(QRLOGIN_RATE_LIMITS={"start_address": "1 per minute"})
        browser = browser_at(host, OFFICE)
        start(browser)
        assert start(browser) == 429
        assert "ProxyFix" not in caplog.text
        browser.headers = {"X-Forwarded-For": "203.0.113.1"}
        assert start(browser) == 429
        assert "from 192.0.2.7, which forwards" in caplog.text

    def test_of_a_known_browser_do_not_depend_on_its_neighbours(
        self, make_limited: MakeLimited
    ) -> None:
        host = make_limited(
            QRLOGIN_RATE_LIMITS={"start_address": "1 per minute", "start_browser": "2 per minute"}
        )
        flood, known = browser_at(host, OFFICE), browser_at(host, OFFICE)
        assert [start(flood), start(flood)] == [201, 429]
        signer = tokens.IdSigner(["a key of the host"], "browser")
        value = signer.write(tokens.new_id(), host.clock())
        known.keep_cookie("qrlogin-browser", value)
        assert [start(known) for _ in range(3)] == [201, 201, 429]
        known.keep_cookie("qrlogin-browser", f"{value[:-1]}x")
        assert start(known) == 429

    def test_come_again_when_the_time_is_over(self, make_limited: MakeLimited) -> None:
        host = make_limited(QRLOGIN_RATE_LIMITS={"start_address": "1 per minute; 2 per hour"})
        browser = browser_at(host, OFFICE)
        browser.start()
        host.clock.advance(17.5)
        refused = browser.post("/qrlogin/requests")
        assert problem(refused) == (429, "rate_limited")
        assert refused.headers["Retry-After"] == "43"
        host.clock.advance(43)
        assert start(browser) == 201
        host.clock.advance(61)
        refused = browser.post("/qrlogin/requests")
        assert 3400 < int(refused.headers["Retry-After"]) < 3600

    def test_are_refused_to_people_with_a_page(self, make_limited: MakeLimited) -> None:
        host = make_limited(QRLOGIN_RATE_LIMITS={"start_address": "1 per minute"})
        browser = browser_at(host, OFFICE)
        browser.start()
        refused = browser.post("/qrlogin/requests", form={})
        assert refused.status_code == 429
        assert refused.mimetype == "text/html"
        assert "Too many requests." in refused.text
        assert refused.headers["Retry-After"] == "60"


class TestPolls:
    def test_may_come_every_second_as_long_as_a_request_lives(
        self, make_limited: MakeLimited
    ) -> None:
        host = make_limited()
        browser = browser_at(host, OFFICE)
        browser.start()
        for _ in range(299):
            host.clock.advance(1)
            browser.poll()

    def test_are_counted_by_request(self, make_limited: MakeLimited) -> None:
        host = make_limited(QRLOGIN_RATE_LIMITS={"poll": "2 per minute"})
        one, other = browser_at(host, OFFICE), browser_at(host, OFFICE)
        one.start()
        other.start()
        assert [one.try_poll().status_code for _ in range(3)] == [200, 200, 429]
        assert one.show().status_code == 429
        assert one.get(one.request["links"]["qr_svg"]).status_code == 429
        assert other.try_poll().status_code == 200

    def test_of_a_photographed_id_use_up_nothing_of_its_owner(
        self, make_limited: MakeLimited
    ) -> None:
        host = make_limited(QRLOGIN_RATE_LIMITS={"poll": "5 per minute", "invalid": "5 per minute"})
        browser = browser_at(host, OFFICE)
        browser.start()
        # In the same office, too.
        thief = browser_at(host, OFFICE)
        statuses = []
        for number in range(20):
            thief.keep_cookie(f"qrlogin-{browser.request['id']}", f"guess {number}")
            statuses.append(thief.post(browser.request["links"]["poll"]).status_code)
        assert statuses == [404] * 5 + [429] * 15
        assert [browser.try_poll().status_code for _ in range(5)] == [200] * 5
        assert start(browser_at(host, OFFICE)) == 201

    def test_that_log_in_are_not_refused(self, make_limited: MakeLimited) -> None:
        host = make_limited(QRLOGIN_RATE_LIMITS={"poll": "1 per minute"})
        browser = browser_at(host, OFFICE)
        browser.start()
        app = host.native_app()
        app.scan(browser.token)
        browser.poll()
        app.decide("approve")
        assert browser.poll()["state"] == "redeemed"


class TestWhatIsInvalid:
    def test_is_refused_more_and_more_shortly(self, make_limited: MakeLimited) -> None:
        host = make_limited(QRLOGIN_RATE_LIMITS={"invalid": "4 per minute"})
        browser = browser_at(host, OFFICE)
        browser.start()
        host.clock.advance(100)
        guesser, phone = browser_at(host, OFFICE), host.phone("anna")
        phone.jar.environ_base["REMOTE_ADDR"] = OFFICE
        app = host.native_app("ben")
        app.jar.environ_base["REMOTE_ADDR"] = OFFICE
        poll = f"/qrlogin/requests/{'0' * 32}/poll"
        assert problem(guesser.post(poll)) == (404, "request_not_found")
        assert phone.open(f"/qrlogin/s/{'A' * 38}").status_code == 400
        assert phone.open(browser.url).status_code == 410
        assert problem(app.scan("A" * 38)) == (400, "token_invalid")
        refused = app.scan("A" * 38)
        assert problem(refused) == (429, "rate_limited")
        assert refused.headers["Retry-After"] == "60"
        assert phone.open(browser.url).status_code == 429
        assert problem(guesser.post(poll)) == (429, "rate_limited")
        # What is valid is not counted there.
        assert browser.try_poll().status_code == 200
        browser.poll()
        assert phone.open(browser.url).status_code == 200
        elsewhere = browser_at(host, ELSEWHERE)
        assert problem(elsewhere.post(poll)) == (404, "request_not_found")

    def test_is_not_what_somebody_may_not_do(self, make_limited: MakeLimited) -> None:
        host = make_limited(QRLOGIN_RATE_LIMITS={"invalid": "1 per minute"})
        browser = browser_at(host, OFFICE)
        browser.post_headers = {}
        for _ in range(3):
            assert problem(browser.post("/qrlogin/requests")) == (403, "origin_refused")


def embed(phone: Phone, url: str) -> TestResponse:
    return phone.get(url, Sec_Fetch_Dest="image", Sec_Fetch_Site="cross-site")


class TestPeople:
    def test_are_counted_each_for_themselves(self, make_limited: MakeLimited) -> None:
        host = make_limited(QRLOGIN_RATE_LIMITS={"scan": "2 per minute"})
        browser = host.browser()
        browser.start()
        app = host.native_app("anna")
        assert app.scan(browser.token).status_code == 200
        assert app.scan(browser.token).status_code == 200
        assert problem(app.scan(browser.token)) == (429, "rate_limited")
        assert app.decide("approve").status_code == 200
        browser.start()
        assert problem(host.native_app("anna").scan(browser.token)) == (429, "rate_limited")
        assert host.native_app("ben").scan(browser.token).status_code == 200

    def test_looking_at_a_code_does_not_use_up_scanning_it(self, make_limited: MakeLimited) -> None:
        host = make_limited(QRLOGIN_RATE_LIMITS={"lookup": "2 per minute", "scan": "1 per minute"})
        browser, phone = host.browser(), host.phone("anna")
        browser.start()
        # A page of another site that shows it as a picture, again and again.
        for _ in range(5):
            assert embed(phone, browser.url).status_code == 200
        assert [phone.open(browser.url).status_code for _ in range(3)] == [200, 200, 429]
        assert host.native_app("anna").scan(browser.token).status_code == 200

    def test_known_browsers_are_counted_together_too(self, make_limited: MakeLimited) -> None:
        host = make_limited(QRLOGIN_RATE_LIMITS={"start_known": "2 per minute"})
        browsers = [host.browser() for _ in range(3)]
        for browser in browsers:
            browser.move_to("192.0.2.1")
            host.log_in_by_qr(browser)
            browser.log_out()
        statuses = [browser.post("/qrlogin/requests").status_code for browser in browsers]
        assert statuses == [201, 201, 429]

    def test_who_are_not_logged_in_are_counted_by_address(self, make_limited: MakeLimited) -> None:
        host = make_limited(QRLOGIN_RATE_LIMITS={"lookup_address": "1 per minute"})
        browser = host.browser()
        browser.start()
        stranger, person = host.phone(), host.phone("anna")
        for phone in (stranger, person):
            phone.jar.environ_base["REMOTE_ADDR"] = OFFICE
        assert [stranger.open(browser.url).status_code for _ in range(2)] == [302, 429]
        assert person.open(browser.url).status_code == 200

    def test_approve_only_so_often_and_deny_as_they_like(self, make_limited: MakeLimited) -> None:
        host = make_limited(QRLOGIN_RATE_LIMITS={"approve": "2 per minute"})
        browser = host.browser()
        browser.start()
        app = host.native_app("anna")
        app.scan(browser.token)
        statuses = [app.decide("approve").status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        assert app.decide("deny").status_code == 200

    def test_find_their_devices_whatever_is_done_at_one_of_them(
        self, make_limited: MakeLimited
    ) -> None:
        host = make_limited(QRLOGIN_RATE_LIMITS={"devices": "2 per minute"})
        stolen, own = browser_at(host, OFFICE), host.phone("anna")
        host.log_in_by_qr(stolen, "anna")
        own.jar.environ_base["REMOTE_ADDR"] = ELSEWHERE
        url = "/qrlogin/devices"
        assert [stolen.get(url, Accept=PAGE).status_code for _ in range(3)] == [200, 200, 429]
        assert own.get(url, Accept=PAGE).status_code == 200
        # Ending is not counted.
        for _ in range(5):
            assert own.post("/qrlogin/devices/end-others", form={}).status_code == 303
        assert stolen.who() == "nobody"


class TestTheLimiter:
    def test_may_come_after_us(self, make_limited: MakeLimited) -> None:
        host = make_limited(prepare=None, QRLOGIN_RATE_LIMITS={"start_address": "1 per minute"})
        add_limiter(host.app)
        browser = browser_at(host, OFFICE)
        assert [start(browser), start(browser)] == [201, 429]

    @pytest.mark.parametrize(
        "strategy", ["fixed-window", "moving-window", "sliding-window-counter"]
    )
    def test_counts_by_the_strategy_of_the_host(
        self, make_limited: MakeLimited, strategy: str
    ) -> None:
        host = make_limited(
            QRLOGIN_RATE_LIMITS={"start_address": "2 per minute"}, RATELIMIT_STRATEGY=strategy
        )
        browser = browser_at(host, OFFICE)
        assert [start(browser) for _ in range(3)] == [201, 201, 429]
        seconds = int(browser.post("/qrlogin/requests").headers["Retry-After"])
        assert 1 <= seconds <= 60

    @pytest.mark.parametrize("key", ["RATELIMIT_KEY_PREFIX", "SECRET_KEY"])
    def test_counts_two_apps_in_one_storage_apart(
        self, make_limited: MakeLimited, key: str
    ) -> None:
        limits = {"start_address": "1 per minute"}
        one = make_limited(QRLOGIN_RATE_LIMITS=limits, **{key: "one"})
        other = make_limited(QRLOGIN_RATE_LIMITS=limits, **{key: "other"})
        (limiter,) = one.app.extensions["limiter"]
        (other_limiter,) = other.app.extensions["limiter"]
        other_limiter._limiter = limiter._limiter
        assert start(browser_at(one, OFFICE)) == 201
        assert start(browser_at(other, OFFICE)) == 201
        assert start(browser_at(one, OFFICE)) == 429

    def test_counts_together_with_other_processes_until_its_server_dies(
        self, make_host: MakeHost, caplog: pytest.LogCaptureFixture
    ) -> None:
        with running(Redis) as server:
            one, other = (
                make_host(
                    prepare=lambda app: flask_limiter.Limiter(
                        get_remote_address, app=app, storage_uri=server.url
                    ),
                    QRLOGIN_RATE_LIMITS={"start_address": "2 per hour"},
                )
                for _ in range(2)
            )
            assert start(browser_at(one, OFFICE)) == 201
            assert start(browser_at(other, OFFICE)) == 201
            refused = browser_at(one, OFFICE).post("/qrlogin/requests")
            assert problem(refused) == (429, "rate_limited")
            assert 3500 < int(refused.headers["Retry-After"]) <= 3600
        assert start(browser_at(one, OFFICE)) == 201
        assert "cannot count" in caplog.text

    def test_that_is_switched_off_counts_nothing(self, make_limited: MakeLimited) -> None:
        limits = {"start_address": "1 per minute"}
        host = make_limited(QRLOGIN_RATE_LIMITS=limits, RATELIMIT_ENABLED=False)
        browser = browser_at(host, OFFICE)
        assert {start(browser) for _ in range(3)} == {201}

    def test_lets_everything_through_where_its_storage_fails(
        self,
        make_limited: MakeLimited,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        host = make_limited(QRLOGIN_RATE_LIMITS={"start_address": "1 per minute"})
        (limiter,) = host.app.extensions["limiter"]

        def fail(*arguments: object) -> int:
            raise ConnectionError("No storage.")

        monkeypatch.setattr(limiter.storage, "incr", fail)
        browser = browser_at(host, OFFICE)
        assert {start(browser) for _ in range(3)} == {201}
        assert "cannot count" in caplog.text

    @pytest.mark.usefixtures("answers_of_the_host")
    def test_does_not_count_polls_as_pages(self, make_limited: MakeLimited) -> None:
        host = make_limited(
            prepare=lambda app: add_limiter(
                app, default_limits=["5 per hour"], application_limits=["20 per hour"]
            )
        )
        browser = browser_at(host, OFFICE)
        browser.start()
        assert {browser.try_poll().status_code for _ in range(10)} == {200}
        # What the host has set for everything counts for us too, and for its own pages all does.
        assert [browser.get("/").status_code for _ in range(6)] == [200] * 5 + [429]
        assert [browser.try_poll().status_code for _ in range(4)] == [200] * 3 + [429]

    def test_does_not_count_polls_as_pages_though_it_tells_no_exemptions(
        self, make_limited: MakeLimited
    ) -> None:
        host = make_limited(prepare=lambda app: add_limiter(app, default_limits=["5 per hour"]))
        (limiter,) = host.app.extensions["limiter"]
        host.app.extensions["limiter"] = {WithoutManager(limiter)}
        browser = browser_at(host, OFFICE)
        browser.start()
        assert {browser.try_poll().status_code for _ in range(10)} == {200}

    def test_keeps_what_the_host_has_taken_us_out_of(self, make_limited: MakeLimited) -> None:
        host = make_limited(prepare=lambda app: add_limiter(app, application_limits=["1 per hour"]))
        (limiter,) = host.app.extensions["limiter"]
        limiter.exempt(host.app.blueprints["qrlogin"], flags=ExemptionScope.APPLICATION)
        browser = browser_at(host, OFFICE)
        browser.start()
        assert {browser.try_poll().status_code for _ in range(3)} == {200}

    def test_adds_nothing_to_the_requests_of_the_host(self, make_limited: MakeLimited) -> None:
        alone = flask.Flask("alone")
        add_limiter(alone)
        host = make_limited()
        assert len(host.app.before_request_funcs[None]) == len(alone.before_request_funcs[None])


class TestConfiguration:
    def test_has_a_default_for_each_budget_as_documented(self) -> None:
        reference = (pathlib.Path(__file__).parents[2] / "docs/reference/limits.md").read_text()
        rows = re.findall(r"^\| `(\w+)` \|.*\| (\d+ per [\w ]+?) \|$", reference, re.MULTILINE)
        assert dict(rows) == budgets.DEFAULTS

    def test_budgets_without_a_limiter_are_a_mistake(self, make_host: MakeHost) -> None:
        host = make_host(QRLOGIN_RATE_LIMITS={"poll": None})
        with pytest.raises(ConfigurationError, match=r"QRLOGIN_RATE_LIMITS.*Limiter"):
            host.browser().get("/qrlogin/", Accept=PAGE)
        runner = host.app.test_cli_runner()
        assert "QRLOGIN_RATE_LIMITS says what" in runner.invoke(args=["qrlogin", "config"]).output

    @pytest.mark.parametrize(
        ("value", "words"),
        [
            ({"polls": "1/second"}, "a mapping of start_address, .*, invalid"),
            ({"poll": "often"}, "limits such as '30 per minute; 200/hour', as 'poll' is not"),
            ({"poll": "5 per fortnight"}, "'poll' is not"),
            ({"poll": 5}, "'poll' is not"),
            ("1/second", "a mapping such as"),
        ],
    )
    def test_what_cannot_be_read_is_refused(
        self, make_host: MakeHost, value: object, words: str
    ) -> None:
        with pytest.raises(ConfigurationError, match=words):
            make_host(QRLOGIN_RATE_LIMITS=value)

    def test_without_the_extra_the_message_names_it(
        self, make_host: MakeHost, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "limits", None)
        with pytest.raises(ConfigurationError, match=r"pip install 'flask-qrlogin\[limiter\]'"):
            make_host(QRLOGIN_RATE_LIMITS={"poll": "1 per second; 7 per minute"})
