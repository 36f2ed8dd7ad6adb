"""Reads the blocks of the documentation's pages."""

from __future__ import annotations

import collections.abc as c
import pathlib
import re
import textwrap

ROOT = pathlib.Path(__file__).parents[2]
DOCS = ROOT / "docs"
#: All that people read.
PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(page for page in DOCS.glob("**/*.md") if "_build" not in page.parts),
]
#: Fenced blocks with the name of a language, in lists too, and comments that no reader sees:
#: ``<!-- setup`` and lines of Python.
_BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>[\w+-]+)\n(?P<code>.*?)^(?P=indent)```"
    r"|^<!-- setup\n(?P<setup>.*?)^-->",
    re.MULTILINE | re.DOTALL,
)


def blocks(page: pathlib.Path, *languages: str) -> c.Iterator[str]:
    """Yield the blocks of a page, each behind as many empty lines as stand before it."""
    text = page.read_text()
    for found in _BLOCK.finditer(text):
        if (found["language"] or "setup") in languages:
            code = textwrap.dedent(found["code"] or found["setup"] or "")
            yield "\n" * (text.count("\n", 0, found.start()) + 1) + code


def name(page: pathlib.Path) -> str:
    """Return what a test of the page is called by."""
    return str(page.relative_to(ROOT))
