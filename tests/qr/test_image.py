"""The picture: the same modules as qrcode's, read back from the SVG itself by two decoders."""

from __future__ import annotations

import base64
import io
import itertools
import random
import re
import sys
import typing as t
import xml.etree.ElementTree

import pytest
import qrcode
import zxingcpp
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from PIL import Image
from PIL import ImageDraw
from qrcode import util

from flask_qrlogin.qr import image as qr_image
from flask_qrlogin.qr.style import Level
from flask_qrlogin.qr.style import LEVELS
from flask_qrlogin.qr.style import MIN_QUIET_ZONE
from flask_qrlogin.qr.style import QRStyle
from tests.programs import do_without
from tests.programs import ZBAR

CONSTANTS: t.Final = {
    "L": qrcode.ERROR_CORRECT_L,
    "M": qrcode.ERROR_CORRECT_M,
    "Q": qrcode.ERROR_CORRECT_Q,
    "H": qrcode.ERROR_CORRECT_H,
}

Decoder = t.Callable[[Image.Image], str]


def login_url(number: int) -> str:
    token = base64.urlsafe_b64encode(random.Random(number).randbytes(28)).decode().rstrip("=")
    return f"https://example.com/qrlogin/s/{token}"


def most_bytes(version: int, level: Level) -> int:
    bits: int = util.BIT_LIMIT_TABLE[CONSTANTS[level]][version]
    return (bits - 4) // 8 - (1 if version < 10 else 2)


def side_of(version: int) -> int:
    return 4 * version + 17 + 2 * 4


def made_by_qrcode(text: str, level: Level, masks: t.Iterable[int]) -> t.Iterator[tuple[int, str]]:
    """Each mask, and the modules that qrcode makes with it, in the version that it finds best."""
    code = qrcode.QRCode(error_correction=CONSTANTS[level], mask_pattern=0, border=4)
    code.add_data(util.QRData(text.encode(), mode=util.MODE_8BIT_BYTE, check_data=False))
    code.make()
    for code.mask_pattern in masks:
        code.make(fit=False)
        yield code.mask_pattern, "".join("01"[dark] for row in code.get_matrix() for dark in row)


def rastered(svg: str, *, scale: int = 3) -> Image.Image:
    """What a browser paints, from nothing but the string: a small reader of our rect and path."""
    root = xml.etree.ElementTree.fromstring(svg)
    rect, path = root
    _, _, width, height = map(int, root.attrib["viewBox"].split())
    assert (rect.attrib["width"], rect.attrib["height"]) == (str(width), str(height))
    image = Image.new("RGB", (width * scale, height * scale), rect.attrib["fill"])
    draw = ImageDraw.Draw(image)
    data = path.attrib["d"]
    assert re.fullmatch(r"(?:M\d+ \d+v1H\d+v-1)+", data)
    for left, top, right in re.findall(r"M(\d+) (\d+)v1H(\d+)", data):
        x, y, end = int(left) * scale, int(top) * scale, int(right) * scale
        draw.rectangle((x, y, end - 1, y + scale - 1), fill=path.attrib["fill"])
    return image


def zxing(image: Image.Image) -> str:
    only = zxingcpp.barcode_formats_from_str("QRCode")
    (code,) = zxingcpp.read_barcodes(image, formats=only)
    return bytes(code.bytes).decode()


@pytest.fixture(scope="session")
def zbar() -> Decoder:
    try:
        from pyzbar import pyzbar
    except ImportError as error:  # Its Python part is there, the shared library may not be.
        do_without(f"{ZBAR.advice} ({error})")

    def decode(image: Image.Image) -> str:
        (code,) = pyzbar.decode(image.convert("L"), symbols=[pyzbar.ZBarSymbol.QRCODE])
        return bytes(code.data).decode()

    return decode


# The modules


@pytest.mark.parametrize("version", range(1, 11))
@pytest.mark.parametrize("level", LEVELS)
def test_modules_equal_qrcode_s_with_every_mask(level: Level, version: int) -> None:
    longest = most_bytes(version, level)
    shortest = most_bytes(version - 1, level) + 1 if version > 1 else 1
    for length in (shortest, longest):
        text = (login_url(version) * 5)[:length]
        for mask, expected in made_by_qrcode(text, level, range(8)):
            assert len(expected) == side_of(version) ** 2
            assert qr_image.modules(text, level=level, mask=mask) == expected


@pytest.mark.parametrize("version", [11, 14, 18, 22, 26, 27, 31, 36, 40])
@pytest.mark.parametrize("level", LEVELS)
def test_modules_equal_qrcode_s_in_large_versions(level: Level, version: int) -> None:
    text = (login_url(version) * 50)[: most_bytes(version, level) - version % 3]
    for mask, expected in made_by_qrcode(text, level, [version % 8]):
        assert len(expected) == side_of(version) ** 2
        assert qr_image.modules(text, level=level, mask=mask) == expected


def test_the_usual_url_is_a_version_5_symbol() -> None:
    assert len(login_url(1)) == 68
    assert len(qr_image.modules(login_url(1))) == side_of(5) ** 2


