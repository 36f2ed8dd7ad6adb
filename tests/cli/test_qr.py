"""``flask qrlogin qr``: what it prints is read as a phone's camera reads a terminal."""

from __future__ import annotations

import pytest
import zxingcpp
from PIL import Image

from ..web.host import Host
from .conftest import read
from .conftest import run

URL = "https://example.com/qrlogin/s/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxw"
#: Which halves of a character's cell are drawn, the upper and the lower one.
HALVES = {" ": (0, 0), "▀": (1, 0), "▄": (0, 1), "█": (1, 1)}


def photographed(text: str, *, letters: int, ground: int) -> str:
    """Draw the terminal in these greys, in the midst of its ground, and read the code in it."""
    lines = text.splitlines()
    scale, margin = 6, 10
    width, height = len(lines[0]) + 2 * margin, 2 * len(lines) + 2 * margin
    picture = Image.new("L", (width, height), ground)
    for y, line in enumerate(lines):
        assert len(line) == len(lines[0])
        for x, character in enumerate(line):
            for half, drawn in enumerate(HALVES[character]):
                if drawn:
                    picture.putpixel((margin + x, margin + 2 * y + half), letters)
    picture = picture.resize((width * scale, height * scale), Image.Resampling.NEAREST)
    # Nor do most phones read a code with its colours exchanged.
    found = zxingcpp.read_barcodes(picture, try_invert=False)
    return found[0].text if found else ""


@pytest.mark.parametrize("url", [URL, "x", "https://example.com/" + "x" * 300, "日本語 ك"])
def test_a_dark_terminal_is_read(host: Host, url: str) -> None:
    result = run(host.app, "qr", url)
    assert result.exit_code == 0
    assert photographed(result.output, letters=220, ground=20) == url
    assert photographed(result.output, letters=20, ground=220) == ""


def test_a_light_terminal_is_read(host: Host) -> None:
    result = run(host.app, "qr", "--invert", URL)
    assert photographed(result.output, letters=20, ground=220) == URL
    assert photographed(result.output, letters=220, ground=20) == ""


def test_it_fits_into_a_usual_terminal(host: Host) -> None:
    lines = run(host.app, "qr", URL).output.splitlines()
    assert len(lines[0]) <= 80
    assert len(lines) <= 24


def test_a_program_gets_the_modules(host: Host) -> None:
    told = read(host.app, "qr", URL)
    side = len(told["modules"])
    assert told["url"] == URL
    # Four light modules all around, then the upper edge of the finder pattern.
    assert told["modules"][:4] == ["0" * side] * 4
    assert told["modules"][4].startswith("000011111110")


def test_a_text_that_is_too_long_is_wrong_usage(host: Host) -> None:
    result = run(host.app, "qr", "x" * 3000)
    assert result.exit_code == 2
    assert "Invalid value for URL: The text has 3000 bytes" in result.output


def test_no_url_is_wrong_usage(host: Host) -> None:
    assert run(host.app, "qr").exit_code == 2
