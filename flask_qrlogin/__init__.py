"""Log in to a Flask application by scanning a QR code with a phone that is already logged in."""

from __future__ import annotations

import typing as t

from .app_state import release_waiting as release_waiting
from .core.confirmation import Confirmation as Confirmation
from .core.confirmation import RiskSignals as RiskSignals
from .core.errors import ConfigurationError as ConfigurationError
from .core.errors import QRLoginError as QRLoginError
from .core.errors import Refusal as Refusal
from .core.errors import StoreUnavailable as StoreUnavailable
from .core.linked_device import LinkedDevice as LinkedDevice
from .core.login_request import LoginRequest as LoginRequest
from .core.login_request import Profile as Profile
from .core.login_request import State as State
from .core.ports import HEARTBEAT as HEARTBEAT
from .core.ports import LinkedDeviceStore as LinkedDeviceStore
from .core.ports import LoginRequestStore as LoginRequestStore
from .core.ports import Notifier as Notifier
from .extension import QRLogin as QRLogin
from .hooks import Place as Place
from .qr.style import QRStyle as QRStyle
from .web.host_session import end_qr_logins as end_qr_logins
from .web.host_session import is_qr_login as is_qr_login
from .web.host_session import qr_device as qr_device

if t.TYPE_CHECKING:
    from .stores.models import linked_device_model as linked_device_model
    from .stores.models import LinkedDeviceMixin as LinkedDeviceMixin
    from .stores.models import login_request_model as login_request_model
    from .stores.models import LoginRequestMixin as LoginRequestMixin

__version__ = "0.1.0"

_MODELS = ("LinkedDeviceMixin", "LoginRequestMixin", "linked_device_model", "login_request_model")


def __dir__() -> list[str]:
    return [*globals(), *_MODELS]


def __getattr__(name: str) -> t.Any:
    """Import the models when they are asked for: an app that uses Redis needs no SQLAlchemy."""
    if name not in _MODELS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .stores import models

    return getattr(models, name)