@pytest.mark.parametrize("level", LEVELS)
def test_a_text_that_is_too_long_is_refused_with_the_limit(level: Level) -> None:
    limit = most_bytes(40, level)
    qr_image.modules("x" * limit, level=level)
    with pytest.raises(
        ValueError, match=rf"The text has {limit + 1} bytes.* level {level} holds {limit}\."
    ):
        qr_image.modules("x" * (limit + 1), level=level)


# Read back from the picture


@pytest.mark.parametrize("count", [200, pytest.param(2000, marks=pytest.mark.full)])
def test_two_decoders_read_different_tokens_from_the_svg(zbar: Decoder, count: int) -> None:
    urls = {login_url(number) for number in range(count)}
    assert len(urls) == count
    for url in urls:
        picture = rastered(qr_image.svg(url))
        assert zxing(picture) == url
        assert zbar(picture) == url


def test_two_decoders_read_the_png(zbar: Decoder) -> None:
    for number in range(100):
        url = login_url(number)
        picture = Image.open(io.BytesIO(qr_image.png(url))).convert("RGB")
        assert zxing(picture) == url
        assert zbar(picture) == url


@pytest.mark.parametrize("version", [1, 2, 6, 7, 9, 10, 14, 21, 26, 27, 32, 40])
@pytest.mark.parametrize("level", LEVELS)
def test_two_decoders_read_small_and_large_codes(zbar: Decoder, version: int, level: Level) -> None:
    text = (login_url(version) * 50)[: most_bytes(version, level)]
    picture = rastered(qr_image.svg(text, QRStyle(error_correction=level)))
    assert zxing(picture) == text
    assert zbar(picture) == text


@given(text=st.text(min_size=1, max_size=200), level=st.sampled_from(LEVELS))
@example(text="\0" * 100, level="M")  # A block of zeros: qrcode's own division fails on it.
@settings(deadline=None, max_examples=200)
def test_any_text_is_read_back_from_the_svg(text: str, level: Level) -> None:
    assert zxing(rastered(qr_image.svg(text, QRStyle(error_correction=level)))) == text


@pytest.mark.parametrize(
    "style",
    [
        QRStyle(dark="#767676"),
        QRStyle(dark="#000", light="#757575"),
        QRStyle(dark="#1e3a8a", light="#fef3c7", quiet_zone=MIN_QUIET_ZONE),
    ],
    ids=["palest dark", "darkest light", "coloured, least quiet zone"],
)
def test_two_decoders_read_the_least_that_a_style_may_be(zbar: Decoder, style: QRStyle) -> None:
    picture = rastered(qr_image.svg(login_url(7), style))
    assert zxing(picture) == login_url(7)
    assert zbar(picture) == login_url(7)


# The SVG element


def test_the_svg_is_flat_and_has_nothing_that_a_strict_policy_refuses() -> None:
    style = QRStyle(size=300, dark="#123", light="#FfEeDd", quiet_zone=5)
    svg = qr_image.svg(login_url(1), style)
    tag = re.compile(r'<(/?\w+)((?: [\w-]+="[^"<>&]*")*)/?>')
    assert tag.sub("", svg) == ""
    names, texts = zip(*tag.findall(svg), strict=True)
    assert names == ("svg", "rect", "path", "/svg")
    of_svg, of_rect, of_path, _ = (dict(re.findall(r'([\w-]+)="(.*?)"', text)) for text in texts)
    assert of_svg == {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": "0 0 47 47",
        "width": "300",
        "height": "300",
        "shape-rendering": "crispEdges",
    }
    assert of_rect == {"width": "47", "height": "47", "fill": "#FfEeDd"}
    assert of_path.keys() == {"d", "fill"}
    assert of_path["fill"] == "#123"


def test_the_svg_paints_the_modules_dark_on_light_with_a_quiet_zone_all_around() -> None:
    picture = rastered(qr_image.svg(login_url(1)), scale=1)
    side = side_of(5)
    assert picture.size == (side, side)
    cells = itertools.product(range(side), repeat=2)
    grey = picture.convert("L")
    dark = "".join("01"[grey.getpixel((x, y)) == 0] for y, x in cells)
    assert dark == qr_image.modules(login_url(1))
    inside = grey.point(lambda value: 255 - value).getbbox()
    assert inside == (4, 4, side - 4, side - 4)


# The PNG file


def test_the_png_has_the_two_colours_and_is_at_least_as_wide_as_the_style_says() -> None:
    style = QRStyle(size=200, dark="#123", light="#FfEeDd")
    picture = Image.open(io.BytesIO(qr_image.png(login_url(1), style)))
    assert picture.format == "PNG"
    assert picture.size == (5 * side_of(5), 5 * side_of(5))
    colours = picture.convert("RGB").getcolors()
    assert colours is not None
    assert {colour for _, colour in colours} == {(0x11, 0x22, 0x33), (0xFF, 0xEE, 0xDD)}


def test_the_png_and_the_svg_are_the_same_picture() -> None:
    picture = Image.open(io.BytesIO(qr_image.png(login_url(1), scale=2))).convert("RGB")
    assert picture.tobytes() == rastered(qr_image.svg(login_url(1)), scale=2).tobytes()


def test_without_pillow_a_png_says_what_to_install_and_an_svg_needs_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    assert qr_image.svg(login_url(1))
    with pytest.raises(ImportError, match=r"pip install 'flask-qrlogin\[png\]'"):
        qr_image.png(login_url(1))
