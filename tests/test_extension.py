"""Adding the extension to an app: in whatever order, with whatever database."""

from __future__ import annotations

import collections.abc as c
import logging
import pathlib
import subprocess
import sys
import typing as t

import flask
import flask_admin
import flask_babel
import pytest
import sqlalchemy as sa
from flask_admin.contrib.sqla import ModelView
from flask_login import LoginManager
from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from flask_qrlogin import ConfigurationError
from flask_qrlogin import login_request_model
from flask_qrlogin import LoginRequestMixin
from flask_qrlogin import QRLogin
from flask_qrlogin.stores.memory import MemoryStore

TABLE = "qrlogin_login_request"
SAME_ORIGIN = {"Origin": "http://localhost"}


class User(UserMixin):  # type: ignore[misc]
    id = "7"


@pytest.fixture
def host(tmp_path: pathlib.Path) -> flask.Flask:
    host = flask.Flask("host", instance_path=str(tmp_path / "instance"), root_path=str(tmp_path))
    host.config.update(
        TESTING=True,
        SECRET_KEY="key",
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path}/host.sqlite3",
    )
    return host


def add_login(host: flask.Flask) -> None:
    LoginManager(host).user_loader(lambda id: User())


def start(host: flask.Flask) -> t.Any:
    response = host.test_client().post("/qrlogin/requests", json={}, headers=SAME_ORIGIN)
    assert response.status_code == 201, response.text
    return response.json


def rows(engine: sa.Engine) -> int:
    with engine.connect() as connection:
        return t.cast(int, connection.execute(sa.text(f"SELECT count(*) FROM {TABLE}")).scalar())


Step: t.TypeAlias = c.Callable[[flask.Flask, SQLAlchemy], object]
STEPS: dict[str, Step] = {
    "QRLogin": lambda host, db: QRLogin(host),
    "SQLAlchemy": lambda host, db: db.init_app(host),
    "LoginManager": lambda host, db: add_login(host),
}


@pytest.mark.parametrize(
    "order",
    [
        ("QRLogin", "SQLAlchemy", "LoginManager"),
        ("SQLAlchemy", "QRLogin", "LoginManager"),
        ("LoginManager", "SQLAlchemy", "QRLogin"),
    ],
)
def test_one_line_finds_the_others_in_whatever_order(
    host: flask.Flask, order: tuple[str, ...]
) -> None:
    db = SQLAlchemy()
    for name in order:
        STEPS[name](host, db)
    with host.app_context():
        db.create_all()
        assert TABLE in db.metadata.tables
        start(host)
        assert rows(db.engine) == 1


def test_a_factory_makes_it_once_and_adds_it_to_each_app(host: flask.Flask) -> None:
    qrlogin = QRLogin()
    db = SQLAlchemy()
    for app in (host, flask.Flask("other")):
        app.config.update(host.config)
        db.init_app(app)
        add_login(app)
        qrlogin.init_app(app)
        with app.app_context():
            db.create_all()
            start(app)


def test_a_database_that_is_not_the_registered_one_can_be_given(host: flask.Flask) -> None:
    db = SQLAlchemy()
    QRLogin(host, db=db)
    assert TABLE in db.metadata.tables


class HostBase(orm.DeclarativeBase):
    """Many hosts give every model of theirs the same columns."""

    number: orm.Mapped[int] = orm.mapped_column(primary_key=True)


def test_the_model_does_not_depend_on_the_hosts_base(host: flask.Flask) -> None:
    db = SQLAlchemy(host, model_class=HostBase)
    add_login(host)
    QRLogin(host)
    with host.app_context():
        db.create_all()
        start(host)
        assert "number" not in db.metadata.tables[TABLE].columns


def test_a_model_of_the_host_may_have_more_columns_and_a_bind_key(
    host: flask.Flask, tmp_path: pathlib.Path
) -> None:
    host.config["SQLALCHEMY_BINDS"] = {"logins": f"sqlite:///{tmp_path}/logins.sqlite3"}
    db = SQLAlchemy(host)

    class MyLoginRequest(LoginRequestMixin, db.Model):  # type: ignore[name-defined,misc]
        __bind_key__ = "logins"
        tenant: orm.Mapped[str] = orm.mapped_column(default="acme")

    add_login(host)
    QRLogin(host, login_request_model=MyLoginRequest)
    with host.app_context():
        db.create_all()
        start(host)
        assert TABLE not in db.metadata.tables
        row = db.session.execute(sa.select(MyLoginRequest)).scalar_one()
        assert (row.tenant, row.state) == ("acme", "pending")
        assert rows(db.engines["logins"]) == 1


def test_a_store_of_the_hosts_own_takes_the_place_of_the_table(host: flask.Flask) -> None:
    db = SQLAlchemy(host)
    add_login(host)
    store = MemoryStore()
    QRLogin(host, store=store)
    assert store.get(start(host)["id"]) is not None
    assert TABLE not in db.metadata.tables


def test_without_flask_sqlalchemy_a_file_in_the_instance_folder_is_made_on_first_use(
    host: flask.Flask,
) -> None:
    add_login(host)
    QRLogin(host)
    path = pathlib.Path(host.instance_path, "qrlogin.sqlite3")
    assert not path.exists()
    start(host)
    assert path.exists()


def test_no_table_is_ever_made_in_the_hosts_database(host: flask.Flask) -> None:
    db = SQLAlchemy(host)
    add_login(host)
    QRLogin(host)
    with pytest.raises(ConfigurationError, match="flask qrlogin create-tables"):
        start(host)
    with host.app_context():
        assert sa.inspect(db.engine).get_table_names() == []


