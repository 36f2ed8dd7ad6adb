"""The ``QRLOGIN_`` keys of the app's configuration, read once and checked."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import difflib
import typing as t
from datetime import timedelta

from ..core.confirmation import Confirmation
from ..core.devices import DeviceLifetimes
from ..core.errors import ConfigurationError
from ..core.login_request import Lifetimes
from . import budgets
from . import values as config_values

_PREFIX = "QRLOGIN_"
#: What begins so is meant for us.
_OURS = (_PREFIX, "QR_LOGIN_")


def _key(default: t.Any, read: c.Callable[[object], t.Any]) -> t.Any:
    return dataclasses.field(default=default, metadata={"read": read})


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The configuration of one app. A field ``name`` is read from the key ``QRLOGIN_NAME``."""

    #: Where our pages hang.
    url_prefix: str = _key("/qrlogin", config_values.url_prefix)
    #: Scheme and host that phones can reach, for the URL in the QR code, such as
    #: ``https://example.com``.
    base_url: str | None = _key(None, config_values.base_url)
    #: What people know the site by; its host if not set.
    site_name: str | None = _key(None, config_values.optional_text)
    #: Where to go after a login that has no ``next``: a URL, or a path within the app.
    redirect: str = _key("/", config_values.text)
    #: A request, from its start to its end.
    request_lifetime: timedelta = _key(Lifetimes().request, config_values.lifetime)
    #: One picture of the code; renewed at half of it.
    token_lifetime: timedelta = _key(Lifetimes().token, config_values.lifetime)
    #: From the first scan to the decision.
    decision_lifetime: timedelta = _key(Lifetimes().decision, config_values.lifetime)
    #: From the approval until the browser picks it up.
    pickup_lifetime: timedelta = _key(Lifetimes().pickup, config_values.lifetime)
    #: Seconds between two polls until somebody has scanned; then 1.
    poll_interval: float = _key(2.0, config_values.seconds)
    #: Where login requests are kept, as a URL: ``redis://…`` or a database; the app's database if
    #: not set.
    store: str | None = _key(None, config_values.store)
    #: What wakes waiting polls in other processes: ``polling``, ``in_process``, ``postgres``,
    #: ``redis``, or the URL of a server; chosen by the store if not set.
    notifier: str | None = _key(None, config_values.notifier)
    #: How many polls each process may hold; chosen by the server if not set.
    held_polls: int | None = _key(None, config_values.places)
    #: Seconds that a poll is held at most; the panel asks for 20.
    hold_seconds: float = _key(20.0, config_values.seconds)
    #: How many requests a page begins by itself before it asks for a click.
    auto_renewals: int = _key(5, config_values.renewals)
    #: What a person has to do to approve: ``auto`` (by what is known of the login; the default),
    #: ``tap``, ``match`` or ``reauth``.
    confirmation: Confirmation | None = _key(None, config_values.confirmation)
    #: Whether only somebody who is logged in already may ask for a code: a second step.
    require_login: bool = _key(False, config_values.flag)
    #: Whence a code may be asked for, such as ``["192.0.2.0/24", "2001:db8::/32"]``; anywhere if
    #: not set.
    start_networks: tuple[config_values.Network, ...] | None = _key(None, config_values.networks)
    #: Whence one may be scanned and approved.
    approve_networks: tuple[config_values.Network, ...] | None = _key(None, config_values.networks)
    #: How many codes one network may have under way or withdrawn (24 bits of IPv4, 56 of IPv6),
    #: where Flask-Limiter does not count; None: any number.
    requests_per_network: int | None = _key(1000, config_values.places)
    #: Whether people may type a code on a phone that cannot scan; needs an enabled Flask-Limiter.
    user_code: bool = _key(False, config_values.flag)
    #: Limits that differ from the defaults, in the words of Flask-Limiter, which they need.
    rate_limits: c.Mapping[str, str | None] | None = _key(None, budgets.read)
    #: A MaxMind file of countries or cities, for the hook ``locate``; needs the extra ``geoip``.
    geoip_database: str | None = _key(None, config_values.optional_text)
    #: How long a login by QR code lasts at most.
    device_lifetime: timedelta = _key(timedelta(days=30), config_values.long_lifetime)
    #: How long it lasts without being used.
    device_idle: timedelta | None = _key(None, config_values.optional_lifetime)
    #: For how long a process may remember that it has not been ended; 0: each request looks.
    device_check_seconds: float = _key(0, config_values.check_seconds)
    #: How long the link in a notice can end the login, without logging in.
    not_me_lifetime: timedelta = _key(timedelta(days=7), config_values.long_lifetime)
    #: Whether a login that came about by QR may approve another.
    approve_from_linked: bool = _key(False, config_values.flag)
    #: Whether such a login is fresh for Flask-Login's ``fresh_login_required``; ``"phone"``: if
    #: the phone's own login was.
    login_fresh: bool | str = _key(False, config_values.login_fresh)

    def public(self) -> dict[str, object]:
        """Return each key with its value, without passwords."""
        values = {name: getattr(self, name) for name in self.__slots__}
        for name in ("store", "notifier"):
            if "://" in (values[name] or ""):
                values[name] = config_values.public_url(values[name])
        values["confirmation"] = str(self.confirmation or "auto")
        for name in ("start_networks", "approve_networks"):
            values[name] = values[name] and [str(network) for network in values[name]]
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

    @property
    def device_lifetimes(self) -> DeviceLifetimes:
        """How long a login by QR lasts."""
        return DeviceLifetimes(
            lifetime=self.device_lifetime,
            idle=self.device_idle,
            check=timedelta(seconds=self.device_check_seconds),
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
                    shown = config_values.public_url(str(value))
                raise ConfigurationError(f"{key} is {shown!r}; it has to be {error}.") from None
        return cls(**values)
