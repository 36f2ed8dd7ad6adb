"""What belongs to one application: it lives in ``app.extensions["qrlogin"]``."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import threading
import typing as t
from datetime import datetime

import flask

from . import signals
from . import tokens
from .approval_flow import ApprovalFlow
from .config import Settings
from .device_list import DeviceList
from .errors import ConfigurationError
from .geoip import GeoIP
from .hooks import Hooks
from .hooks import Place
from .host_checks import HostChecks
from .ledger import Ledger
from .linked_device import LinkedDevice
from .login_flow import LoginFlow
from .login_request import LoginRequest
from .login_request import State
from .pacing import Pacing
from .ports import LinkedDeviceStore
from .ports import LoginRequestStore
from .ports import Notifier
from .qr_style import QRStyle
from .waiting_room import WaitingRoom

_KEY = "qrlogin"
#: What a browser waits for. It brings about the other states itself.
_BY_PHONE = (State.SCANNED, State.APPROVED, State.DENIED)

if t.TYPE_CHECKING:
    import sqlalchemy as sa

Part = t.TypeVar("Part", covariant=True)


@dataclasses.dataclass(frozen=True, slots=True)
class Backend(t.Generic[Part]):
    """A part that was chosen for this app; ``why`` tells a person which it is, and why."""

    part: Part
    why: str


Flow = t.TypeVar("Flow", LoginFlow, ApprovalFlow)


class AppState(HostChecks):
    """The parts of one application, put together on first use."""

    def __init__(
        self,
        *,
        settings: Settings,
        hooks: Hooks,
        open_store: c.Callable[[flask.Flask, AppState], Backend[LoginRequestStore]],
        open_device_store: c.Callable[[flask.Flask, AppState], Backend[LinkedDeviceStore]],
        open_notifier: c.Callable[[flask.Flask, AppState], Backend[Notifier]],
        in_host_transaction: c.Callable[[flask.Flask], bool],
        qr_style: QRStyle,
        clock: c.Callable[[], datetime],
    ) -> None:
        super().__init__(settings)
        self.hooks = hooks
        self.qr_style = qr_style
        self.pacing: Pacing = Pacing(settings.poll_interval)
        self._open_store = open_store
        self._open_device_store = open_device_store
        self._open_notifier = open_notifier
        self._in_host_transaction = in_host_transaction
        #: The time, as an aware datetime.
        self.now = clock
        self._lock = threading.RLock()
        #: Our engines, each beside the one of the host's that it connects as.
        self.engines: dict[sa.Engine, sa.Engine] = {}
        self._flow: LoginFlow | None = None
        self._approvals: ApprovalFlow | None = None
        self._store: Backend[LoginRequestStore] | None = None
        self._device_store: Backend[LinkedDeviceStore] | None = None
        self._devices: DeviceList | None = None
        self._notifier: Backend[Notifier] | None = None
        self._waiting: WaitingRoom | None = None
        self._released = False
        database = settings.geoip_database
        self._geoip = None if database is None else GeoIP(database)

    def opened_store(self) -> Backend[LoginRequestStore]:
        """Return the store, opened on first use, since the database may be set up after us."""
        with self._lock:
            if self._store is None:
                self._store = self._open_store(_app(), self)
            return self._store

    def opened_device_store(self) -> Backend[LinkedDeviceStore]:
        """Return the store of linked devices, opened on first use."""
        with self._lock:
            if self._device_store is None:
                self._device_store = self._open_device_store(_app(), self)
            return self._device_store

    def opened_notifier(self) -> Backend[Notifier]:
        """Return what wakes waiting polls in other processes, opened on first use."""
        with self._lock:
            if self._notifier is None:
                self._notifier = self._open_notifier(_app(), self)
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
        return self._in_host_transaction(_app())

    @property
    def ledger(self) -> Ledger:
        """The login requests of this application."""
        return Ledger(self.store, clock=self.now, announce=self._announce)

    @property
    def devices(self) -> DeviceList:
        """The logins by QR code of this application, as long as they last."""
        if self._devices is None:
            with self._lock:
                self._devices = DeviceList(
                    self.opened_device_store().part,
                    self.ledger,
                    limits=self.settings.device_limits,
                    announce=self._announce_device,
                )
        return self._devices

    def id_signer(self, purpose: str) -> tokens.IdSigner:
        """Return what signs an id for one purpose with the app's keys."""
        return tokens.IdSigner(self._secret_keys(), purpose)

    def app_mark(self) -> str:
        """Return what tells this app from others in a storage that they share, by its key."""
        return tokens.Signer(self._secret_keys(), "app mark").sign(b"", 8).hex()

    @staticmethod
    def _secret_keys() -> list[str | bytes]:
        config = flask.current_app.config
        return [config["SECRET_KEY"], *(config.get("SECRET_KEY_FALLBACKS") or ())]

    def _announce(self, login_request: LoginRequest) -> None:
        """Wake who waits, and send the signal."""
        if login_request.state in _BY_PHONE:
            self.waiting.publish(login_request.id)
        signal = signals.BY_STATE[login_request.state]
        signals.send(signal, _app(), login_request=login_request)

    def _announce_device(self, device: LinkedDevice) -> None:
        signal = signals.device_linked if device.ended_at is None else signals.device_ended
        signals.send(signal, _app(), device=device)

    @property
    def flow(self) -> LoginFlow:
        """What a browser can do.

        Raises:
            ConfigurationError: the application lacks something that we need.
        """
        if self._flow is None:
            with self._lock:
                self._flow = self._new_flow(LoginFlow)
        return self._flow

    @property
    def approvals(self) -> ApprovalFlow:
        """What a phone can do; raises as ``flow`` does."""
        if self._approvals is None:
            with self._lock:
                self._approvals = self._new_flow(ApprovalFlow)
        return self._approvals

    def _new_flow(self, make: type[Flow]) -> Flow:
        self.check()
        # One that cannot be used is told before anything is written.
        self.opened_notifier()
        return make(self.ledger, lifetimes=self.settings.lifetimes, secret_keys=self._secret_keys())

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


def _app() -> flask.Flask:
    return t.cast(flask.Flask, flask.current_app._get_current_object())  # type: ignore[attr-defined]
