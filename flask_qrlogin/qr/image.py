"""Turns a text into the picture of a QR code, as SVG or PNG.

The symbol is the one of ISO/IEC 18004, as ``qrcode`` makes it. That library tries eight masks for
each picture and builds a tree of XML, while a login page wants a new picture every half minute for
everybody who waits. Here the mask is fixed, and ``qr_symbol`` draws fast.
"""

from __future__ import annotations

import functools
import io
import logging
import math
import re
import typing as t

import qrcode

from .style import Level
from .style import QRStyle

_Way = t.Callable[..., str]

#: Of the eight masks the one with the least penalty (ISO/IEC 18004, 7.8.3), over many login URLs.
MASK: t.Final = 2

_LEVELS: t.Final[dict[str, int]] = {
    "L": qrcode.ERROR_CORRECT_L,
    "M": qrcode.ERROR_CORRECT_M,
    "Q": qrcode.ERROR_CORRECT_Q,
    "H": qrcode.ERROR_CORRECT_H,
}
#: What the largest symbol holds, in byte mode.
_MOST_BYTES: t.Final[dict[str, int]] = {"L": 2953, "M": 2331, "Q": 1663, "H": 1273}
_DARK_RUN: t.Final = re.compile("1+")
_DEFAULT_STYLE: t.Final = QRStyle()
_log = logging.getLogger(__name__)


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
    if len(raw) > _MOST_BYTES[level]:
        raise ValueError(
            f"The text has {len(raw)} bytes, and a QR code of level {level} holds "
            f"{_MOST_BYTES[level]}."
        )
    way = _fast_way() or _modules
    cells = way(raw, level=_LEVELS[level], mask=mask, quiet_zone=quiet_zone)
    return _with_gap(cells, quiet_zone) if gap else cells


def _with_gap(cells: str, quiet_zone: int) -> str:
    side = math.isqrt(len(cells))
    gap = gap_width((side - 2 * quiet_zone - 17) // 4)
    begin, end = (side - gap) // 2, (side + gap) // 2
    rows = [cells[start : start + side] for start in range(0, len(cells), side)]
    rows[begin:end] = [row[:begin] + "0" * gap + row[end:] for row in rows[begin:end]]
    return "".join(rows)


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


@functools.cache
def _fast_way() -> _Way | None:
    """Return the fast way to draw, if it still draws what ``qrcode`` itself does."""
    # With four blocks, of two sizes, and padding.
    raw, level = b"https://example.com/qrlogin/s/" + 20 * b"x", _LEVELS["Q"]
    try:
        from . import symbol as qr_symbol

        drawn = qr_symbol.modules(raw, level=level, mask=MASK, quiet_zone=4)
        if drawn == _modules(raw, level=level, mask=MASK, quiet_zone=4):
            return qr_symbol.modules
    except Exception:  # noqa: S110 - whatever it is, there is the other way
        pass
    _log.warning("This version of qrcode has other inner parts: QR codes are drawn slowly.")
    return None


def _modules(raw: bytes, *, level: int, mask: int, quiet_zone: int) -> str:
    """The modules row by row, by what ``qrcode`` documents."""
    code = qrcode.QRCode(error_correction=level, border=quiet_zone, mask_pattern=mask)
    code.add_data(raw, optimize=0)
    code.make()
    return "".join("01"[dark] for row in code.get_matrix() for dark in row)
