"""Turns a text into the picture of a QR code, as SVG or PNG.

The symbol is the one of ISO/IEC 18004; its tables, fixed patterns and masks come from ``qrcode``.
That library tries eight masks for each picture and builds a tree of XML, while a login page wants
a new picture every half minute for everybody who waits. Here the mask is fixed, so that for one
version and level each bit of the code words always lands in the same module: the places are worked
out once and kept, and drawing a picture is looking up each module.
"""

from __future__ import annotations

import functools
import io
import itertools
import math
import operator
import re
import typing as t

import qrcode
from qrcode import base
from qrcode import LUT
from qrcode import util

from .qr_style import Level
from .qr_style import QRStyle

_Picker = t.Callable[[str], tuple[str, ...]]

#: Of the eight masks the one with the least penalty (ISO/IEC 18004, 7.8.3), over many login URLs.
MASK: t.Final = 2

_LEVELS: t.Final[dict[str, int]] = {
    "L": qrcode.ERROR_CORRECT_L,
    "M": qrcode.ERROR_CORRECT_M,
    "Q": qrcode.ERROR_CORRECT_Q,
    "H": qrcode.ERROR_CORRECT_H,
}
_DARK_RUN: t.Final = re.compile("1+")
_DEFAULT_STYLE: t.Final = QRStyle()


def svg(text: str, style: QRStyle = _DEFAULT_STYLE) -> str:
    """The QR code for a text as one ``<svg>`` element, for a page or for a file of its own.

    It has one rectangle and one path, no style attribute and no text, so that a strict
    Content-Security-Policy holds and the client can rebuild it node by node. It has no name for
    screen readers either: the page around it gives one.
    """
    cells = _styled(text, style)
    side = math.isqrt(len(cells))
    begin, end = _path_pieces(side)
    path = "".join([begin[run.start()] + end[run.end()] for run in _DARK_RUN.finditer(cells)])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {side} {side}"'
        f' width="{style.size}" height="{style.size}" shape-rendering="crispEdges">'
        f'<rect width="{side}" height="{side}" fill="{style.light}"/>'
        f'<path d="{path}" fill="{style.dark}"/></svg>'
    )


def png(text: str, style: QRStyle = _DEFAULT_STYLE, *, scale: int | None = None) -> bytes:
    """The QR code for a text as a PNG file; this needs Pillow, from ``flask-qrlogin[png]``.

    ``scale`` is how many pixels wide a module is; by default the least that make the picture as
    wide as the style's size, or wider.
    """
    try:
        from PIL import Image
        from PIL import ImageColor
    except ImportError as error:
        raise ImportError("A PNG needs Pillow: pip install 'flask-qrlogin[png]'") from error
    cells = _styled(text, style)
    side = math.isqrt(len(cells))
    width = side * (scale or math.ceil(style.size / side))
    image = Image.frombytes("P", (side, side), bytes(map(int, cells)))
    image.putpalette(ImageColor.getrgb(style.light) + ImageColor.getrgb(style.dark))
    file = io.BytesIO()
    image.resize((width, width), Image.Resampling.NEAREST).save(file, "PNG", bits=1)
    return file.getvalue()


def modules(
    text: str,
    *,
    level: Level = "M",
    mask: int = MASK,
    quiet_zone: int = 4,
    gap: bool = False,
) -> str:
    """The modules of the QR code for a text, row by row with the quiet zone: 1 dark, 0 light.

    The text is in byte mode, as UTF-8, in the smallest version that holds it at this level; where
    none does, a ValueError says how much would fit. With ``gap`` the middle is light, for a logo.
    """
    raw = text.encode()
    version = _smallest_version(len(raw), level)
    words = _code_words(raw, version, level)
    length, bits = 8 * len(words), int.from_bytes(words)
    inverted = bits ^ ((1 << length) - 1)
    pick = _picker(version, level, mask, quiet_zone, gap_width(version) if gap else 0)
    return "".join(pick(f"{bits:0{length}b}{inverted:0{length}b}01"))


def gap_width(version: int) -> int:
    """How many modules the gap for a logo is wide, and high: about a quarter of the symbol.

    At level H it costs no block of a code more than seven of the twelve to fifteen words that the
    block can repair, five of thirteen in version 8, the one of a usual URL. The rest repairs 20 %
    there, and 13 % at worst: as much as level M, without a logo.
    """
    return (version + 2) | 1  # Odd as the symbol, so that it is in the middle.


def _styled(text: str, style: QRStyle) -> str:
    gap = style.logo_url is not None
    return modules(text, level=style.level, quiet_zone=style.quiet_zone, gap=gap)


