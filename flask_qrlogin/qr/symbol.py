"""Draws a QR code fast, by inner parts of ``qrcode`` that have no public name.

The tables, the fixed patterns and the masks of ISO/IEC 18004 come from there. Where the mask is
fixed, each bit of the code words of one version and level always lands in the same module: the
places are worked out once and kept, and drawing a picture is looking up each module.

Only ``qr_image`` imports this, which draws by the public way if anything here does not fit.
"""

from __future__ import annotations

import functools
import io
import itertools
import operator
import typing as t

import qrcode
from qrcode import base
from qrcode import LUT
from qrcode import util

_Picker = t.Callable[[str], tuple[str, ...]]


def modules(raw: bytes, *, level: int, mask: int, quiet_zone: int) -> str:
    """The modules row by row, in byte mode and the smallest version; ``level`` is qrcode's own."""
    version = _smallest_version(len(raw), level)
    words = _code_words(raw, version, level)
    length, bits = 8 * len(words), int.from_bytes(words)
    inverted = bits ^ ((1 << length) - 1)
    pick = _picker(version, level, mask, quiet_zone)
    return "".join(pick(f"{bits:0{length}b}{inverted:0{length}b}01"))


def _smallest_version(length: int, level: int) -> int:
    limits = util.BIT_LIMIT_TABLE[level]
    return next(
        version
        for version in range(1, 41)
        if 4 + util.length_in_bits(util.MODE_8BIT_BYTE, version) + 8 * length <= limits[version]
    )


def _blocks(version: int, level: int) -> list[tuple[int, int]]:
    """How many data words and how many error correction words each block has."""
    blocks = base.rs_blocks(version, level)
    return [(block.data_count, block.total_count - block.data_count) for block in blocks]


def _code_words(raw: bytes, version: int, level: int) -> bytes:
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
def _picker(version: int, level: int, mask: int, quiet_zone: int) -> _Picker:
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
        code = qrcode.QRCode(version, level, border=quiet_zone)
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
    return operator.itemgetter(*picks)
