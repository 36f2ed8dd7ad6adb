"""The command that prints a QR code in the terminal."""

from __future__ import annotations

import itertools
import math

import click
from flask.cli import with_appcontext

from .. import qr_image
from .output import as_json
from .output import write_json

#: Two modules, one above the other, are one character: which of them are drawn.
_BLOCKS = {"00": " ", "10": "▀", "01": "▄", "11": "█"}
_EXCHANGED = str.maketrans("01", "10")


@click.command("qr")
@click.argument("url")
@click.option("--invert", is_flag=True, help="For a terminal with dark letters on a light ground.")
@as_json
@with_appcontext
def qr(url: str, invert: bool, as_json: bool) -> None:
    """Print a QR code of URL, or of any text, for a phone to scan from the terminal.

    Letters have to be light on a dark ground, unless --invert says otherwise.
    """
    try:
        cells = qr_image.modules(url)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="URL") from error
    side = math.isqrt(len(cells))
    rows = [cells[start : start + side] for start in range(0, len(cells), side)]
    if as_json:
        write_json({"url": url, "modules": rows})
        return
    try:
        click.echo("\n".join(_lines(rows, invert=invert)))
    except UnicodeEncodeError as error:
        raise click.ClickException(
            "This terminal cannot show blocks. Set PYTHONIOENCODING=utf-8 if it can."
        ) from error


def _lines(rows: list[str], *, invert: bool) -> list[str]:
    # Letters are what is drawn: the light modules, if letters are light.
    drawn = rows if invert else [row.translate(_EXCHANGED) for row in rows]
    nothing = "0" * len(drawn[0])
    return [
        "".join(_BLOCKS[upper + lower] for upper, lower in zip(above, below, strict=True))
        for above, below in itertools.zip_longest(drawn[::2], drawn[1::2], fillvalue=nothing)
    ]
