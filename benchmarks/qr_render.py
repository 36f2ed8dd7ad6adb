"""Measures how long a login page's QR code takes to draw: `qrcode`'s own SvgPathImage, and ours.

One run, interleaved: each round draws the same new URL in each way, so that whatever else the
machine does falls on all of them alike. No picture is drawn twice in the same way.

    python benchmarks/qr_render.py --rounds 300
"""

from __future__ import annotations

import argparse
import base64
import importlib.metadata
import os
import platform
import random
import statistics
import time
import typing as t

import qrcode
from qrcode.image.svg import SvgPathImage

from flask_qrlogin.qr import image as qr_image


def with_qrcode(url: str, mask: int | None = None) -> None:
    code = qrcode.QRCode(error_correction=qrcode.ERROR_CORRECT_M, mask_pattern=mask)
    code.add_data(url)
    code.make_image(image_factory=SvgPathImage).to_string()


def with_qrcode_and_a_fixed_mask(url: str) -> None:
    with_qrcode(url, mask=qr_image.MASK)


def with_ours(url: str) -> None:
    qr_image.svg(url)


WAYS: t.Final[dict[str, t.Callable[[str], None]]] = {
    "qrcode, SvgPathImage": with_qrcode,
    "the same, one mask": with_qrcode_and_a_fixed_mask,
    "qr_image.svg": with_ours,
}


def login_urls() -> t.Iterator[str]:
    """Login URLs as the extension puts them into its codes, always the same ones."""
    numbers = random.Random(18004)
    while True:
        token = base64.urlsafe_b64encode(numbers.randbytes(28)).decode().rstrip("=")
        yield f"https://example.com/qrlogin/s/{token}"


def measured(rounds: int) -> dict[str, list[float]]:
    """The seconds that each way took, round by round, after one round that is not counted."""
    seconds: dict[str, list[float]] = {name: [] for name in WAYS}
    for url, _ in zip(login_urls(), range(rounds + 1), strict=False):
        for name, draw in WAYS.items():
            before = time.perf_counter()
            draw(url)
            seconds[name].append(time.perf_counter() - before)
    return {name: durations[1:] for name, durations in seconds.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description="How long does a QR code take to draw?")
    parser.add_argument("--rounds", type=int, default=300)
    rounds = parser.parse_args().rounds
    seconds = measured(rounds)
    ours = statistics.median(seconds["qr_image.svg"])
    print(
        f"{platform.python_implementation()} {platform.python_version()},"
        f" qrcode {importlib.metadata.version('qrcode')}, {os.cpu_count()} CPUs;"
        f" {rounds} rounds, a URL of {len(next(login_urls()))} bytes, level M"
    )
    print(f"{'':22}{'median':>10}{'fastest':>11}{'median / ours':>16}")
    for name, durations in seconds.items():
        median = statistics.median(durations)
        print(
            f"{name:22}{median * 1000:7.3f} ms{min(durations) * 1000:8.3f} ms{median / ours:16.1f}"
        )


if __name__ == "__main__":
    main()
