"""What the README shows works as it stands."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys
import types

import flask
from flask_login import LoginManager

ROOT = pathlib.Path(__file__).parents[1]
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


def test_the_request_loader_of_the_readme_reads_a_bearer_token() -> None:
    login_manager = LoginManager()
    people = {"good": types.SimpleNamespace(name="Ann")}
    code = re.findall(r"```python\n(.*?)```", README, re.DOTALL)[1]
    exec(code, {"login_manager": login_manager, "find_user_by_token": people.get})
    load = login_manager.request_callback
    app = flask.Flask("host")
    for authorization, user in [
        ("Bearer good", people["good"]),
        ("Bearer bad", None),
        ("Basic good", None),
        ("", None),
    ]:
        with app.test_request_context(headers={"Authorization": authorization}):
            assert load(flask.request) is user


def test_the_commands_of_the_readme_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    commands = set(re.findall(r"`?make (\w+)", README))
    assert commands >= {"demo", "test"}
    assert all(re.search(rf"^{command}:", makefile, re.MULTILINE) for command in commands)
