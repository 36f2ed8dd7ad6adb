"""The documentation can be built, and what it takes from the code is up to date."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

from . import pages


def test_what_is_written_by_the_code_is_what_the_code_says() -> None:
    done = subprocess.run(
        [sys.executable, pages.DOCS / "generate.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_site_is_built_without_a_warning(tmp_path: pathlib.Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", pages.DOCS, tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "explanation/how-it-works.html").read_text()
    assert "states.svg" in page
    # Nor does a comment such as "Why: …" stand there as the name of a type.
    assert ">Type<span" not in (tmp_path / "reference/python.html").read_text()
    # It works without a network: nothing is loaded from elsewhere.
    assert re.findall(r'(?:src|href)="(?:https?:)?//[^"]+\.(?:js|css)', page) == []
