"""The first start, and every later one."""

from __future__ import annotations

import collections.abc as c
import concurrent.futures
import pathlib
import re
import secrets
import stat
import threading

import flask
import pytest

from example_app import create_app
from example_app import seed
from example_app import settings
from example_app.models import Account
from example_app.models import db

from . import steps

MakeSite = c.Callable[..., flask.Flask]


@pytest.fixture
def make_site(tmp_path: pathlib.Path) -> c.Iterator[MakeSite]:
    """Starts the application in one and the same new folder."""
    sites: list[flask.Flask] = []

    def make(config: dict[str, object] | None = None) -> flask.Flask:
        sites.append(create_app(config, instance_path=str(tmp_path / "instance")))
        return sites[-1]

    yield make
    for site in sites:
        with site.app_context():
            db.engine.dispose()


def names(site: flask.Flask) -> list[str]:
    with site.app_context():
        return list(db.session.scalars(db.select(Account.username).order_by(Account.id)))


def test_a_second_start_leaves_the_accounts_alone(make_site: MakeSite) -> None:
    first = make_site()
    with first.app_context():
        db.session.execute(db.update(Account).values(display_name="Somebody"))
        db.session.execute(db.delete(Account).where(Account.username == "ann"))
        db.session.commit()
    second = make_site()
    assert sorted(names(second)) == sorted(seed.PEOPLE)
    with second.app_context():
        query = db.select(Account.display_name).order_by(Account.username)
        assert list(db.session.scalars(query)) == ["Ann Walker", *["Somebody"] * 4]


def test_a_table_of_an_older_version_gives_way_to_the_new_one(make_site: MakeSite) -> None:
    with make_site().app_context():
        db.session.execute(db.text("DROP TABLE qrlogin_login_request"))
        db.session.execute(db.text("CREATE TABLE qrlogin_login_request (id VARCHAR PRIMARY KEY)"))
        db.session.commit()
    steps.show_code(make_site().test_client())


def test_two_processes_may_start_at_once(
    make_site: MakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    barrier = threading.Barrier(2)

    def prepare(site: flask.Flask) -> None:
        barrier.wait(10)
        seed.prepare(site)

    with monkeypatch.context() as patch:
        patch.setattr(seed, "prepare", lambda site: None)
        sites = [make_site(), make_site()]
    with concurrent.futures.ThreadPoolExecutor() as executor:
        list(executor.map(prepare, sites))
    assert [names(site) for site in sites] == [[*seed.PEOPLE]] * 2


def test_passwords_are_kept_hashed(make_site: MakeSite) -> None:
    site = make_site()
    assert (
        seed.PASSWORD.encode()
        not in pathlib.Path(site.instance_path, "harbour.sqlite3").read_bytes()
    )


def test_the_key_is_made_once_and_kept_for_its_owner_alone(make_site: MakeSite) -> None:
    site = make_site()
    path = pathlib.Path(site.instance_path, "secret_key")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert re.fullmatch("[0-9a-f]{64}", path.read_text())
    assert site.config["SECRET_KEY"] == path.read_text() == make_site().config["SECRET_KEY"]
    assert sorted(file.name for file in path.parent.iterdir()) == ["harbour.sqlite3", "secret_key"]


def test_of_two_that_make_a_key_at_once_the_first_one_counts(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "secret_key"

    def other_is_faster(length: int = 32) -> str:
        path.write_text("theirs")
        return "ours"

    monkeypatch.setattr(secrets, "token_hex", other_is_faster)
    assert settings.kept_secret(path) == "theirs"
    assert [*tmp_path.iterdir()] == [path]


def test_the_environment_goes_before_the_defaults_and_the_caller_before_the_environment(
    make_site: MakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLASK_SECRET_KEY", "from the environment")
    monkeypatch.setenv("FLASK_QRLOGIN_SITE_NAME", "Elsewhere")
    site = make_site({"QRLOGIN_SITE_NAME": "Here"})
    assert site.config["SECRET_KEY"] == "from the environment"
    assert site.config["QRLOGIN_SITE_NAME"] == "Here"


def test_both_names_of_this_computer_work_and_no_other(make_site: MakeSite) -> None:
    browser = make_site().test_client()
    for host, status in {
        "127.0.0.1:5050": 200,
        "localhost:5050": 200,
        "evil.example": 400,
        "192.168.1.20:5050": 400,
    }.items():
        assert browser.get("/login", headers={"Host": host}).status_code == status


def test_the_caller_may_say_which_hosts_are_trusted(make_site: MakeSite) -> None:
    browser = make_site({"TRUSTED_HOSTS": ["harbour.example"]}).test_client()
    assert browser.get("/login", headers={"Host": "harbour.example"}).status_code == 200
    assert browser.get("/login", headers={"Host": "localhost"}).status_code == 400


def test_the_base_url_is_trusted_and_stands_in_the_code(
    make_site: MakeSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QRLOGIN_BASE_URL", "http://192.168.1.20:5050")
    browser = make_site().test_client()
    for host in ("192.168.1.20:5050", "localhost:5050"):
        headers = {"Host": host, "Origin": f"http://{host}"}
        answer = browser.post("/qrlogin/requests", json={}, headers=headers)
        assert answer.status_code == 201
        assert answer.get_json()["qr"]["url"].startswith("http://192.168.1.20:5050/qrlogin/s/")


def test_over_https_the_session_cookie_is_secure(make_site: MakeSite) -> None:
    site = make_site({"QRLOGIN_BASE_URL": "https://harbour.example"})
    answer = site.test_client().get("/login", headers={"Host": "harbour.example"})
    assert "Secure" in answer.headers["Set-Cookie"]
    assert make_site().config["SESSION_COOKIE_SECURE"] is False