def test_in_memory_sqlite_gets_a_database_of_our_own_and_the_log_says_so(
    host: flask.Flask, caplog: pytest.LogCaptureFixture
) -> None:
    host.config["SQLALCHEMY_DATABASE_URI"] = "sqlite://"
    db = SQLAlchemy(host)
    add_login(host)
    QRLogin(host)
    with caplog.at_level(logging.INFO), host.app_context():
        db.create_all()
        start(host)
        assert rows(db.engine) == 0
    assert "SQLite in memory" in caplog.text


def test_an_admin_page_lists_the_requests(host: flask.Flask) -> None:
    db = SQLAlchemy(host)
    add_login(host)
    QRLogin(host)
    flask_babel.Babel(host)  # Flask-Admin asks it wherever it is installed.
    admin = flask_admin.Admin(host)
    admin.add_view(ModelView(login_request_model(db.metadata), db, endpoint="logins"))
    with host.app_context():
        db.create_all()
    id = start(host)["id"]
    page = host.test_client().get("/admin/logins/").text
    assert "pending" in page
    assert id[:8] in page or "localhost" in page or "127.0.0.1" in page


def test_a_table_of_the_same_name_breaks_no_other_context(host: flask.Flask) -> None:
    QRLogin(host)
    db = SQLAlchemy(host)

    class Theirs(LoginRequestMixin, db.Model):  # type: ignore[name-defined,misc]
        pass

    with host.app_context():
        assert db.metadata.tables[TABLE] is Theirs.__table__


def test_a_second_registration_is_refused(host: flask.Flask) -> None:
    QRLogin(host)
    with pytest.raises(ConfigurationError, match="already been registered"):
        QRLogin(host)


def test_wrong_keys_are_refused_when_the_app_is_made(host: flask.Flask) -> None:
    host.config["QRLOGIN_BASEURL"] = "https://example.com"
    with pytest.raises(ConfigurationError, match="Did you mean 'QRLOGIN_BASE_URL'"):
        QRLogin(host)


def without_key(host: flask.Flask) -> None:
    host.config["SECRET_KEY"] = None


def without_host_trust(host: flask.Flask) -> None:
    host.testing = False
    host.config["PROPAGATE_EXCEPTIONS"] = True


@pytest.mark.parametrize(
    ("spoil", "add", "message"),
    [
        (without_key, add_login, "SECRET_KEY"),
        (lambda host: None, lambda host: None, r"LoginManager\(app\)"),
        (lambda host: None, LoginManager, "user_loader"),
        (without_host_trust, add_login, "QRLOGIN_BASE_URL.*TRUSTED_HOSTS"),
    ],
)
def test_what_an_app_lacks_is_said_at_the_first_request_and_in_the_config_command(
    host: flask.Flask,
    spoil: c.Callable[[flask.Flask], object],
    add: c.Callable[[flask.Flask], object],
    message: str,
) -> None:
    QRLogin(host, store=MemoryStore())
    spoil(host)
    add(host)
    with pytest.raises(ConfigurationError, match=message):
        start(host)
    result = host.test_cli_runner().invoke(args=["qrlogin", "config"])
    assert result.exit_code == 1
    assert "problem: " in result.output


def test_calling_into_an_app_without_the_extension_says_so(host: flask.Flask) -> None:
    from flask_qrlogin.app_state import current_state

    with host.app_context(), pytest.raises(ConfigurationError, match="init_app"):
        current_state()


@pytest.mark.parametrize(
    ("config", "headers", "url"),
    [
        ({"QRLOGIN_BASE_URL": "https://a.example"}, {}, "https://a.example/"),
        ({"SERVER_NAME": "b.example"}, {"Host": "b.example"}, "http://b.example/"),
        ({"TRUSTED_HOSTS": ["c.example"]}, {"Host": "c.example"}, "http://c.example/"),
    ],
)
def test_the_url_in_the_code_comes_from_what_can_be_trusted(
    host: flask.Flask, config: dict[str, t.Any], headers: dict[str, str], url: str
) -> None:
    host.testing = False
    host.config.update(config)
    add_login(host)
    QRLogin(host, store=MemoryStore())
    response = host.test_client().post(
        "/qrlogin/requests", json={}, headers=headers | {"Sec-Fetch-Site": "same-origin"}
    )
    assert response.json is not None
    assert response.json["qr"]["url"].startswith(f"{url}qrlogin/s/")


def test_a_host_that_flask_does_not_trust_gets_no_code(host: flask.Flask) -> None:
    host.testing = False
    host.config["TRUSTED_HOSTS"] = ["c.example"]
    add_login(host)
    QRLogin(host, store=MemoryStore())
    response = host.test_client().get("/qrlogin/", headers={"Host": "evil.example"})
    assert response.status_code == 400


def test_debug_and_testing_are_read_live(host: flask.Flask) -> None:
    add_login(host)
    QRLogin(host, store=MemoryStore())
    start(host)
    host.testing = False
    host.debug = True
    start(host)


def test_an_app_that_keeps_its_requests_in_redis_starts_without_sqlalchemy() -> None:
    program = """
import sys, flask, flask_login
from flask_qrlogin import QRLogin
app = flask.Flask("app")
app.config.update(SECRET_KEY="key", QRLOGIN_STORE="redis://localhost")
flask_login.LoginManager(app)
QRLogin(app)
print(*sys.modules)
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in ran.stdout.split()}
    assert "flask_login" in loaded
    assert not {"sqlalchemy", "flask_sqlalchemy"} & loaded
