"""Every public name, as a host uses it, has the type that an editor should show."""

from __future__ import annotations

import collections.abc as c
import typing as t
from datetime import datetime
from datetime import UTC

import blinker
import flask
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from werkzeug.test import TestResponse

import flask_qrlogin
from flask_qrlogin import ConfigurationError
from flask_qrlogin import Confirmation
from flask_qrlogin import end_qr_logins
from flask_qrlogin import is_qr_login
from flask_qrlogin import linked_device_model
from flask_qrlogin import LinkedDevice
from flask_qrlogin import LinkedDeviceMixin
from flask_qrlogin import LinkedDeviceStore
from flask_qrlogin import login_request_model
from flask_qrlogin import LoginRequest
from flask_qrlogin import LoginRequestMixin
from flask_qrlogin import LoginRequestStore
from flask_qrlogin import Notifier
from flask_qrlogin import Place
from flask_qrlogin import Profile
from flask_qrlogin import qr_device
from flask_qrlogin import QRLogin
from flask_qrlogin import QRLoginError
from flask_qrlogin import QRStyle
from flask_qrlogin import Refusal
from flask_qrlogin import release_waiting
from flask_qrlogin import RiskSignals
from flask_qrlogin import signals
from flask_qrlogin import State
from flask_qrlogin import StoreUnavailable
from flask_qrlogin.core.errors import NotAllowed
from flask_qrlogin.stores.memory import MemoryStore
from flask_qrlogin.testing import Clock
from flask_qrlogin.testing import FakeApp
from flask_qrlogin.testing import FakeBrowser
from flask_qrlogin.testing import FakePhone
from flask_qrlogin.testing import Refused
from tests.testing.own_store import OwnStore


def added_to_an_app(app: flask.Flask, db: SQLAlchemy, notifier: Notifier) -> None:
    QRLogin(app)
    qrlogin = QRLogin(
        db=db,
        store=OwnStore("requests.sqlite3"),
        notifier=notifier,
        qr_style=QRStyle(),
        clock=lambda: datetime.now(UTC),
    )
    t.assert_type(qrlogin.init_app(app), None)
    QRLogin(app, db)  # type: ignore[call-arg]
    QRLogin(store="redis://localhost")  # type: ignore[arg-type]
    QRLogin(clock=lambda: 0.0)  # type: ignore[arg-type, return-value]
    release_waiting(app)


def own_models(metadata: sa.MetaData) -> None:
    t.assert_type(login_request_model(metadata), type[LoginRequestMixin])
    t.assert_type(linked_device_model(metadata), type[LinkedDeviceMixin])


def own_stores(own: OwnStore, memory: MemoryStore) -> list[LoginRequestStore]:
    other: LinkedDeviceStore = own  # type: ignore[assignment]
    del other
    return [own, memory]


def who_is_logged_in(user: object) -> None:
    t.assert_type(is_qr_login(), bool)
    t.assert_type(qr_device(), LinkedDevice | None)
    end_qr_logins(user)


def records(request: LoginRequest, device: LinkedDevice, told: RiskSignals) -> None:
    t.assert_type(request.id, str)
    t.assert_type(request.state, State)
    t.assert_type(request.state.is_end, bool)
    t.assert_type(request.state_at(datetime.now(UTC)), State)
    t.assert_type(request.created_at, datetime)
    t.assert_type(request.next, str | None)
    t.assert_type(request.user_id, str | None)
    t.assert_type(request.profile, Profile | None)
    t.assert_type(request.confirmation, Confirmation)
    t.assert_type(device.name, str)
    t.assert_type(device.place, str | None)
    t.assert_type(device.remembered, bool)
    t.assert_type(device.ended_at, datetime | None)
    t.assert_type(told.same_network, bool | None)
    t.assert_type(told.warnings, tuple[str, ...])
    t.assert_type(Place("Japan").town, str | None)
    t.assert_type(Profile("Ann").avatar_url, str | None)
    request.user_id = "7"  # type: ignore[misc]


def signals_are_told(app: flask.Flask) -> None:
    @signals.login_redeemed.connect_via(app)
    def note(sender: flask.Flask, *, login_request: LoginRequest, **extra: object) -> None:
        print(login_request.id)

    t.assert_type(signals.device_linked, blinker.NamedSignal)


def errors_are_caught(refusal: Refusal) -> None:
    t.assert_type(refusal.code, str)
    t.assert_type(refusal.status, int)
    t.assert_type(refusal.title, str)
    t.assert_type(refusal.detail, str | None)
    root: type[QRLoginError] = ConfigurationError
    root = NotAllowed
    root = StoreUnavailable
    print(root, flask_qrlogin.__version__)


def logins_are_played(app: flask.Flask, user: object, code: str) -> None:
    browser, phone = FakeBrowser(app, address="192.0.2.1"), FakePhone(app, user)
    native = FakeApp(app, authorization="Bearer token")
    t.assert_type(browser.show_code(next="/"), str)
    t.assert_type(browser.code, str)
    t.assert_type(browser.number, str | None)
    t.assert_type(browser.user_code, str | None)
    t.assert_type(browser.profile, Profile | None)
    t.assert_type(browser.state, State)
    t.assert_type(browser.user_id, str | None)
    t.assert_type(browser.get("/"), TestResponse)
    t.assert_type(browser.wait_for_login(), str)
    t.assert_type(browser.log_in_by(phone), str)
    t.assert_type(browser.log_in_by(native), str)
    t.assert_type(phone.open(code), TestResponse)
    phone.approve(number=browser.number, remember=True)
    phone.approve("42")  # type: ignore[call-arg]
    native.approve(number=browser.number, passkey="an answer")
    with Clock().set_in(app) as clock:
        t.assert_type(clock, Clock)
        clock.advance(0.5)
    ticking: c.Callable[[], datetime] = Clock()
    QRLogin(app, clock=ticking)
    t.assert_type(Refused.by(NotAllowed()).code, str)
