"""What an OpenTelemetry meter is told of logins."""

from __future__ import annotations

import collections.abc as c
import gc
import pathlib
import sys
import typing as t
import weakref

import opentelemetry.metrics
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.metrics.export import Metric

from flask_qrlogin import QRLogin
from flask_qrlogin import signals
from flask_qrlogin.testing import Clock
from tests.web.conftest import MakeHost
from tests.web.host import Host


class Meter:
    """Keeps what every app of a test has told."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.provider = MeterProvider([self._reader], shutdown_on_exit=False)

    def metrics(self) -> dict[str, Metric]:
        data = self._reader.get_metrics_data()
        found = data.resource_metrics if data is not None else []
        scopes = [scope for resource in found for scope in resource.scope_metrics]
        assert {scope.scope.name for scope in scopes} <= {"flask_qrlogin"}
        return {metric.name: metric for scope in scopes for metric in scope.metrics}

    def points(self, name: str, *, app: str = "host") -> list[t.Any]:
        """Return the data points of one app, without its name."""
        metric = self.metrics().get(name)
        points = [] if metric is None else metric.data.data_points
        return [p for p in points if (p.attributes or {}).get("qrlogin.app") == app]

    def counted(self, **only: str) -> dict[str, int]:
        """Return how many requests reached each state, with the reason where there is one."""
        return {
            " ".join(
                str(value) for key, value in sorted(p.attributes.items(), reverse=True)[:-1]
            ): (p.value)
            for p in self.points("qrlogin.requests", **only)
        }


@pytest.fixture
def meter(monkeypatch: pytest.MonkeyPatch) -> c.Iterator[Meter]:
    meter = Meter()
    monkeypatch.setattr(opentelemetry.metrics, "get_meter", meter.provider.get_meter)
    yield meter
    meter.provider.shutdown()


def test_each_state_is_counted(meter: Meter, make_host: MakeHost) -> None:
    host = make_host()
    host.log_in_by_qr(host.browser())
    browser = host.browser()
    browser.start()
    browser.cancel()
    host.browser().start()
    host.clock.advance(3600)
    with host.app.app_context():
        host.state.login_requests.purge(10)
    assert meter.counted() == {
        "pending": 3,
        "scanned": 1,
        "approved": 1,
        "redeemed": 1,
        "cancelled": 1,
        "expired": 1,
    }
    assert meter.metrics()["qrlogin.requests"].unit == "{request}"


def test_a_denial_is_counted_with_its_reason_if_there_is_one(
    meter: Meter, make_host: MakeHost
) -> None:
    host = make_host(QRLOGIN_CONFIRMATION="match")
    for action, fields in (("deny", {}), ("approve", {"number": "00"})):
        browser, app = host.browser(), host.native_app()
        browser.start()
        app.scan(browser.token)
        app.decide(action, **fields)
    counted = meter.counted()
    assert (counted["denied"], counted["denied number_mismatch"]) == (1, 1)


def test_scan_and_approval_are_timed(meter: Meter, make_host: MakeHost) -> None:
    host = make_host()
    browser, app = host.browser(), host.native_app()
    browser.start()
    host.clock.advance(7)
    app.scan(browser.token)
    host.clock.advance(1)
    app.scan(browser.token)  # Again: it was scanned by then.
    host.clock.advance(3)
    app.decide("approve")
    app.decide("approve")
    (scan,) = t.cast(list[HistogramDataPoint], meter.points("qrlogin.scan.duration"))
    assert (scan.count, scan.sum) == (1, 7)
    (approval,) = t.cast(list[HistogramDataPoint], meter.points("qrlogin.approval.duration"))
    assert (approval.count, approval.sum) == (1, 4)
    assert (approval.attributes or {})["qrlogin.confirmation"] == "tap"
    # A person takes seconds, and the code lives for five minutes.
    assert scan.explicit_bounds == approval.explicit_bounds
    assert (scan.explicit_bounds[0], scan.explicit_bounds[-1]) == (1, 300)
    assert meter.metrics()["qrlogin.scan.duration"].unit == "s"


def test_no_attribute_tells_who_it_is(meter: Meter, make_host: MakeHost) -> None:
    host = make_host(QRLOGIN_CONFIRMATION="match")
    browser, app = host.browser(), host.native_app()
    browser.start()
    app.scan(browser.token)
    app.decide("approve", number=browser.poll()["number"])
    assert browser.poll(since=2)["state"] == "redeemed"
    attributes = {
        (key, value)
        for metric in meter.metrics().values()
        for point in metric.data.data_points
        for key, value in (point.attributes or {}).items()
        if (point.attributes or {})["qrlogin.app"] == "host"
    }
    assert attributes == {
        ("qrlogin.app", "host"),
        ("qrlogin.confirmation", "match"),
        *(("qrlogin.state", state) for state in ("pending", "scanned", "approved", "redeemed")),
    }


def test_polls_that_wait_are_seen(meter: Meter, make_host: MakeHost) -> None:
    host = make_host()
    with host.app.app_context():
        before = host.state.held_polls
        room = host.state.waiting
        waiter = room.enter("0" * 32, since=1, seconds=5, places=1)
    assert waiter is not None
    (point,) = meter.points("qrlogin.waiting_polls")
    room.leave(waiter)
    (later,) = meter.points("qrlogin.waiting_polls")
    assert (before, point.value - later.value) == (0, 1)


def test_two_apps_are_told_apart(meter: Meter, make_host: MakeHost) -> None:
    clock = Clock()
    qrlogin = QRLogin(clock=clock)
    hosts = [
        make_host(
            qrlogin=qrlogin,
            clock=clock,
            prepare=lambda app, name=name: setattr(app, "name", name),
        )
        for name in ("one", "two")
    ]
    hosts[0].browser().start()
    for _ in range(2):
        hosts[1].browser().start()
    assert meter.counted(app="one") == {"pending": 1}
    assert meter.counted(app="two") == {"pending": 2}


def test_an_app_may_come_before_the_sdk(
    make_host: MakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """OpenTelemetry's own proxies do that; here they must get what a real meter gets."""
    from opentelemetry.metrics import _internal

    proxies = _internal._ProxyMeterProvider()
    monkeypatch.setattr(opentelemetry.metrics, "get_meter", proxies.get_meter)
    host = make_host()
    host.browser().start()  # Nobody counts it.
    meter = Meter()
    proxies.on_set_meter_provider(meter.provider)
    host.log_in_by_qr(host.browser())
    assert meter.counted() == {"pending": 1, "scanned": 1, "approved": 1, "redeemed": 1}
    assert len(meter.points("qrlogin.waiting_polls")) == 1
    meter.provider.shutdown()


def test_without_the_package_all_works(
    make_host: MakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "opentelemetry"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    host = make_host()
    names = {
        receiver.__module__
        for signal in signals.BY_STATE.values()
        for receiver in signal.receivers_for(host.app)
    }
    assert names == {"flask_qrlogin.observe.audit_log"}
    assert host.log_in_by_qr(host.browser())["state"] == "redeemed"


def test_what_no_sdk_asks_for_keeps_no_app_alive(tmp_path: pathlib.Path) -> None:
    host = Host(tmp_path / "host")
    host.browser().start()
    host.close()
    gone = weakref.ref(host.state)
    del host
    gc.collect()
    assert gone() is None
