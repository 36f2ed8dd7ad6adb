"""What all commands of ours have in common."""

from __future__ import annotations

import json
import os
import pathlib
import subprocess
import sys
import typing as t

import pytest

from flask_qrlogin import cli
from tests.web.host import Host

from .conftest import read
from .conftest import run

#: Arguments for those that need some.
ARGUMENTS = {"show": ["0" * 32]}
APP = """
import flask, flask_login, flask_sqlalchemy
from flask_qrlogin import QRLogin

app = flask.Flask(__name__)
app.config.from_prefixed_env()
flask_sqlalchemy.SQLAlchemy(app)
flask_login.LoginManager(app).user_loader(lambda id: None)
QRLogin(app)
"""


@pytest.mark.parametrize("name", sorted(cli.group.commands))
def test_each_has_json_and_says_what_it_does(name: str) -> None:
    command = cli.group.commands[name]
    assert "--json" in {option for each in command.params for option in each.opts}
    assert (command.help or "").split("\n")[0].endswith((".", ";"))


@pytest.mark.parametrize("name", sorted(cli.group.commands))
def test_an_option_that_there_is_not_is_wrong_usage(host: Host, name: str) -> None:
    assert run(host.app, name, "--nonsense").exit_code == 2


@pytest.mark.parametrize("name", sorted(set(cli.group.commands) - {"create-tables"}))
def test_a_database_that_is_away_is_told_in_one_line(host: Host, name: str) -> None:
    host.close()
    host.file.unlink()
    host.file.mkdir()
    result = run(host.app, name, *ARGUMENTS.get(name, []))
    assert result.exit_code == 1
    assert "Traceback" not in result.output
    assert all(line for line in result.stderr.splitlines())
    assert result.exception is None or isinstance(result.exception, SystemExit)


def test_what_was_made_and_deleted_is_told_to_programs(host: Host) -> None:
    assert read(host.app, "create-tables") == {
        "tables": ["qrlogin_login_request", "qrlogin_linked_device"]
    }
    host.browser().start()
    host.clock.advance(361)
    assert read(host.app, "purge") == {"deleted": {"requests": 1, "devices": 0}}


def test_the_configuration_is_told_to_programs(host: Host) -> None:
    told = read(host.app, "config")
    assert told["problems"] == []
    assert told["settings"]["QRLOGIN_TOKEN_LIFETIME"] == 60
    assert told["settings"]["QRLOGIN_STORE"] is None
    assert told["settings"]["QRLOGIN_CONFIRMATION"] == "tap"
    assert told["chosen"].keys() == {
        *("store", "devices", "notifier", "waiting", "host", "login page")
    }


def test_every_setting_can_be_told_to_programs(tmp_path: pathlib.Path) -> None:
    host = Host(
        tmp_path / "host",
        QRLOGIN_RATE_LIMITS={"poll": None},
        QRLOGIN_START_NETWORKS="192.0.2.0/24",
        RATELIMIT_ENABLED=False,
    )
    settings = read(host.app, "config")["settings"]
    assert settings["QRLOGIN_RATE_LIMITS"] == {"poll": None}
    assert settings["QRLOGIN_START_NETWORKS"] == ["192.0.2.0/24"]
    host.close()


def test_problems_are_told_to_programs_too(host: Host) -> None:
    host.execute("DROP TABLE qrlogin_login_request")
    result = run(host.app, "config", "--json")
    assert result.exit_code == 1
    (problem,) = json.loads(result.stdout)["problems"]
    assert problem.startswith("The table 'qrlogin_login_request' is missing")


def flask(folder: pathlib.Path, *args: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the program ``flask`` as a person does."""
    folder.joinpath("app.py").write_text(APP)
    environ = os.environ | {
        "FLASK_SECRET_KEY": "key",
        "FLASK_QRLOGIN_BASE_URL": "https://example.com",
        "FLASK_SQLALCHEMY_DATABASE_URI": f"sqlite:///{folder}/app.sqlite3",
        "PYTHONIOENCODING": "utf-8",
        **environ,
    }
    command = [sys.executable, "-m", "flask", "--app", "app", "qrlogin", *args]
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, encoding="utf-8", timeout=60
    )


def test_the_program_flask_runs_them(tmp_path: pathlib.Path) -> None:
    missing = flask(tmp_path, "purge")
    assert missing.returncode == 1
    assert missing.stderr.startswith("Error: The table 'qrlogin_login_request' is missing")
    assert missing.stderr.count("\n") == 1
    assert flask(tmp_path, "create-tables").returncode == 0
    told: dict[str, t.Any] = json.loads(flask(tmp_path, "purge", "--json").stdout)
    assert told["deleted"] == {"requests": 0, "devices": 0}
    assert flask(tmp_path, "nonsense").returncode == 2
