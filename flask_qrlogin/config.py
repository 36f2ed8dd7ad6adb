"""The ``QRLOGIN_`` keys of the app's configuration, read once and checked."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import difflib
import math
import re
import typing as t
from datetime import timedelta

from .errors import ConfigurationError
from .login_request import Lifetimes

_PREFIX = "QRLOGIN_"
#: What begins so is meant for us.
_OURS = (_PREFIX, "QR_LOGIN_")
#: What ``QRLOGIN_NOTIFIER`` may name, besides a URL.
NOTIFIERS = ("polling", "in_process", "postgres", "redis")
_USUAL_PORTS = {"http": ":80", "https": ":443"}


def _url_prefix(value: object) -> str:
    if not isinstance(value, str) or not re.fullmatch(r"(/[\w.~-]+)+", value):
        raise ValueError("a path such as '/qrlogin', with a leading slash and none at the end")
    return value


def _base_url(value: object) -> str | None:
    if value is None:
        return None
    # Compared with the Origin header, which is lower case and leaves the usual port out.
    found = re.fullmatch(r"(https?)://([\w.-]+|\[[\da-f:.]+\])(:\d{1,5})?/?", str(value).lower())
    if not found or not isinstance(value, str):
        raise ValueError("scheme and host, such as 'https://example.com', without a path")
    scheme, host, port = found.groups()
    return f"{scheme}://{host}{'' if port in (None, _USUAL_PORTS[scheme]) else port}"


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text that is not empty")
    return value


def _optional_text(value: object) -> str | None:
    return None if value is None else _text(value)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("True or False")
    return value


def _seconds(value: object) -> float:
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise ValueError("a number of seconds or a timedelta")
    if not (math.isfinite(seconds) and 0 < seconds <= 86400):
        raise ValueError("more than 0 and at most 86400 seconds")
    return seconds


def _lifetime(value: object) -> timedelta:
    return timedelta(seconds=_seconds(value))


def _rounds(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError("a whole number of at least 1")
    return value


def _places(value: object) -> int | None:
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 0):
        raise ValueError("a whole number of at least 0, or None")
    return value


def _store(value: object) -> str | None:
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


def _notifier(value: object) -> str | None:
    if value is None or value in NOTIFIERS or (isinstance(value, str) and "://" in value):
        return value
    raise ValueError(f"None, one of {', '.join(NOTIFIERS)}, or the URL of a server")


def _key(default: t.Any, read: c.Callable[[object], t.Any]) -> t.Any:
    return dataclasses.field(default=default, metadata={"read": read})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The configuration of one app. A field ``name`` is read from the key ``QRLOGIN_NAME``."""

    #: Where our pages hang.
    url_prefix: str = _key("/qrlogin", _url_prefix)
    #: Scheme and host that phones can reach, for the URL in the QR code.
    base_url: str | None = _key(None, _base_url)
    #: What people know the site by; its host if not set.
    site_name: str | None = _key(None, _optional_text)
    #: Where to go after a login that has no ``next``.
    redirect: str = _key("/", _text)
    #: A request, from its start to its end.
    request_lifetime: timedelta = _key(Lifetimes().request, _lifetime)
    #: One picture of the code; renewed at half of it.
    token_lifetime: timedelta = _key(Lifetimes().token, _lifetime)
    #: From the first scan to the decision.
    decision_lifetime: timedelta = _key(Lifetimes().decision, _lifetime)
    #: From the approval until the browser picks it up.
    pickup_lifetime: timedelta = _key(Lifetimes().pickup, _lifetime)
    #: Seconds between two polls.
    poll_interval: float = _key(2.0, _seconds)
    #: Where login requests are kept, as a URL; the app's database if not set.
    store: str | None = _key(None, _store)
    #: What wakes waiting polls; chosen by the store if not set.
    notifier: str | None = _key(None, _notifier)
    #: How many polls each process may hold; chosen by the server if not set.
    max_waiting: int | None = _key(None, _places)
    #: Seconds that a poll is held at most.
    max_wait: float = _key(20.0, _seconds)
    #: How many requests a page begins by itself before it asks for a click.
    auto_rounds: int = _key(5, _rounds)
    #: Whether a login that came about by QR may approve another.
    approve_from_linked: bool = _key(False, _flag)
    #: Whether such a login counts as fresh for Flask-Login's ``fresh_login_required``.
    login_fresh: bool = _key(False, _flag)

    def public(self) -> dict[str, object]:
        """Return each key with its value, without passwords."""
        values = {name: getattr(self, name) for name in self.__slots__}
        for name in ("store", "notifier"):
            if "://" in (values[name] or ""):
                values[name] = public_url(values[name])
        return {f"{_PREFIX}{name.upper()}": value for name, value in values.items()}

    @property
    def lifetimes(self) -> Lifetimes:
        """The four lifetimes together."""
        return Lifetimes(
            request=self.request_lifetime,
            token=self.token_lifetime,
            decision=self.decision_lifetime,
            pickup=self.pickup_lifetime,
        )

    @classmethod
    def from_mapping(cls, config: c.Mapping[str, t.Any]) -> Settings:
        """Read an app's configuration; later changes to it are not seen.

        Raises:
            ConfigurationError: an unknown ``QRLOGIN_`` key, or a value that cannot be used.
        """
        fields = {f"{_PREFIX}{field.name.upper()}": field for field in dataclasses.fields(cls)}
        values: dict[str, t.Any] = {}
        for key, value in config.items():
            if not key.startswith(_OURS):
                continue
            field = fields.get(key)
            if field is None:
                near = difflib.get_close_matches(key, fields, n=1, cutoff=0)
                raise ConfigurationError(f"There is no key {key!r}. Did you mean {near[0]!r}?")
            try:
                values[field.name] = field.metadata["read"](value)
            except ValueError as error:
                shown = value
                if field.name in ("store", "notifier"):
                    shown = public_url(str(value))
                raise ConfigurationError(f"{key} is {shown!r}; it has to be {error}.") from None
        return cls(**values)