@functools.lru_cache(maxsize=16)
def _path_pieces(side: int) -> tuple[list[str], list[str]]:
    """What the path says where a dark run begins, and where it has ended: down, across and up.

    Filling closes the rectangle. The quiet zone keeps each run within its row.
    """
    corners = [(x, y) for y in range(side) for x in range(side)]
    return [f"M{x} {y}v1H" for x, y in corners], [f"{x}v-1" for x, _ in corners]


def _smallest_version(length: int, level: Level) -> int:
    limits = util.BIT_LIMIT_TABLE[_LEVELS[level]]
    for version in range(1, 41):
        if 4 + util.length_in_bits(util.MODE_8BIT_BYTE, version) + 8 * length <= limits[version]:
            return version
    raise ValueError(
        f"The text has {length} bytes, and a QR code of level {level} holds {limits[40] // 8 - 3}."
    )


def _blocks(version: int, level: Level) -> list[tuple[int, int]]:
    """How many data words and how many error correction words each block has."""
    blocks = base.rs_blocks(version, _LEVELS[level])
    return [(block.data_count, block.total_count - block.data_count) for block in blocks]


def _code_words(raw: bytes, version: int, level: Level) -> bytes:
    """The data words of every block, then the error correction words of every block."""
    count_bits: int = util.length_in_bits(util.MODE_8BIT_BYTE, version)
    bits: int = (util.MODE_8BIT_BYTE << count_bits | len(raw)) << 8 * len(raw) | int.from_bytes(raw)
    # Four bits of mode and the terminator's four: whole bytes again.
    data = (bits << 4).to_bytes(1 + count_bits // 8 + len(raw))
    blocks = _blocks(version, level)
    padding = bytes((util.PAD0, util.PAD1)) * sum(size for size, _ in blocks)
    data += padding[: len(padding) // 2 - len(data)]
    file = io.BytesIO(data)
    return data + b"".join(_correction(file.read(size), length) for size, length in blocks)


def _correction(block: bytes, length: int) -> bytes:
    """The Reed-Solomon words of a block: a polynomial division, byte by byte, as for a CRC."""
    multiples = _generator_multiples(length)
    top = 8 * (length - 1)
    low = (1 << top) - 1
    remainder = 0
    for word in block:
        remainder = (remainder & low) << 8 ^ multiples[remainder >> top ^ word]
    return remainder.to_bytes(length)


@functools.cache
def _generator_multiples(length: int) -> list[int]:
    """The generator polynomial, but for its first term, times each byte; there are 13 of them."""
    logs = [base.glog(coefficient) for coefficient in LUT.rsPoly_LUT[length][1:]]
    products = ([base.gexp(log + base.glog(byte)) for log in logs] for byte in range(1, 256))
    return [0, *map(int.from_bytes, products)]


@functools.lru_cache(maxsize=16)
def _picker(version: int, level: Level, mask: int, quiet_zone: int, gap: int) -> _Picker:
    """Picks every module out of: the bits of the code words, the same inverted, a 0 and a 1.

    Which is which, ``qrcode`` tells: it draws code words of zeros, then of ones. A module that
    differs holds a bit, inverted where the mask is dark; the others are alike in every picture.
    """
    blocks = _blocks(version, level)
    places = [
        (part, index, number)
        for part in (0, 1)
        for number, block in enumerate(blocks)
        for index in range(block[part])
    ]
    # Interleaved: the first words of all blocks, then the second ones, the data before the rest.
    words = sorted(range(len(places)), key=places.__getitem__)
    bits = iter([8 * word + bit for word in words for bit in range(8)])

    def drawn(word: int) -> list[bool]:
        code = qrcode.QRCode(version, _LEVELS[level], border=quiet_zone)
        code.data_cache = [word] * len(words)
        code.makeImpl(False, mask)
        return [*itertools.chain.from_iterable(code.get_matrix())]

    zeros, ones = drawn(0x00), drawn(0xFF)
    picks = [16 * len(words) + dark for dark in zeros]
    size = 4 * version + 17
    side = size + 2 * quiet_zone
    # Up and down in columns of two from the lower right corner, passing over the timing pattern.
    for turn, right in enumerate((*range(size - 1, 6, -2), 5, 3, 1)):
        rows = range(size) if turn % 2 else range(size - 1, -1, -1)
        for row, column in itertools.product(rows, (right, right - 1)):
            cell = (row + quiet_zone) * side + column + quiet_zone
            if zeros[cell] != ones[cell]:
                picks[cell] = next(bits) + 8 * len(words) * zeros[cell]
    middle = range((side - gap) // 2, (side + gap) // 2)
    for row, column in itertools.product(middle, middle):
        picks[row * side + column] = 16 * len(words)
    return operator.itemgetter(*picks)
