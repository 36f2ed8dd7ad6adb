"""What the README shows works as it stands."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def test_the_app_of_the_readme_logs_a_browser_in() -> None:
    result = subprocess.run(
        [sys.executable, "-W", "error", ROOT / "tests/smoke.py"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert "logs a browser in" in result.stdout


def test_the_commands_of_the_readme_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    commands = set(re.findall(r"`?make (\w+)", README))
    assert commands >= {"demo", "test"}
    assert all(re.search(rf"^{command}:", makefile, re.MULTILINE) for command in commands)
