"""Places from a MaxMind database, with small ones made here."""

from __future__ import annotations

import pathlib
import sys
import typing as t

import flask
import pytest
from mmdb_writer import MMDBWriter
from netaddr import IPSet  # type: ignore[import-untyped]

from flask_qrlogin import QRLogin
from flask_qrlogin.config.geoip import GeoIP
from flask_qrlogin.core.errors import ConfigurationError
from flask_qrlogin.hooks import Place

BERLIN = {
    "country": {"iso_code": "DE", "names": {"en": "Germany", "de": "Deutschland"}},
    "city": {"names": {"en": "Berlin"}},
}
UNNAMED = {"country": {"iso_code": "NO"}}
#: What other databases of this form hold, such as those of networks' owners.
OTHERS: list[t.Any] = [
    {"country": "Norway"},
    {"country": {"names": "Norway"}},
    {"asn": 64496},
    "Norway",
]


def database(folder: pathlib.Path, *, ip_version: int = 6) -> str:
    writer = MMDBWriter(
        ip_version=ip_version, database_type="Test-City", ipv4_compatible=ip_version == 6
    )
    writer.insert_network(IPSet(["198.51.100.0/24"]), BERLIN)
    writer.insert_network(IPSet(["203.0.113.0/24"]), UNNAMED)
    for number, record in enumerate(OTHERS):
        writer.insert_network(IPSet([f"192.0.2.{number}/32"]), record)
    if ip_version == 6:
        writer.insert_network(IPSet(["2001:db8::/32"]), BERLIN)
    path = folder / "places.mmdb"
    writer.to_db_file(str(path))
    return str(path)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("198.51.100.7", Place("Germany", "Berlin")),
        ("::ffff:198.51.100.7", Place("Germany", "Berlin")),
        ("2001:db8::1", Place("Germany", "Berlin")),
        ("2001:db8::1%eth0", Place("Germany", "Berlin")),
        ("203.0.113.9", Place("NO")),
        ("192.0.2.0", None),
        ("192.0.2.1", None),
        ("192.0.2.2", None),
        ("192.0.2.3", None),
        ("127.0.0.1", None),
        ("2001:db9::1", None),
        ("nowhere", None),
        ("", None),
    ],
)
def test_an_address_has_a_place_or_none(
    tmp_path: pathlib.Path, address: str, place: Place | None
) -> None:
    assert GeoIP(database(tmp_path))(address) == place


def test_a_database_of_the_old_addresses_knows_no_new_ones(tmp_path: pathlib.Path) -> None:
    places = GeoIP(database(tmp_path, ip_version=4))
    assert places("198.51.100.7") == places("::ffff:198.51.100.7") == Place("Germany", "Berlin")
    assert places("2001:db8::1") is None


def make_app(folder: pathlib.Path, qrlogin: QRLogin, **config: t.Any) -> flask.Flask:
    app = flask.Flask("host", instance_path=str(folder))
    app.config.update(config)
    qrlogin.init_app(app)
    return app


def test_the_key_is_the_default_of_the_hook(tmp_path: pathlib.Path) -> None:
    qrlogin = QRLogin()
    app = make_app(tmp_path, qrlogin, QRLOGIN_GEOIP_DATABASE=database(tmp_path))
    other = make_app(tmp_path, qrlogin)
    address = "198.51.100.7"
    assert app.extensions["qrlogin"].locate(address) == Place("Germany", "Berlin")
    assert other.extensions["qrlogin"].locate(address) is None
    qrlogin.locate(lambda address: Place("Elsewhere"))
    assert app.extensions["qrlogin"].locate(address) == Place("Elsewhere")


@pytest.mark.parametrize("content", [None, b"", b"no database"])
def test_a_file_that_cannot_be_read_is_told_at_once(
    tmp_path: pathlib.Path, content: bytes | None
) -> None:
    path = tmp_path / "places.mmdb"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigurationError, match=r"QRLOGIN_GEOIP_DATABASE is .* GeoLite2"):
        make_app(tmp_path, QRLogin(), QRLOGIN_GEOIP_DATABASE=str(path))


def test_a_missing_extra_is_told_at_once(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "maxminddb", None)
    with pytest.raises(ConfigurationError, match=r"pip install 'flask-qrlogin\[geoip\]'"):
        make_app(tmp_path, QRLogin(), QRLOGIN_GEOIP_DATABASE=database(tmp_path))
