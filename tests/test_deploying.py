"""What docs/deploying says holds, and its configuration files can be read."""

from __future__ import annotations

import configparser
import dataclasses
import pathlib
import re
import runpy
import shutil
import subprocess
import sys
import typing as t

import flask
import pytest
import yaml

from flask_qrlogin.config.settings import Settings

ROOT = pathlib.Path(__file__).parents[1]
FOLDER = ROOT / "docs/deploying"
PAGE = (FOLDER / "README.md").read_text()
FILES = sorted(path for path in FOLDER.iterdir() if path.is_file())


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLASK_SECRET_KEY", "not a secret")
    monkeypatch.setenv("FLASK_QRLOGIN_BASE_URL", "http://127.0.0.1:8080")
    monkeypatch.setenv("FLASK_SQLALCHEMY_DATABASE_URI", "sqlite://")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


def run(*command: str | pathlib.Path) -> None:
    done = subprocess.run(command, cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_page_links_every_file() -> None:
    links = set(re.findall(r"\]\((?!https?:|#|\.\./)([^)#]+)", PAGE))
    assert links == {path.name for path in FILES} - {"README.md"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_key_that_is_named_exists(path: pathlib.Path) -> None:
    keys = {f"QRLOGIN_{field.name.upper()}" for field in dataclasses.fields(Settings)}
    assert keys >= set(re.findall(r"QRLOGIN_[A-Z]+(?:_[A-Z]+)*", path.read_text()))


def test_every_server_of_the_table_has_its_section() -> None:
    section = PAGE.partition("## Which server")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (\w+)", section.partition("|---")[2], re.MULTILINE)
    assert list(dict.fromkeys(rows)) == re.findall(r"^### (\w+)", section, re.MULTILINE)


def test_what_the_log_says_is_what_the_code_says() -> None:
    code = "".join(path.read_text() for path in (ROOT / "flask_qrlogin").rglob("*.py"))
    section = PAGE.partition("## What to watch")[2].partition("\n## ")[0]
    texts = re.findall(r"^\| `([A-Z][^`]+)` \| app's log", section, re.MULTILINE)
    assert texts
    assert all(text in code for text in texts)


def test_the_python_of_the_page_runs() -> None:
    names = {"app": flask.Flask("host")}
    for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL):
        exec(block, names)
    Settings.from_mapping(names["app"].config)


def test_a_name_logs_in_at_the_site_and_shows_no_other_site() -> None:
    site = runpy.run_path(str(FOLDER / "app.py"))
    app, db = site["app"], site["db"]
    client = app.test_client()
    with app.app_context():
        db.create_all()
        assert "<qr-login" in client.get("/login").text
        answer = client.post("/login?next=//evil.example", data={"name": "Ann"})
        assert (answer.status_code, answer.location) == (303, "/")
        answer = client.post("/login?next=/qrlogin/s/TOKEN", data={"name": "Ann"})
        assert answer.location == "/qrlogin/s/TOKEN"
        assert client.get("/").text == "Ann"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("gunicorn*.py")), ids=lambda path: path.name)
def test_gunicorn_reads_its_files(path: pathlib.Path) -> None:
    run(sys.executable, "-m", "gunicorn", "--check-config", "-c", path, "app:app")


def test_the_waitress_program_loads() -> None:
    run(sys.executable, "-c", "import waitress_serve")


@pytest.mark.parametrize("name", ["uwsgi.ini", "pgbouncer.ini"])
def test_the_ini_files_can_be_parsed(name: str) -> None:
    parser = configparser.ConfigParser()
    parser.read(FOLDER / name)
    assert name.partition(".")[0] in parser


def test_nginx_reads_its_file_where_it_is_installed(tmp_path: pathlib.Path) -> None:
    text = re.sub(r"app\d:", "127.0.0.1:", (FOLDER / "nginx.conf").read_text())
    assert text.count("{") == text.count("}")
    if nginx := shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/usr/bin"):
        (tmp_path / "nginx.conf").write_text(f"error_log stderr;\npid {tmp_path}/pid;\n{text}")
        run(nginx, "-t", "-c", tmp_path / "nginx.conf")


def test_caddy_reads_its_file_where_it_is_installed() -> None:
    text = (FOLDER / "Caddyfile").read_text()
    assert text.count("{") == text.count("}")
    if caddy := shutil.which("caddy"):
        run(caddy, "adapt", "--adapter", "caddyfile", "--config", "Caddyfile")


def test_timeouts_fit_each_other() -> None:
    """A proxy gives up after the poll, and lets go of idle connections before the app does."""
    nginx = dict(re.findall(r"(\w+_timeout) (\d+)s;", (FOLDER / "nginx.conf").read_text()))
    longest = Settings().hold_seconds
    assert int(nginx["proxy_read_timeout"]) > longest
    for path in FOLDER.glob("gunicorn*.py"):
        gunicorn = runpy.run_path(str(path))
        assert gunicorn["graceful_timeout"] > longest
        assert gunicorn["keepalive"] > int(nginx["keepalive_timeout"])


def test_the_compose_file_has_all_parts_and_mounts_what_is_there() -> None:
    compose: dict[str, t.Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    services = compose["services"]
    assert services.keys() == {"nginx", "app1", "app2", "tables", "postgres", "redis"}
    assert set(re.findall(r"server (\w+):", (FOLDER / "nginx.conf").read_text())) == {
        "app1",
        "app2",
    }
    for service in services.values():
        assert set(service.get("depends_on", ())) <= services.keys()
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in compose["volumes"] or (FOLDER / source).is_file()
    build = compose["x-app"]["build"]
    assert (FOLDER / build["context"]).resolve() == ROOT
    copied = re.findall(r"^COPY (.+) \S+$", (ROOT / build["dockerfile"]).read_text(), re.MULTILINE)
    assert all((ROOT / name).exists() for line in copied for name in line.split())


def test_the_environment_of_the_compose_file_is_understood() -> None:
    compose = yaml.safe_load((FOLDER / "compose.yaml").read_text())
    environment = compose["x-app"]["environment"]
    app = flask.Flask("host")
    app.config.from_mapping({key.removeprefix("FLASK_"): environment[key] for key in environment})
    assert Settings.from_mapping(app.config).base_url == "http://127.0.0.1:8080"
