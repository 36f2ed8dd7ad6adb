"""What a value in the configuration may be; each function returns it as it is used.

A ``ValueError`` says what it has to be instead.
"""

from __future__ import annotations

import ipaddress
import math
import re
import typing as t
from datetime import timedelta

from ..core.confirmation import Confirmation

#: What ``QRLOGIN_NOTIFIER`` may name, besides a URL.
NOTIFIERS = ("polling", "in_process", "postgres", "redis")
_USUAL_PORTS = {"http": ":80", "https": ":443"}


def url_prefix(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"(/[\w.~-]+)+", value):
        raise ValueError("a path such as '/qrlogin', with a leading slash and none at the end")
    return value


def base_url(value: object) -> str | None:
    if value is None:
        return None
    # Compared with the Origin header, which is lower case and leaves the usual port out.
    found = re.fullmatch(r"(https?)://([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?/?", str(value).lower())
    if not found or not isinstance(value, str):
        raise ValueError("scheme and host, such as 'https://example.com', without a path")
    scheme, host, port = found.groups()
    return f"{scheme}://{host}{'' if port in (None, _USUAL_PORTS[scheme]) else port}"


def text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text that is not empty")
    return value


def optional_text(value: object) -> str | None:
    return None if value is None else text(value)


def flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("True or False")
    return value


def number_of_seconds(value: object) -> float:
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ValueError("a number of seconds or a timedelta")
    return seconds


def seconds(value: object) -> float:
    seconds = number_of_seconds(value)
    if not (math.isfinite(seconds) and 0 < seconds <= 86400):
        raise ValueError("more than 0 and at most 86400 seconds")
    return seconds


def lifetime(value: object) -> timedelta:
    return timedelta(seconds=seconds(value))


def long_lifetime(value: object) -> timedelta:
    seconds = number_of_seconds(value)
    if not 1 <= seconds <= 400 * 86400:
        raise ValueError("at least 1 second and at most 400 days")
    return timedelta(seconds=seconds)


def optional_lifetime(value: object) -> timedelta | None:
    return None if value is None else long_lifetime(value)


def check_seconds(value: object) -> float:
    seconds = number_of_seconds(value)
    if not 0 <= seconds <= 3600:
        raise ValueError("from 0 (at once) to 3600 seconds")
    return seconds


def confirmation(value: object) -> Confirmation | None:
    choices = ("auto", *(each.value for each in Confirmation if each is not Confirmation.REFUSE))
    if value not in choices:
        raise ValueError(f"one of {', '.join(choices)}")
    return None if value == "auto" else Confirmation(value)


def login_fresh(value: object) -> bool | str:
    if value == "phone":
        return "phone"
    if not isinstance(value, bool):
        raise ValueError("True, False, or 'phone'")
    return value


Network: t.TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


def networks(value: object) -> tuple[Network, ...] | None:
    if value is None:
        return None
    texts = value.split(",") if isinstance(value, str) else value
    try:
        if not isinstance(texts, list | tuple | set | frozenset) or not texts:
            raise ValueError
        return tuple(ipaddress.ip_network(str(text).strip()) for text in texts)
    except ValueError:
        raise ValueError("None, or networks such as ['192.0.2.0/24', '2001:db8::/32']") from None


def renewals(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("a whole number of at least 1")
    return value


def places(value: object) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise ValueError("a whole number of at least 0, or None")
    return value


def store(value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or "://" not in value):
        raise ValueError("a URL such as 'redis://localhost:6379/0', or None")
    return value


def public_url(url: str) -> str:
    """Return a URL as it may be logged: without user, password and options.

    Where somebody has not encoded a password, one cannot tell what belongs to it.
    """
    scheme, found, rest = url.partition("://")
    secret, at, rest = rest.rpartition("@")
    if not found or "?" in secret:
        return f"{scheme}://***" if found else "***"
    return f"{scheme}://{'***@' if at else ''}{rest.partition('?')[0]}"


def notifier(value: object) -> str | None:
    if value is None or value in NOTIFIERS or (isinstance(value, str) and "://" in value):
        return value
    raise ValueError(f"None, one of {', '.join(NOTIFIERS)}, or the URL of a server")
