from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_qrlogin.core import tokens
from flask_qrlogin.core import user_code


@pytest.mark.parametrize(
    "text",
    [
        "WDJBMJHT",
        "WDJB-MJHT",
        "wdjb-mjht",
        " wdjb mjht\n",
        "W D J B - M J H T",
        "WDJB\u2013MJHT",
        "WDJB\u2011MJHT",
        "WDJB\u2212MJHT",
        "WDJB\xadMJHT",
        "WDJB\u3000MJHT",
        "\uff37\uff24\uff2a\uff22\uff0d\uff4d\uff4a\uff48\uff54",
    ],
    ids=ascii,
)
def test_a_code_is_read_however_people_write_it(text: str) -> None:
    assert user_code.read(text) == "WDJBMJHT"


@pytest.mark.parametrize(
    "text",
    [
        *("", "-", "WDJBMJH", "WDJBMJHTT", "WDJBMJHA", "WDJB.MJHT", "WDJBMJH1", "WDJB_MJHT"),
        # They look like B and H, and are Greek and Cyrillic.
        *("WDJ\u0392MJHT", "WDJBMJ\u041dT", "\udc80DJBMJHT", "WDJB\x00MJHT"),
        "WDJB" + " " * 100 + "MJHT",
    ],
    ids=ascii,
)
def test_nothing_else_is_a_code(text: str) -> None:
    assert user_code.read(text) is None


@given(st.text())
def test_whatever_is_read_is_a_code(text: str) -> None:
    code = user_code.read(text)
    assert code is None or (len(code) == 8 and set(code) <= set(user_code.ALPHABET))


def test_codes_look_like_chance_and_are_read_as_they_are_shown() -> None:
    codes = {user_code.UserCodes(["key"]).write(tokens.new_id()) for _ in range(1000)}
    assert len(codes) == 1000
    assert {letter for code in codes for letter in code} == set(user_code.ALPHABET)
    assert len(user_code.ALPHABET) == 20
    assert {user_code.read(user_code.grouped(code)) for code in codes} == codes
    assert user_code.grouped("WDJBMJHT") == "WDJB-MJHT"


def test_a_code_belongs_to_one_request_and_to_the_apps_keys() -> None:
    one, other = tokens.new_id(), tokens.new_id()
    code = user_code.UserCodes(["old"]).write(one)
    assert user_code.UserCodes(["new", "old"]).matches(one, code)
    assert not user_code.UserCodes(["new", "old"]).matches(other, code)
    assert not user_code.UserCodes(["new"]).matches(one, code)
