"""The style: what phones read badly is refused, and a logo takes the highest error correction."""

from __future__ import annotations

import re
import typing as t

import pytest

from flask_qrlogin.qr.style import Level
from flask_qrlogin.qr.style import LEVELS
from flask_qrlogin.qr.style import QRStyle


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"size": 119}, "size must be a whole number from 120, not 119."),
        ({"size": "240"}, "size must be a whole number from 120, not '240'."),
        ({"quiet_zone": 1}, "quiet_zone must be a whole number from 2, not 1."),
        ({"quiet_zone": 2.5}, "quiet_zone must be a whole number from 2, not 2.5."),
        ({"error_correction": "m"}, "error_correction must be L, M, Q or H, not 'm'."),
        ({"dark": "black"}, "dark must be #rgb or #rrggbb, not 'black'."),
        ({"dark": '#000"/>'}, "dark must be #rgb or #rrggbb, not '#000\"/>'."),
        ({"light": "#fffff"}, "light must be #rgb or #rrggbb, not '#fffff'."),
        ({"light": None}, "light must be #rgb or #rrggbb, not None."),
        ({"dark": "#888"}, "#888 on #ffffff has a contrast of 3.54 to 1"),
        ({"dark": "#777777"}, "a code needs 4.5 to 1"),
        ({"dark": "#abc", "light": "#AABBCC"}, "has a contrast of 1.00 to 1"),
        ({"dark": "#fff", "light": "#000"}, "dark (#fff) is lighter than light (#000)"),
    ],
)
def test_a_style_that_phones_read_badly_is_refused(values: dict[str, t.Any], message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        QRStyle(**values)


def test_a_style_is_a_value_that_cannot_be_changed() -> None:
    style = QRStyle(dark="#123456")
    assert style == QRStyle(dark="#123456")
    with pytest.raises(AttributeError):
        style.dark = "#fff"  # type: ignore[misc]


@pytest.mark.parametrize(
    "url",
    ["/static/logo.svg", "/", "/logo.png?v=1", "https://cdn.example/logo.svg", "http://a.example"],
)
def test_a_logo_is_a_path_of_this_site_or_a_url_of_the_web(url: str) -> None:
    assert QRStyle(logo_url=url).logo_url == url


@pytest.mark.parametrize(
    "url",
    [
        *("", "logo.svg", "//evil.example/logo.svg", "/\\evil.example", "/a\\b", "/a b", "/a\n"),
        *("javascript:alert(1)", "data:image/png;base64,AA", "blob:x", "https:///x", "https://"),
        "https:evil.example",
    ],
)
def test_any_other_logo_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="logo_url must be a path of this site"):
        QRStyle(logo_url=url)


def test_the_level_is_m_and_with_a_logo_h() -> None:
    assert QRStyle().level == "M"
    assert QRStyle(error_correction="Q").level == "Q"
    assert QRStyle(logo_url="/logo.svg").level == "H"
    assert QRStyle(logo_url="/logo.svg", error_correction="H").level == "H"


@pytest.mark.parametrize("level", LEVELS[:3])
def test_a_lower_level_with_a_logo_is_refused(level: Level) -> None:
    with pytest.raises(ValueError, match=f"error_correction is {level!r}, but a logo hides"):
        QRStyle(logo_url="/logo.svg", error_correction=level)


def test_a_quiet_zone_that_would_make_the_logo_leave_its_gap_is_refused() -> None:
    assert QRStyle(logo_url="/logo.svg", quiet_zone=8).quiet_zone == 8
    with pytest.raises(ValueError, match="quiet_zone must be at most 8 with a logo, not 9"):
        QRStyle(logo_url="/logo.svg", quiet_zone=9)
