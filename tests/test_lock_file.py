"""The lock files fit pyproject.toml, and name no place to load from."""

from __future__ import annotations

import pathlib
import re

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .lower_bounds import requirements
from .lower_bounds import ROOT

FILES = sorted((ROOT / "requirements").glob("*.txt"))
by_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)


def pinned(file: pathlib.Path) -> dict[str, str]:
    """Return the version of each package on this Python, by its canonical name."""
    lines = re.findall(r"^(\S+==[^\\]+)\\$", file.read_text(), re.MULTILINE)
    pins = [Requirement(line) for line in lines]
    return {
        canonicalize_name(pin.name): str(pin.specifier).removeprefix("==")
        for pin in pins
        if pin.marker is None or pin.marker.evaluate()
    }


def test_everything_that_pyproject_asks_for_is_pinned_to_a_version_that_it_allows() -> None:
    pins = pinned(ROOT / "requirements" / "dev.txt")
    wrong = {
        str(each): pins.get(canonicalize_name(each.name))
        for each in requirements()
        if not each.specifier.contains(pins.get(canonicalize_name(each.name), "0"))
    }
    assert wrong == {}, "Run: make lock"


def test_the_demo_runs_on_what_is_tested() -> None:
    example, dev = (pinned(ROOT / "requirements" / f"{name}.txt") for name in ("example", "dev"))
    assert example
    assert example.items() <= dev.items()


@by_file
def test_each_pin_has_hashes(file: pathlib.Path) -> None:
    entries = re.split(r"^(?=\S)", file.read_text(), flags=re.MULTILINE)[1:]
    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []


@by_file
def test_no_place_to_load_from_is_named(file: pathlib.Path) -> None:
    assert re.findall(r"://|index-url|find-links|trusted-host", file.read_text()) == []
