"""What belongs to one application: it lives in ``app.extensions["qrlogin"]``."""

from __future__ import annotations

import collections.abc as c
import threading
import typing as t
from datetime import datetime

import flask

from . import signals
from .config.geoip import GeoIP
from .config.host import Host
from .config.settings import Settings
from .core import tokens
from .core.devices import LinkedDevices
from .core.errors import ConfigurationError
from .core.linked_device import LinkedDevice
from .core.login_flow import LoginFlow
from .core.login_request import LoginRequest
from .core.login_request import State
from .core.ports import LinkedDeviceStore
from .core.ports import LoginRequestStore
from .core.ports import Notifier
from .core.repository import LoginRequests
from .hooks import Hooks
from .hooks import Place
from .qr.style import QRStyle
from .stores import opening as stores
from .stores.opening import Opened
from .waiting import opening as notifiers
from .waiting.pacing import Pacing
from .waiting.room import WaitingRoom

_KEY = "qrlogin"
#: What a browser waits for. It brings about the other states itself.
_BY_PHONE = (State.SCANNED, State.APPROVED, State.DENIED)


class AppState:
    """The parts of one application, put together on first use."""

    def __init__(
        self,
        *,
        settings: Settings,
        hooks: Hooks,
        given: stores.Given,
        notifier: Notifier | None,
        qr_style: QRStyle,
        clock: c.Callable[[], datetime],
    ) -> None:
        self.settings = settings
        self.hooks: Hooks = hooks
        self.host: Host = Host(settings)
        self.qr_style = qr_style
        self.pacing: Pacing = Pacing(settings.poll_interval)
        #: The time, as an aware datetime.
        self.now = clock
        self._given = given
        self._given_notifier = notifier
        self._lock = threading.RLock()
        #: Our engines, each beside the one of the host's that it connects as.
        self.engines: stores.Engines = {}
        self._flow: LoginFlow | None = None
        self._store: Opened[LoginRequestStore] | None = None
        self._device_store: Opened[LinkedDeviceStore] | None = None
        self._devices: LinkedDevices | None = None
        self._notifier: Opened[Notifier] | None = None
        self._waiting: WaitingRoom | None = None
        self._released = False
        database = settings.geoip_database
        self._geoip = None if database is None else GeoIP(database)

    def opened_store(self) -> Opened[LoginRequestStore]:
        """Return the store, opened on first use, since the database may be set up after us."""
        with self._lock:
            if self._store is None:
                self._store = stores.open_store(
                    _app(), self._given, self.settings.store, self.engines
                )
            return self._store

    def opened_device_store(self) -> Opened[LinkedDeviceStore]:
        """Return the store of linked devices, opened on first use."""
        with self._lock:
            if self._device_store is None:
                self._device_store = stores.open_device_store(
                    _app(), self._given, self.opened_store, self.engines
                )
            return self._device_store

    def opened_notifier(self) -> Opened[Notifier]:
        """Return what wakes waiting polls in other processes, opened on first use."""
        with self._lock:
            if self._notifier is None:
                self._notifier = notifiers.open_notifier(
                    self._given_notifier, self.settings.notifier, self.store
                )
            return self._notifier

    def locate(self, address: str) -> Place | None:
        """Return where a network address is: by the hook, else by ``QRLOGIN_GEOIP_DATABASE``."""
        locate = self.hooks.locate or self._geoip
        return None if locate is None else locate(address)

    @property
    def store(self) -> LoginRequestStore:
        """Where login requests are kept."""
        return self.opened_store().part

    @property
    def waiting(self) -> WaitingRoom:
        """The polls that this process holds."""
        if self._waiting is None:
            with self._lock:
                if self._waiting is None:
                    room = WaitingRoom(self.store.versions, self.opened_notifier().part)
                    if self._released:
                        room.release()
                    self._waiting = room
        return self._waiting

    @property
    def held_polls(self) -> int:
        """How many polls this process holds now; opens nothing."""
        return 0 if self._waiting is None else self._waiting.count

    def release_waiting(self) -> None:
        """Answer all polls that are held, and hold none from now on."""
        with self._lock:
            self._released = True
            if self._waiting is not None:
                self._waiting.release()

    def in_host_transaction(self) -> bool:
        """Tell whether the host's own session has begun one, which may keep a connection."""
        return stores.in_host_transaction(_app(), self._given)

    @property
    def login_requests(self) -> LoginRequests:
        """The login requests of this application."""
        return LoginRequests(self.store, clock=self.now, announce=self._announce)

    @property
    def devices(self) -> LinkedDevices:
        """The logins by QR code of this application, as long as they last."""
        if self._devices is None:
            with self._lock:
                self._devices = LinkedDevices(
                    self.opened_device_store().part,
                    self.login_requests,
                    lifetimes=self.settings.device_lifetimes,
                    announce=self._announce_device,
                )
        return self._devices

    @property
    def flow(self) -> LoginFlow:
        """What browsers and phones can do.

        Raises:
            ConfigurationError: the application lacks something that we need.
        """
        if self._flow is None:
            with self._lock:
                self.host.check()
                # One that cannot be used is told before anything is written.
                self.opened_notifier()
                self._flow = LoginFlow(
                    self.login_requests,
                    lifetimes=self.settings.lifetimes,
                    secret_keys=_secret_keys(),
                )
        return self._flow

    def id_signer(self, purpose: str) -> tokens.IdSigner:
        """Return what signs an id for one purpose with the app's keys."""
        return tokens.IdSigner(_secret_keys(), purpose)

    def app_mark(self) -> str:
        """Return what tells this app from others in a storage that they share, by its key."""
        return tokens.Signer(_secret_keys(), "app mark").sign(b"", 8).hex()

    def _announce(self, login_request: LoginRequest) -> None:
        """Wake who waits, and send the signal; of a login, ``host_session.log_in`` sends them."""
        if login_request.state is State.REDEEMED:
            return
        if login_request.state in _BY_PHONE:
            self.waiting.publish(login_request.id)
        signal = signals.BY_STATE[login_request.state]
        signals.send(signal, _app(), login_request=login_request)

    def _announce_device(self, device: LinkedDevice) -> None:
        signals.send(signals.device_ended, _app(), device=device)

    def register(self, app: flask.Flask) -> None:
        """Keep this as the app's state.

        Raises:
            ConfigurationError: the app has one already.
        """
        if _KEY in app.extensions:
            raise ConfigurationError(
                "A QRLogin has already been registered on this app. Use that one instead of "
                "making another."
            )
        app.extensions[_KEY] = self


def current_state() -> AppState:
    """Return the state of the current app.

    Raises:
        ConfigurationError: the app has no QRLogin.
    """
    state: AppState | None = flask.current_app.extensions.get(_KEY)
    if state is None:
        raise ConfigurationError(
            "This app has no QRLogin. Did you forget to call 'init_app', or to make QRLogin(app)?"
        )
    return state


def release_waiting(app: flask.Flask) -> None:
    """Answer all polls that this process holds for an app, and hold none from now on.

    For a server whose shutdown is not seen by itself: call it when the process is about to end.

    Raises:
        ConfigurationError: the app has no QRLogin.
    """
    with app.app_context():
        current_state().release_waiting()


def _secret_keys() -> list[str | bytes]:
    config = flask.current_app.config
    return [config["SECRET_KEY"], *(config.get("SECRET_KEY_FALLBACKS") or ())]


def _app() -> flask.Flask:
    return t.cast(flask.Flask, flask.current_app._get_current_object())  # type: ignore[attr-defined]
