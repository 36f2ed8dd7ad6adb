"""Finds QR codes in a picture, as a phone's camera does."""

from __future__ import annotations

import io
import threading

import zxingcpp
from PIL import Image

#: The largest picture that is read, in bytes and in pixels.
MAX_BYTES = 12 * 1024 * 1024
MAX_PIXELS = 16_000_000
_lock = threading.Lock()
_QR_CODE = zxingcpp.barcode_formats_from_str("QRCode")


def read_codes(picture: bytes) -> list[str]:
    """Return the texts of all QR codes in a PNG, JPEG, WebP, GIF or BMP file.

    Raises:
        ValueError: it is no such file, or too large; the message is for a person.
    """
    try:
        with Image.open(
            io.BytesIO(picture), formats=["PNG", "JPEG", "WEBP", "GIF", "BMP"]
        ) as image:
            if image.width * image.height <= MAX_PIXELS:
                # One at a time: a small file can hold a picture that takes much memory.
                with _lock:
                    found = zxingcpp.read_barcodes(_grey(image), formats=_QR_CODE)
                return [code.text for code in found]
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        pass
    except (OSError, SyntaxError, ValueError) as error:
        raise ValueError("This is not a picture (PNG, JPEG, WebP, GIF or BMP).") from error
    raise ValueError("This picture is too large.")


def _grey(image: Image.Image) -> Image.Image:
    """Lay the picture on white: a transparent background would come out black."""
    colours = image.convert("RGBA")
    white = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(white, colours).convert("L")
