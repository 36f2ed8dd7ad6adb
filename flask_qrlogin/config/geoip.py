"""Tells the country and town of a network address from a MaxMind database: the extra ``geoip``."""

from __future__ import annotations

import ipaddress
import typing as t

from ..core.errors import ConfigurationError
from ..hooks import Place

_KEY = "QRLOGIN_GEOIP_DATABASE"


class GeoIP:
    """An open database: called with an address, it returns the place, or None if that is unknown.

    Safe to use from many threads, and after a fork.

    Raises:
        ConfigurationError: the extra or the file is missing, or it is no such file.
    """

    def __init__(self, path: str) -> None:
        try:
            import maxminddb
        except ImportError as error:
            raise ConfigurationError(
                f"{_KEY} needs an extra: pip install 'flask-qrlogin[geoip]'"
            ) from error
        try:
            self._reader = maxminddb.open_database(path)
        except (OSError, maxminddb.InvalidDatabaseError) as error:
            raise ConfigurationError(
                f"{_KEY} is {path!r}, which cannot be read as a MaxMind database ({error}). Give "
                "the path of a country or city database (.mmdb), such as GeoLite2, that this "
                "process may read."
            ) from error

    def __call__(self, address: str) -> Place | None:
        try:
            # A zone names an interface of this host.
            ip = ipaddress.ip_address(address.partition("%")[0])
        except ValueError:
            return None
        if isinstance(ip, ipaddress.IPv6Address):
            ip = ip.ipv4_mapped or ip
        if ip.version > self._reader.metadata().ip_version:
            return None
        record: t.Any = self._reader.get(ip)
        country = _name(record, "country")
        return None if country is None else Place(country, _name(record, "city"))


def _name(record: t.Any, part: str) -> str | None:
    """Return the English name of a part of a record, or what else it is called."""
    found = record.get(part) if isinstance(record, dict) else None
    if not isinstance(found, dict):
        return None
    names = found.get("names")
    name = (names.get("en") if isinstance(names, dict) else None) or found.get("iso_code")
    return name if isinstance(name, str) else None
