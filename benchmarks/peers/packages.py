"""The packages that are measured: how each is installed, and served with a fresh database."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import subprocess
import sys

import device_flows
import flows
import servers

_FOLDER = pathlib.Path(__file__).parent
_ROOT = _FOLDER.parents[1]


@dataclasses.dataclass(frozen=True, slots=True)
class Package:
    """One package. Without ``module``, the name of a WSGI app, it is a program for Node."""

    name: str
    folder: str
    flow: c.Callable[[int, dict[str, str]], flows.Flow]
    module: str | None = None
    #: Not compared with: it keeps nothing.
    is_reference: bool = False

    def install(self, bench: pathlib.Path) -> None:
        """Make an environment with the pinned versions."""
        home = bench / self.folder
        home.mkdir(parents=True, exist_ok=True)
        if self.module is None:
            shutil.copy(_FOLDER / self.folder / "package.json", home)
            options = ("--omit=dev", "--omit=peer", "--no-audit", "--no-fund", "--loglevel=error")
            subprocess.run(["npm", "install", *options], cwd=home, check=True)
            return
        subprocess.run([sys.executable, "-m", "venv", home], check=True)
        ours = ("--editable", str(_ROOT)) if self.folder == "ours" else ()
        requirements = _FOLDER / self.folder / "requirements.txt"
        pip = (home / "bin" / "python", "-m", "pip", "install", "--quiet")
        subprocess.run([*pip, "--requirement", requirements, *ours], check=True)

    def is_installed(self, bench: pathlib.Path) -> bool:
        """Tell whether :meth:`install` was run."""
        sign = "node_modules" if self.module is None else "bin/gunicorn"
        return (bench / self.folder / sign).exists()


PACKAGES = (
    Package("flask_qrlogin", "ours", flows.Ours, "ours_app:app"),
    Package("Authlib", "authlib", device_flows.Authlib, "authlib_app:app"),
    Package(
        "django-oauth-toolkit",
        "django_oauth_toolkit",
        device_flows.DjangoOAuthToolkit,
        "django_site:application",
    ),
    Package("better-auth", "better_auth", device_flows.BetterAuth),
    Package("oidc-provider, memory", "oidc_provider", device_flows.OidcProvider, is_reference=True),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Target:
    """A package on one kind of server: "sync" and "gevent" of gunicorn, or "node"."""

    package: Package
    kind: str

    def __str__(self) -> str:
        return f"{self.package.name} on {self.kind}"


TARGETS = tuple(
    Target(package, kind)
    for package in PACKAGES
    for kind in (("sync", "gevent") if package.module else ("node",))
)


@dataclasses.dataclass(frozen=True, slots=True)
class Running:
    """A target whose server runs."""

    server: servers.Server
    flow: flows.Flow


@contextlib.contextmanager
def running(
    target: Target, bench: pathlib.Path, *, env: c.Mapping[str, str]
) -> c.Iterator[Running]:
    """Serve a target with a fresh database, in two processes unless it can use only one."""
    package, port = target.package, servers.free_port()
    data = bench.absolute() / "data" / f"{package.folder}-{target.kind}"
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    env = {"DATA": str(data), "PORT": str(port), "NODE_ENV": "production", **env}
    folder = _FOLDER / package.folder
    if package.module is None:
        # Node looks for modules beside the file that wants them.
        folder = bench / package.folder
        shutil.copy(_FOLDER / package.folder / "server.mjs", folder)
        program = command = ["node", "server.mjs"]
    else:
        python = str(bench.absolute() / package.folder / "bin" / "python")
        program = [python, package.module.partition(":")[0] + ".py"]
        command = servers.gunicorn(package.module, port=port, worker=target.kind, python=python)
    known = subprocess.run(
        [*program, "prepare"], cwd=folder, env=os.environ | env, check=True, stdout=subprocess.PIPE
    )
    with servers.Server(command, port=port, folder=folder, env=env) as server:
        yield Running(server, package.flow(port, json.loads(known.stdout)))
