"""A host for the commands, and how they are run."""

from __future__ import annotations

import collections.abc as c
import json
import pathlib
import typing as t

import flask
import pytest

from tests.web.host import Host


@pytest.fixture
def host(tmp_path: pathlib.Path) -> c.Iterator[Host]:
    host = Host(tmp_path / "host")
    yield host
    host.close()


def run(app: flask.Flask, *args: str) -> t.Any:
    """Run a command of ours."""
    return app.test_cli_runner().invoke(args=["qrlogin", *args])


def read(app: flask.Flask, *args: str) -> t.Any:
    """Run a command that has to succeed, and return the JSON that it writes."""
    result = run(app, *args, "--json")
    assert (result.exit_code, result.stderr) == (0, "")
    return json.loads(result.stdout)
