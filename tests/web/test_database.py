"""Rules 8 and 9: the host's session and transactions are never touched, and nothing is held."""

from __future__ import annotations

import pathlib
import time

import flask
import flask_login
import pytest
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from flask_qrlogin import ConfigurationError
from flask_qrlogin import LoginRequestMixin
from flask_qrlogin import QRLogin
from flask_qrlogin.testing import Clock

from .conftest import MakeHost
from .host import db
from .host import Host
from .host import User
from .parties import Browser


def ours() -> bool:
    return flask.request.path.startswith("/qrlogin")


def carl() -> User:
    return User(name="carl", email="carl@example.org", phone="1", active=True)


def write_and_commit_later(app: flask.Flask) -> None:
    """Write before our view; commit after it only if it is asked for."""

    @app.before_request
    def write() -> None:
        if ours():
            db.session.add(carl())
            db.session.flush()

    @app.after_request
    def end(response: flask.Response) -> flask.Response:
        if ours():
            connection = db.session.connection().connection.dbapi_connection
            response.headers["X-Open"] = str(connection.in_transaction)  # type: ignore[union-attr]
            if "X-Commit" in flask.request.headers:
                db.session.commit()
            else:
                db.session.rollback()
        return response


def has_carl(host: Host) -> bool:
    with host.app.app_context():
        return db.session.scalar(sa.select(User).filter_by(name="carl")) is not None


class TestInMemory:
    @pytest.fixture
    def host(self, make_host: MakeHost) -> Host:
        return make_host(SQLALCHEMY_DATABASE_URI="sqlite://", prepare=write_and_commit_later)

    def test_the_hosts_transaction_is_not_committed(self, host: Host) -> None:
        browser = host.browser()
        answer = browser.post("/qrlogin/requests")
        assert (answer.status_code, answer.headers["X-Open"]) == (201, "True")
        assert not has_carl(host)

    def test_the_hosts_transaction_is_not_rolled_back(self, host: Host) -> None:
        browser = host.browser()
        browser.headers["X-Commit"] = "yes"
        answer = browser.post("/qrlogin/requests")
        assert (answer.status_code, answer.headers["X-Open"]) == (201, "True")
        assert has_carl(host)

    def test_the_whole_flow_works(self, host: Host) -> None:
        browser = host.browser()
        host.log_in_by_qr(browser)
        assert browser.who() == "anna"

    def test_the_log_says_so(self, host: Host, caplog: pytest.LogCaptureFixture) -> None:
        host.app.logger.setLevel("INFO")
        host.browser().start()
        assert "SQLite in memory" in caplog.text


class TestInTheMiddleOfTheHostsOwnWrite:
    @pytest.fixture
    def host(self, make_host: MakeHost) -> Host:
        return make_host(prepare=write_and_commit_later)

    def test_we_say_quickly_to_commit_first(self, host: Host) -> None:
        browser = host.browser()
        begun = time.monotonic()
        with pytest.raises(ConfigurationError, match=r"db\.session\.commit\(\)"):
            browser.post("/qrlogin/requests")
        assert time.monotonic() - begun < 4  # SQLite would wait for five.
        assert host.rows() == []
        assert not has_carl(host)

    def test_we_say_so_where_the_database_comes_after_us(self, tmp_path: pathlib.Path) -> None:
        app = flask.Flask("host", instance_path=str(tmp_path))
        app.config.update(
            TESTING=True,
            SECRET_KEY="a key of the host",
            TRUSTED_HOSTS=["localhost"],
            SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path}/host.sqlite3",
        )
        QRLogin(app)
        late = SQLAlchemy(app)
        flask_login.LoginManager(app).user_loader(lambda id: None)
        with app.app_context():
            late.create_all()
            late.session.execute(sa.text("CREATE TABLE visit (id INTEGER)"))
            late.session.commit()

        @app.before_request
        def write() -> None:
            late.session.execute(sa.text("INSERT INTO visit VALUES (1)"))

        with pytest.raises(ConfigurationError, match=r"db\.session\.commit\(\)"):
            Browser(app, "http://localhost").post("/qrlogin/requests")
        with app.app_context():
            late.engine.dispose()
            for engine in app.extensions["qrlogin"].engines.values():
                engine.dispose()

    def test_a_production_app_answers_500_and_says_why_in_the_log(
        self, host: Host, caplog: pytest.LogCaptureFixture
    ) -> None:
        host.app.config["PROPAGATE_EXCEPTIONS"] = False
        assert host.browser().post("/qrlogin/requests").status_code == 500
        assert "db.session.commit()" in caplog.text


