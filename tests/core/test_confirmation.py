from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from flask_qrlogin.core.confirmation import auto
from flask_qrlogin.core.confirmation import Confirmation
from flask_qrlogin.core.confirmation import MANY
from flask_qrlogin.core.confirmation import OLD
from flask_qrlogin.core.confirmation import RiskSignals
from flask_qrlogin.core.confirmation import stricter
from flask_qrlogin.core.network import network_of
from flask_qrlogin.core.network import same_network
from flask_qrlogin.core.network import shared

AT_HOME = RiskSignals(same_address=True, same_network=True, same_country=True, known_browser=True)


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"same_address": False, "same_network": False}, "other_network"),
        ({"same_country": False}, "other_country"),
        ({"known_browser": False}, "new_browser"),
        ({"age": OLD + timedelta(seconds=1)}, "old_request"),
        ({"waiting_in_network": MANY + 1}, "many_requests"),
        ({"known_address": False}, "unknown_address"),
        ({"contested": True}, "scanned_by_others"),
    ],
)
def test_each_signal_is_a_warning_with_a_name(changes: dict[str, object], warning: str) -> None:
    assert AT_HOME.warnings == ()
    assert dataclasses.replace(AT_HOME, **changes).warnings == (warning,)  # type: ignore[arg-type]


def test_what_is_unknown_is_no_reason_to_warn() -> None:
    unknown = dataclasses.replace(AT_HOME, same_address=None, same_network=None, same_country=None)
    assert unknown.warnings == ()


@pytest.mark.parametrize(
    ("changes", "confirmation"),
    [
        ({}, Confirmation.TAP),
        ({"same_network": False}, Confirmation.TAP),
        ({"same_country": None}, Confirmation.TAP),
        ({"same_country": False}, Confirmation.TAP),
        ({"same_network": False, "same_country": False}, Confirmation.MATCH),
        # Unknown never counts as shared.
        ({"same_network": None, "same_country": None}, Confirmation.MATCH),
        ({"same_network": False, "same_country": None}, Confirmation.MATCH),
        ({"known_browser": False}, Confirmation.MATCH),
        ({"contested": True}, Confirmation.MATCH),
        ({"user_code": True}, Confirmation.MATCH),
    ],
)
def test_the_default_asks_for_the_number_where_a_strangers_browser_would_look_the_same(
    changes: dict[str, object], confirmation: Confirmation
) -> None:
    assert auto(dataclasses.replace(AT_HOME, **changes)) is confirmation  # type: ignore[arg-type]


def test_the_stricter_of_two_counts() -> None:
    assert stricter(Confirmation.TAP, Confirmation.REAUTH) is Confirmation.REAUTH
    assert stricter(Confirmation.REFUSE, Confirmation.MATCH) is Confirmation.REFUSE


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2ff::5", "2001:db8:1:200::/56"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("64:ff9b::c000:24d", "192.0.2.0/24"),
        ("fe80::1%eth0", None),
        ("169.254.1.1", None),
        ("2001:0:c000:24d::1", None),
        ("127.0.0.1", None),
        ("::1", None),
        ("::ffff:127.0.0.1", None),
        ("0.0.0.0", None),
        ("", None),
        ("unix:", None),
        ("192.0.2.1, 10.0.0.1", None),
    ],
)
def test_an_address_belongs_to_a_network_if_it_says_anything(
    address: str, network: str | None
) -> None:
    assert network_of(address) == network


@pytest.mark.parametrize(
    ("browser", "phone", "same"),
    [
        ("192.0.2.1", "192.0.2.200", True),
        ("192.0.2.1", "::ffff:192.0.2.200", True),
        ("192.0.2.1", "192.0.3.1", False),
        ("2001:db8::1", "2001:db8:0:ff::1", True),
        ("2001:db8::1", "2001:db8:0:100::1", False),
        ("192.0.2.1", "2001:db8::1", None),
        ("2001:db8::1", "192.0.2.1", None),
        ("127.0.0.1", "127.0.0.1", None),
        ("192.0.2.1", "", None),
        ("", "", None),
    ],
)
def test_two_addresses_are_compared_only_where_that_says_something(
    browser: str, phone: str, same: bool | None
) -> None:
    assert same_network(browser, phone) is same


def test_two_unknown_things_are_not_the_same() -> None:
    assert shared(None, None) is None
    assert shared("Chile", "") is None
    assert shared("Chile", "Chile") is True
    assert shared("Chile", "Peru") is False
