"""Log in to a Flask application by scanning a QR code with a phone that is already logged in."""

from __future__ import annotations

from .app_state import release_waiting as release_waiting
from .confirmation import Confirmation as Confirmation
from .confirmation import Signals as Signals
from .errors import ConfigurationError as ConfigurationError
from .errors import QRLoginError as QRLoginError
from .extension import QRLogin as QRLogin
from .hooks import Place as Place
from .linked_device import LinkedDevice as LinkedDevice
from .login_request import LoginRequest as LoginRequest
from .login_request import Profile as Profile
from .login_request import State as State
from .models import linked_device_model as linked_device_model
from .models import LinkedDeviceMixin as LinkedDeviceMixin
from .models import login_request_model as login_request_model
from .models import LoginRequestMixin as LoginRequestMixin
from .qr_style import QRStyle as QRStyle
from .web.host_session import end_qr_logins as end_qr_logins
from .web.host_session import is_qr_login as is_qr_login
from .web.host_session import qr_device as qr_device

__version__ = "0.1.0"