def test_a_read_of_the_host_does_not_matter(make_host: MakeHost) -> None:
    def read(app: flask.Flask) -> None:
        @app.before_request
        def look() -> None:
            assert db.session.scalars(sa.select(User)).all()

    host = make_host(prepare=read)
    browser = host.browser()
    host.log_in_by_qr(browser)
    assert browser.who() == "anna"


def test_a_committed_write_of_the_host_does_not_matter(make_host: MakeHost) -> None:
    def count(app: flask.Flask) -> None:
        @app.before_request
        def write() -> None:
            user = db.session.scalars(sa.select(User)).first()
            assert user is not None
            user.email = f"{time.monotonic()}@example.org"
            db.session.commit()
            assert user.name

    browser = make_host(prepare=count).browser()
    assert browser.start()["state"] == "pending"


def test_a_failed_write_of_the_host_does_not_matter(make_host: MakeHost) -> None:
    # The session has to be rolled back before it works again, which is the host's affair.
    def fail(app: flask.Flask) -> None:
        @app.before_request
        def write() -> None:
            if ours():
                db.session.add(User(id=470011, name="x", email="x", phone="x", active=True))
                with pytest.raises(sa.exc.IntegrityError):
                    db.session.flush()

    assert make_host(prepare=fail).browser().start()["state"] == "pending"


def test_the_hosts_session_is_not_drawn_into_our_database(make_host: MakeHost) -> None:
    held: list[int] = []
    other = sa.create_engine("sqlite://")

    def use_another_database(app: flask.Flask) -> None:
        @app.before_request
        def read() -> None:
            if ours():
                db.session.execute(sa.text("SELECT 1"), bind_arguments={"bind": other})

        @app.after_request
        def count(response: flask.Response) -> flask.Response:
            if ours():
                held.append(_checked_out())
            return response

    make_host(prepare=use_another_database).browser().start()
    other.dispose()
    assert held == [0]


def _checked_out() -> int:
    """Return how many connections of the host's database are in use."""
    pool = db.engine.pool
    assert isinstance(pool, sa.pool.QueuePool)
    return pool.checkedout()


def test_nothing_is_held_when_a_poll_is_answered(make_host: MakeHost) -> None:
    held: list[int] = []

    def watch(app: flask.Flask) -> None:
        @app.after_request
        def count(response: flask.Response) -> flask.Response:
            if ours():
                held.append(_checked_out())
            return response

    browser = make_host(prepare=watch).browser()
    browser.start()
    browser.poll()
    browser.show()
    assert held == [0, 0, 0]


def test_a_poll_does_not_load_the_current_user(host: Host, browser: Browser) -> None:
    loaded: list[str] = []

    def load(id: str) -> User | None:
        loaded.append(id)
        return db.session.get(User, int(id))

    browser.log_in("ben", remember=True)
    host.login_manager.user_loader(load)
    browser.poll()
    browser.cancel()
    assert loaded == []


def test_a_model_of_the_hosts_own(make_host: MakeHost) -> None:
    base = orm.declarative_base()

    class Kept(LoginRequestMixin, base):  # type: ignore[misc, valid-type]
        tenant: orm.Mapped[str | None]

    clock = Clock()
    host = make_host(clock=clock, qrlogin=QRLogin(login_request_model=Kept, clock=clock))
    with host.app.app_context():
        base.metadata.drop_all(db.engine)
        base.metadata.create_all(db.engine)
    browser = host.browser()
    host.log_in_by_qr(browser)
    assert browser.who() == "anna"
    assert host.row()["tenant"] is None
