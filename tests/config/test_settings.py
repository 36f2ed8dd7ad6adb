from __future__ import annotations

import dataclasses
import ipaddress
import typing as t
from datetime import timedelta

import pytest

from flask_qrlogin.config.settings import Settings
from flask_qrlogin.config.values import public_url
from flask_qrlogin.core.confirmation import Confirmation
from flask_qrlogin.core.errors import ConfigurationError
from flask_qrlogin.core.login_request import Lifetimes

NETWORKS = (ipaddress.ip_network("192.0.2.0/24"), ipaddress.ip_network("2001:db8::/32"))


def test_an_empty_configuration_has_the_documented_defaults() -> None:
    settings = Settings.from_mapping({})
    assert dataclasses.asdict(settings) == {
        "url_prefix": "/qrlogin",
        "base_url": None,
        "site_name": None,
        "redirect": "/",
        "request_lifetime": timedelta(seconds=300),
        "token_lifetime": timedelta(seconds=60),
        "decision_lifetime": timedelta(seconds=120),
        "pickup_lifetime": timedelta(seconds=120),
        "poll_interval": 2.0,
        "auto_renewals": 5,
        "approve_from_linked": False,
        "login_fresh": False,
        "store": None,
        "notifier": None,
        "held_polls": None,
        "hold_seconds": 20.0,
        "confirmation": None,
        "require_login": False,
        "start_networks": None,
        "approve_networks": None,
        "requests_per_network": 1000,
        "user_code": False,
        "rate_limits": None,
        "geoip_database": None,
        "device_lifetime": timedelta(days=30),
        "device_idle": None,
        "device_check_seconds": 0,
        "not_me_lifetime": timedelta(days=7),
    }
    assert settings.lifetimes == Lifetimes()


def test_keys_of_others_are_left_alone() -> None:
    assert Settings.from_mapping({"QRLOGINX": 1, "SECRET_KEY": "x"}) == Settings()


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("QRLOGIN_BASEURL", "QRLOGIN_BASE_URL"),
        ("QRLOGIN_REQUEST_TIMEOUT", "QRLOGIN_REQUEST_LIFETIME"),
        ("QRLOGIN_POLL_INTERVALL", "QRLOGIN_POLL_INTERVAL"),
        ("QR_LOGIN_BASE_URL", "QRLOGIN_BASE_URL"),
    ],
)
def test_an_unknown_key_names_the_nearest_known_one(key: str, near: str) -> None:
    with pytest.raises(ConfigurationError, match=f"'{key}'.*'{near}'"):
        Settings.from_mapping({key: 1})


