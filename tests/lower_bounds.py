"""Sees that each package is installed in the lowest version that pyproject.toml allows.

``make test-oldest`` runs it: where another package keeps one from being so old, its bound is not
true, and would be tested by nobody.
"""

from __future__ import annotations

import importlib.metadata
import pathlib
import sys
import tomllib
import typing as t

from packaging.requirements import Requirement
from packaging.version import Version

ROOT = pathlib.Path(__file__).parents[1]


def requirements() -> list[Requirement]:
    """Return all that pyproject.toml asks for on this Python, of the package and to develop it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    lists: list[list[t.Any]] = [
        project["project"]["dependencies"],
        *project["project"]["optional-dependencies"].values(),
        *project["dependency-groups"].values(),
    ]
    found = [Requirement(text) for each in lists for text in each if isinstance(text, str)]
    return [each for each in found if each.marker is None or each.marker.evaluate()]


def lowest(requirement: Requirement) -> Version:
    """Return the lower bound of a requirement.

    Raises:
        ValueError: it has none, or several.
    """
    (bound,) = (each.version for each in requirement.specifier if each.operator == ">=")
    return Version(bound)


def main() -> str | None:
    """Name the packages whose bound is not what is installed."""
    faults = []
    for requirement in requirements():
        installed = Version(importlib.metadata.version(requirement.name))
        if installed != lowest(requirement):
            faults.append(f"{requirement}, but {installed} is the oldest that fits the others")
    return "\n".join(faults) or None


if __name__ == "__main__":
    sys.exit(main())
