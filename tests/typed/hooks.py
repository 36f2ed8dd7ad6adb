"""Each hook takes the functions that it is documented for, keeps their types, and no others."""

from __future__ import annotations

import typing as t
from datetime import datetime

import flask

from flask_qrlogin import Confirmation
from flask_qrlogin import LinkedDevice
from flask_qrlogin import LoginRequest
from flask_qrlogin import Place
from flask_qrlogin import Profile
from flask_qrlogin import QRLogin
from flask_qrlogin import RiskSignals

qrlogin = QRLogin()


class User:
    """A host's own."""

    name: str


@qrlogin.profile_loader
def show_first_name(user: User) -> Profile:
    return Profile(user.name.partition(" ")[0], avatar_url=None)


@qrlogin.profile_loader  # type: ignore[type-var]
def show_text(user: User) -> str:
    return user.name


@qrlogin.app_user_loader
def load_app_user(request: flask.Request) -> User | None:
    return User() if request.authorization else None


@qrlogin.app_user_loader  # type: ignore[type-var]
def load_nothing() -> User | None:
    return None


@qrlogin.may_start
def refuse_robots(request: flask.Request) -> str | None:
    return "No robots." if "bot" in request.user_agent.string else None


@qrlogin.may_start  # type: ignore[type-var]
def start_or_not(request: flask.Request) -> bool:
    return True


@qrlogin.may_approve
def refuse_locked(user: User, login_request: LoginRequest) -> str | None:
    return None if login_request.next else f"{user.name} is locked."


@qrlogin.may_approve  # type: ignore[type-var]
def approve_alone(user: User) -> str | None:
    return None


@qrlogin.qr_payload
def only_token(url: str, token: str, issued_at: datetime, expires_at: datetime) -> str:
    return f"{token} {expires_at - issued_at}"


@qrlogin.qr_payload  # type: ignore[type-var]
def number_of_code(url: str, token: str, issued_at: float, expires_at: float) -> str:
    return token


@qrlogin.app_link
def open_in_app(url: str, token: str) -> str | None:
    return f"app://login/{token}" if url else None


@qrlogin.app_link  # type: ignore[type-var]
def open_token(token: str) -> str:
    return token


@qrlogin.wording
def say(message: str) -> str | None:
    return {"Approve": "Yes"}.get(message)


@qrlogin.wording  # type: ignore[type-var]
def say_bytes(message: str) -> bytes:
    return message.encode()


@qrlogin.describe_browser
def describe(user_agent: str) -> str:
    return user_agent[:20]


@qrlogin.describe_browser  # type: ignore[type-var]
def describe_request(request: flask.Request) -> str:
    return request.user_agent.string


@qrlogin.locate
def locate(address: str) -> Place | None:
    return Place("Japan", "Tokyo") if address else None


@qrlogin.locate  # type: ignore[type-var]
def locate_by_name(address: str) -> str | None:
    return "Japan"


@qrlogin.default_next
def go_on(user: User, login_request: LoginRequest) -> str | None:
    return login_request.next


@qrlogin.default_next  # type: ignore[type-var]
def go_away(user: User, login_request: LoginRequest) -> flask.Response:
    return flask.Response(user.name)


@qrlogin.confirmation_policy
def ask(user: User, login_request: LoginRequest, signals: RiskSignals) -> Confirmation | None:
    return Confirmation.REAUTH if "old_request" in signals.warnings else None


@qrlogin.confirmation_policy  # type: ignore[type-var]
def ask_by_name(user: User, login_request: LoginRequest, signals: RiskSignals) -> str:
    return "tap"


@qrlogin.step_up
def check_passkey(user: User, request: flask.Request, login_request: LoginRequest) -> bool:
    return "passkey" in request.get_json()


@qrlogin.step_up  # type: ignore[type-var]
def check_user(user: User) -> bool:
    return True


@qrlogin.matches_hint
def same_name(user: User, hint: str) -> bool:
    return user.name == hint


@qrlogin.matches_hint  # type: ignore[type-var]
def same_id(user: User, hint: int) -> bool:
    return hint == 1


@qrlogin.phone_login
def how_strong(user: User, request: flask.Request) -> tuple[str | None, datetime | None]:
    return "passkey", None


@qrlogin.phone_login  # type: ignore[type-var]
def how_strong_alone(user: User, request: flask.Request) -> str:
    return "passkey"


@qrlogin.send_notice
def send_mail(user: User, device: LinkedDevice, url: str) -> None:
    print(user.name, device.name, url)


@qrlogin.send_notice  # type: ignore[type-var]
def send_request(user: User, login_request: LoginRequest, url: str) -> None:
    print(login_request.id)


def decorated_functions_keep_their_types(
    user: User, login_request: LoginRequest, device: LinkedDevice, request: flask.Request
) -> None:
    t.assert_type(show_first_name(user), Profile)
    t.assert_type(load_app_user(request), User | None)
    t.assert_type(refuse_robots(request), str | None)
    t.assert_type(refuse_locked(user, login_request), str | None)
    t.assert_type(open_in_app(url="", token=""), str | None)
    t.assert_type(say("Approve"), str | None)
    t.assert_type(describe(user_agent=""), str)
    t.assert_type(locate("192.0.2.1"), Place | None)
    t.assert_type(go_on(user, login_request), str | None)
    t.assert_type(ask(user, login_request, RiskSignals()), Confirmation | None)
    t.assert_type(check_passkey(user, request, login_request), bool)
    t.assert_type(same_name(user, hint="ann"), bool)
    t.assert_type(how_strong(user, request), tuple[str | None, datetime | None])
    send_mail(user, device, url="")
    refuse_locked("ann", login_request)  # type: ignore[arg-type]
    same_name(user, 1)  # type: ignore[arg-type]
