"""What ``flask qrlogin stats`` counts is the same in every database."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import pathlib
from datetime import timedelta

import pytest
import sqlalchemy as sa

from flask_qrlogin.login_request import LoginRequest
from flask_qrlogin.login_request import State
from flask_qrlogin.models import linked_device_model
from flask_qrlogin.models import login_request_model
from flask_qrlogin.stores import sql_statistics
from flask_qrlogin.stores.sql import SQLStore
from flask_qrlogin.stores.sql_devices import SQLDeviceStore
from flask_qrlogin.testing.device_store_contract import make_device
from flask_qrlogin.testing.store_contract import NOW
from flask_qrlogin.testing.store_contract import pending

from ..servers import SQLServer


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def engine(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> c.Iterator[sa.Engine]:
    url = f"sqlite:///{tmp_path}/host.sqlite3"
    if request.param != "sqlite":
        server: SQLServer = request.getfixturevalue(request.param)
        url = server.url
    engine = sa.create_engine(url)
    yield engine
    engine.dispose()


@pytest.fixture
def store(engine: sa.Engine) -> SQLStore:
    store = SQLStore(engine, login_request_model(sa.MetaData()))
    store.create_table()
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM qrlogin_login_request")
    return store


@pytest.fixture
def devices(engine: sa.Engine) -> SQLDeviceStore:
    store = SQLDeviceStore(engine, linked_device_model(sa.MetaData()))
    store.create_table()
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM qrlogin_linked_device")
    return store


def request(
    state: State, *, scanned: float | None = None, decided: float | None = None, **fields: object
) -> LoginRequest:
    """Make a request that was scanned, and decided, so many seconds after its start."""
    return dataclasses.replace(
        pending(),
        state=state,
        scanned_at=None if scanned is None else NOW + timedelta(seconds=scanned),
        decided_at=None if decided is None else NOW + timedelta(seconds=decided),
        **fields,  # type: ignore[arg-type]
    )


def test_requests_are_counted_by_how_far_they_came(store: SQLStore) -> None:
    earlier = NOW - timedelta(seconds=1000)
    for each in (
        request(State.PENDING),
        request(State.PENDING, deadline=NOW),
        request(State.SCANNED, scanned=4.5),
        request(State.APPROVED, scanned=8, decided=9, deadline=NOW - timedelta(seconds=1)),
        request(State.REDEEMED, scanned=6, decided=9.25),
        request(State.DENIED, scanned=6, decided=60, reason="not_me"),
        request(State.DENIED, scanned=6, decided=60, reason="not_me"),
        request(State.DENIED, scanned=6, decided=60),
        request(State.CANCELLED),
        request(State.CANCELLED, created_at=earlier),
    ):
        store.add(each)
    counted = sql_statistics.of_requests(store, NOW)
    assert counted == sql_statistics.Statistics(
        oldest=earlier,
        reached={
            "started": 10,
            "scanned": 6,
            "approved": 2,
            "redeemed": 1,
            "denied": 3,
            "cancelled": 2,
            "expired": 2,
        },
        reasons={"not_me": 2},
        waiting={"pending": 1, "scanned": 1, "approved": 0},
        to_scan=sql_statistics.Seconds(median=6, p90=8),
        to_approve=sql_statistics.Seconds(median=2.125, p90=3.25),
    )
    recent = sql_statistics.of_requests(store, NOW, since=NOW - timedelta(seconds=1))
    assert (recent.oldest, recent.reached["started"]) == (NOW, 9)


def test_what_is_under_way_is_found_the_newest_first(store: SQLStore) -> None:
    first = request(State.SCANNED, scanned=1)
    second = request(State.PENDING, created_at=NOW + timedelta(seconds=1))
    for each in (first, second, request(State.REDEEMED), request(State.PENDING, deadline=NOW)):
        store.add(each)
    assert sql_statistics.under_way(store, NOW, 10) == [second, first]
    assert sql_statistics.under_way(store, NOW, 1) == [second]


def test_devices_are_counted_as_they_are_checked(devices: SQLDeviceStore) -> None:
    now = make_device().last_seen_at
    kept = [
        make_device(),
        make_device(last_seen_at=now - timedelta(seconds=60)),
        make_device(expires_at=now),
        make_device(ended_at=now, end_reason="logout"),
    ]
    for each in kept:
        devices.add(each)
    for idle in (None, timedelta(seconds=60), timedelta(seconds=61)):
        live = sum(each.is_live(now, idle=idle) for each in kept)
        assert sql_statistics.live_devices(devices, now, idle=idle) == live
    assert live == 2