@pytest.mark.parametrize(
    ("key", "given", "read"),
    [
        ("URL_PREFIX", "/login/qr", "/login/qr"),
        ("BASE_URL", "https://Example.com:8443/", "https://example.com:8443"),
        ("BASE_URL", "http://[::1]:5000", "http://[::1]:5000"),
        ("BASE_URL", "https://example.com:443", "https://example.com"),
        ("BASE_URL", "http://example.com:80", "http://example.com"),
        ("REQUEST_LIFETIME", 90, timedelta(seconds=90)),
        ("REQUEST_LIFETIME", timedelta(minutes=2), timedelta(minutes=2)),
        ("POLL_INTERVAL", 0.5, 0.5),
        ("AUTO_RENEWALS", 1, 1),
        ("LOGIN_FRESH", True, True),
        ("SITE_NAME", "Example", "Example"),
        ("SITE_NAME", None, None),
        ("BASE_URL", None, None),
        ("CONFIRMATION", "auto", None),
        ("CONFIRMATION", "reauth", Confirmation.REAUTH),
        ("START_NETWORKS", "192.0.2.0/24, 2001:db8::/32", NETWORKS),
        ("APPROVE_NETWORKS", ["192.0.2.0/24", "2001:db8::/32"], NETWORKS),
        ("LOGIN_FRESH", "phone", "phone"),
        ("REQUESTS_PER_NETWORK", None, None),
        ("RATE_LIMITS", {"poll": None}, {"poll": None}),
        ("DEVICE_LIFETIME", timedelta(days=400), timedelta(days=400)),
        ("DEVICE_IDLE", 3600, timedelta(hours=1)),
        ("DEVICE_CHECK_SECONDS", 0, 0),
    ],
)
def test_a_good_value_is_read(key: str, given: t.Any, read: t.Any) -> None:
    settings = Settings.from_mapping({f"QRLOGIN_{key}": given})
    assert getattr(settings, key.lower()) == read


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("URL_PREFIX", ["", "/", "qrlogin", "/qrlogin/", "//x", "/a b", None, 1]),
        (
            "BASE_URL",
            [
                "",
                "example.com",
                "//example.com",
                "ftp://example.com",
                "https://",
                "https://example.com/app",
                "https://user@example.com",
                "https://example.com?x",
                "https://example.com#x",
                "https://example.com:99999999",
                "https://[example.com",
                "https://exam ple.com",
                1,
            ],
        ),
        ("REDIRECT", ["", None, 1]),
        ("SITE_NAME", ["", 1]),
        ("REQUEST_LIFETIME", [0, -1, 86401, "300", None, True, float("nan"), float("inf")]),
        ("TOKEN_LIFETIME", [timedelta(0), timedelta(days=2)]),
        ("POLL_INTERVAL", [0, "2", None]),
        ("AUTO_RENEWALS", [0, -1, 1.5, True, "5"]),
        ("APPROVE_FROM_LINKED", [1, 0, "yes", None]),
        # Nobody could log in.
        ("CONFIRMATION", ["refuse", "", None, True]),
        ("START_NETWORKS", ["", [], ["192.0.2.1/24"], ["example.com"], 7]),
        ("LOGIN_FRESH", ["fresh", 1, None]),
        ("REQUESTS_PER_NETWORK", [-1, "7"]),
        ("RATE_LIMITS", ["10 per minute", {"poll": 7}, {7: "10 per minute"}]),
        ("DEVICE_LIFETIME", [0, timedelta(days=401), None]),
        ("DEVICE_CHECK_SECONDS", [-1, 3601, None]),
    ],
)
def test_a_bad_value_is_refused_with_what_it_has_to_be(key: str, values: list[t.Any]) -> None:
    for value in values:
        with pytest.raises(ConfigurationError, match=f"QRLOGIN_{key} is .*; it has to be .+"):
            Settings.from_mapping({f"QRLOGIN_{key}": value})


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql+psycopg://ann@server:S3CRET@h/db", "postgresql+psycopg://***@h/db"),
        ("postgresql://ann:S3CRET@h:5432/db?password=S3CRET", "postgresql://***@h:5432/db"),
        ("redis://h:6379/0?password=S3C@RET", "redis://***"),
        ("redis://h:6379/0?password=S3CRET", "redis://h:6379/0"),
        ("redis://:S3C?R@ET@h/0", "redis://***"),
        ("redis://us/er:S3CRET@h", "redis://***@h"),
        ("redis://:S3\nC@RET@h", "redis://***@h"),
        ("redis://S3CRET@h", "redis://***@h"),
        ("redis://h", "redis://h"),
        ("unix://:S3CRET@/run/redis", "unix://***@/run/redis"),
        ("redis:S3CRET@h", "***"),
    ],
)
def test_a_url_is_shown_without_what_is_secret(url: str, shown: str) -> None:
    assert public_url(url) == shown
    if "://" in url:
        public = Settings(store=url, notifier=url).public()
        assert (public["QRLOGIN_STORE"], public["QRLOGIN_NOTIFIER"]) == (shown, shown)


@pytest.mark.parametrize("key", ["QRLOGIN_STORE", "QRLOGIN_NOTIFIER"])
@pytest.mark.parametrize(
    "value", ["redis:S3CRET@h", "S3CRET", b"redis://u:S3CRET@h", ["redis://u:S3CRET@h"]]
)
def test_a_url_that_is_refused_is_not_shown_either(key: str, value: object) -> None:
    with pytest.raises(ConfigurationError, match=key) as caught:
        Settings.from_mapping({key: value})
    assert "S3CRET" not in str(caught.value)


def test_what_is_not_secret_is_shown_whole() -> None:
    settings = Settings(redirect="http://ann@h/home?tab=1", notifier="postgres")
    public = settings.public()
    assert public["QRLOGIN_REDIRECT"] == "http://ann@h/home?tab=1"
    assert public["QRLOGIN_NOTIFIER"] == "postgres"
    assert public["QRLOGIN_STORE"] is None
    with pytest.raises(ConfigurationError, match=r"'/a\?b@c'"):
        Settings.from_mapping({"QRLOGIN_URL_PREFIX": "/a?b@c"})


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Settings().redirect = "/x"  # type: ignore[misc]
