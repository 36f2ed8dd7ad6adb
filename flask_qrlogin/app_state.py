"""What belongs to one application: it lives in ``app.extensions["qrlogin"]``."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import threading
import typing as t
from datetime import datetime

import flask

from . import signals
from .config import Settings
from .errors import ConfigurationError
from .hooks import Hooks
from .ledger import Ledger
from .login_flow import LoginFlow
from .login_request import LoginRequest
from .login_request import State
from .pacing import Pacing
from .ports import LoginRequestStore
from .ports import Notifier
from .qr_image import QRStyle
from .waiting_room import WaitingRoom

_KEY = "qrlogin"
#: What a browser waits for. It brings about the other states itself.
_BY_PHONE = (State.SCANNED, State.APPROVED, State.DENIED)

Part = t.TypeVar("Part")


@dataclasses.dataclass(frozen=True, slots=True)
class Backend(t.Generic[Part]):
    """A part that was chosen for this app; ``why`` tells a person which it is, and why."""

    part: Part
    why: str


class AppState:
    """The parts of one application, put together on first use."""

    def __init__(
        self,
        *,
        settings: Settings,
        hooks: Hooks,
        open_store: c.Callable[[flask.Flask, Settings], Backend[LoginRequestStore]],
        open_notifier: c.Callable[[flask.Flask, Settings, LoginRequestStore], Backend[Notifier]],
        in_host_transaction: c.Callable[[flask.Flask], bool],
        qr_style: QRStyle,
        clock: c.Callable[[], datetime],
    ) -> None:
        self.settings = settings
        self.hooks = hooks
        self.qr_style = qr_style
        self.pacing = Pacing(settings.poll_interval)
        self._open_store = open_store
        self._open_notifier = open_notifier
        self._in_host_transaction = in_host_transaction
        self._clock = clock
        self._lock = threading.RLock()
        self._flow: LoginFlow | None = None
        self._store: Backend[LoginRequestStore] | None = None
        self._notifier: Backend[Notifier] | None = None
        self._waiting: WaitingRoom | None = None
        self._released = False
        self._is_sound = False

    def opened_store(self) -> Backend[LoginRequestStore]:
        """Return the store, opened on first use, since the database may be set up after us."""
        with self._lock:
            if self._store is None:
                self._store = self._open_store(_app(), self.settings)
            return self._store

    def opened_notifier(self) -> Backend[Notifier]:
        """Return what wakes waiting polls in other processes, opened on first use."""
        with self._lock:
            if self._notifier is None:
                self._notifier = self._open_notifier(_app(), self.settings, self.store)
            return self._notifier

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
        return Ledger(self.store, clock=self._clock, announce=self._announce)

    def _announce(self, login_request: LoginRequest) -> None:
        """Wake who waits, and send the signal.

        What a receiver does wrong must not undo what was already written.
        """
        if login_request.state in _BY_PHONE:
            self.waiting.publish(login_request.id)
        app = _app()
        for receiver in signals.BY_STATE[login_request.state].receivers_for(app):
            try:
                receiver(app, login_request=login_request)
            except Exception:
                app.logger.exception("A receiver of a flask_qrlogin signal failed.")

    @property
    def flow(self) -> LoginFlow:
        """The use cases of this application.

        Raises:
            ConfigurationError: the application lacks something that we need.
        """
        if self._flow is None:
            with self._lock:
                self.check()
                # One that cannot be used is told before anything is written.
                self.opened_notifier()
                config = flask.current_app.config
                self._flow = LoginFlow(
                    self.ledger,
                    lifetimes=self.settings.lifetimes,
                    secret_keys=[
                        config["SECRET_KEY"],
                        *(config.get("SECRET_KEY_FALLBACKS") or ()),
                    ],
                )
        return self._flow

    def problems(self) -> list[str]:
        """Return what the app lacks, each with what to do; known only once it is set up."""
        app = flask.current_app
        login_manager = getattr(app, "login_manager", None)
        problems = []
        if not app.config.get("SECRET_KEY"):
            problems.append(
                "flask_qrlogin signs its codes with the app's SECRET_KEY, which is not set. Set it "
                "to the output of: python -c 'import secrets; print(secrets.token_hex())'"
            )
        if login_manager is None:
            problems.append(
                "flask_qrlogin logs people in with Flask-Login, which this app does not have. "
                "Call LoginManager(app)."
            )
        elif login_manager.user_callback is None:
            problems.append(
                "Flask-Login cannot load users yet. Register a function with "
                "@login_manager.user_loader."
            )
        if not (
            self.settings.base_url or app.config.get("SERVER_NAME") or self.trusts_request_host()
        ):
            problems.append(
                "The URL in the QR code needs a host, and the Host header of a request can be "
                "forged to send people elsewhere. Set QRLOGIN_BASE_URL, for example to "
                "'https://example.com', or Flask's TRUSTED_HOSTS."
            )
        return problems

    def check(self) -> None:
        """Refuse to work for an app that lacks something; what was good stays so.

        Raises:
            ConfigurationError: with the first of :meth:`problems`.
        """
        if not self._is_sound:
            for problem in self.problems():
                raise ConfigurationError(problem)
            self._is_sound = True

    def base_url(self) -> str:
        """Return scheme and host, without a slash at the end, that a phone can reach.

        A Host header is chosen by the client. Whoever gets a forged one into a cached or relayed
        page would have the code lead people to another site, so it is used only where it was
        checked, or while developing.

        Raises:
            ConfigurationError: nothing says which host can be trusted.
        """
        self.check()
        if self.settings.base_url is not None:
            return self.settings.base_url
        server_name = flask.current_app.config.get("SERVER_NAME")
        if server_name:
            return f"{flask.request.scheme}://{server_name}"
        return flask.request.host_url.rstrip("/")

    def trusted_host(self) -> str:
        """Tell a person which host stands in the QR code, and why."""
        config = flask.current_app.config
        if self.settings.base_url is not None:
            return f"{self.settings.base_url} (QRLOGIN_BASE_URL)"
        if config.get("SERVER_NAME"):
            return f"{config['SERVER_NAME']} (SERVER_NAME)"
        if config.get("TRUSTED_HOSTS"):
            return f"that of the request, one of {config['TRUSTED_HOSTS']} (TRUSTED_HOSTS)"
        if self.trusts_request_host():
            return "that of the request, unchecked (the app is in debug or testing)"
        return "unknown"

    @staticmethod
    def trusts_request_host() -> bool:
        """Tell whether Flask checked the Host header, or the app is being developed or tested."""
        app = flask.current_app
        return bool(app.config.get("TRUSTED_HOSTS") or app.debug or app.testing)

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
