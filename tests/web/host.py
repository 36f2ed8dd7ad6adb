"""A small application of somebody else's, to which QR login is added in one line."""

from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
import sqlite3
import typing as t

import flask
import flask_login
import jinja2
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm
from werkzeug.routing import Rule

from flask_qrlogin import QRLogin
from flask_qrlogin.app_state import AppState
from flask_qrlogin.core.ports import LoginRequestStore
from flask_qrlogin.stores.sql import SQLStore
from flask_qrlogin.testing import Clock

from .parties import Browser
from .parties import Json
from .parties import NativeApp
from .parties import Phone

db = SQLAlchemy()

#: What builds URLs of a rule, which is half of the work of making an app.
_builders: dict[object, t.Any] = {}


class _Rule(Rule):
    """A URL rule that is compiled once, not for each app; where Werkzeug has other names, it is."""

    def _compile_builder(self, append_unknown: bool = True) -> t.Any:
        key = tuple(self._trace), repr(self.defaults), append_unknown
        if key not in _builders:
            _builders[key] = super()._compile_builder(append_unknown)
        return _builders[key]


Prepare: t.TypeAlias = c.Callable[[flask.Flask], object]


class User(flask_login.UserMixin, db.Model):  # type: ignore[name-defined, misc]
    """A user whose id, e-mail address and number must not be seen by a waiting browser."""

    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    display_name: orm.Mapped[str | None]
    email: orm.Mapped[str]
    phone: orm.Mapped[str]
    active: orm.Mapped[bool]

    @property
    def is_active(self) -> bool:
        return self.active


#: Templates are compiled once, not for each app that shows them.
COMPILED = jinja2.FileSystemBytecodeCache()
#: Name, id and display name of the people every host begins with.
PEOPLE = {"anna": (470011, "Anna Berg"), "ben": (470012, "Ben Cole")}


class Host:
    """The application, and what a test needs to look behind it.

    ``prepare`` changes the app before QR login is added to it.
    """

    def __init__(
        self,
        folder: pathlib.Path,
        *,
        prepare: Prepare | None = None,
        store: LoginRequestStore | None = None,
        qrlogin: QRLogin | None = None,
        clock: Clock | None = None,
        clear_at_login: bool = False,
        **config: t.Any,
    ) -> None:
        self.clock = clock or Clock()
        self.file = folder / "host.sqlite3"
        #: What the app's request_loader was given.
        self.seen_by_loader: list[flask.Request] = []
        folder.mkdir(exist_ok=True)
        self.app = app = flask.Flask(
            "host", instance_path=str(folder / "instance"), root_path=str(folder)
        )
        app.config.update(
            TESTING=True,
            SECRET_KEY="a key of the host",
            # Most tests are not about the number.
            QRLOGIN_CONFIRMATION="tap",
            SQLALCHEMY_DATABASE_URI=f"sqlite:///{self.file}",
        )
        app.config.update(config)
        app.url_rule_class = _Rule
        app.jinja_options = {"bytecode_cache": COMPILED}
        db.init_app(app)
        self.login_manager = flask_login.LoginManager(app)
        self.login_manager.login_view = "login"
        self.login_manager.user_loader(lambda id: db.session.get(User, int(id)))
        self.login_manager.request_loader(self._load_by_token)
        _add_views(app, clear_at_login=clear_at_login)
        if prepare is not None:
            prepare(app)
        if qrlogin is None:
            self.qrlogin = QRLogin(app, clock=self.clock, store=store)
        else:
            self.qrlogin = qrlogin
            qrlogin.init_app(app)
        with app.app_context():
            # No test pulls the plug, so the disk need not be waited for.
            sa.event.listen(db.engine, "connect", _do_not_sync)
            db.create_all()
            db.session.add_all(_new_user(name) for name in PEOPLE)
            db.session.commit()

    @property
    def state(self) -> AppState:
        """What QR login keeps of this app."""
        return t.cast(AppState, self.app.extensions["qrlogin"])

    def browser(self, base_url: str = "http://localhost") -> Browser:
        """Return a browser that nobody is logged in with."""
        return Browser(self.app, base_url)

    def phone(self, name: str | None = None, base_url: str = "http://localhost") -> Phone:
        """Return a phone's web browser, in which a person is logged in."""
        phone = Phone(self.app, base_url)
        if name is not None:
            phone.log_in(name)
        return phone

    def native_app(self, name: str = "anna", base_url: str = "http://localhost") -> NativeApp:
        """Return a native app that holds a person's bearer token."""
        return NativeApp(self.app, base_url, f"Bearer token of {name}")

    def log_in_by_qr(self, browser: Browser, name: str = "anna", **fields: t.Any) -> Json:
        """Run the whole flow with a native app; return the answer that logged in."""
        browser.start(**fields)
        app = self.native_app(name, browser.base_url)
        assert app.scan(browser.token).status_code == 200
        assert app.decide("approve").status_code == 200
        answer = browser.poll(since=2)
        assert answer["state"] == "redeemed"
        return answer

    def phone_by_qr(self, name: str = "anna") -> Phone:
        """Return a phone whose browser was itself logged in by a QR code."""
        waiting, phone = self.browser(), self.phone()
        self.log_in_by_qr(waiting, name)
        phone.jar = waiting.jar
        return phone

    def change_user(self, name: str, /, **columns: t.Any) -> None:
        """Change columns of a user."""
        with self.app.app_context():
            db.session.execute(sa.update(User).where(User.name == name).values(columns))
            db.session.commit()

    def delete_user(self, name: str) -> None:
        """Delete a user."""
        with self.app.app_context():
            db.session.execute(sa.delete(User).where(User.name == name))
            db.session.commit()

    def rows(self) -> list[dict[str, t.Any]]:
        """Return the table of login requests, as another program would read it."""
        with contextlib.closing(sqlite3.connect(self.file)) as connection:
            connection.row_factory = sqlite3.Row
            found = connection.execute("SELECT * FROM qrlogin_login_request ORDER BY rowid")
            return [dict(row) for row in found]

    def row(self, id: str | None = None) -> dict[str, t.Any]:
        """Return one login request, or the only one there is."""
        (row,) = (row for row in self.rows() if id in (None, row["id"]))
        return row

    def execute(self, statement: str) -> None:
        """Change the database as another program would."""
        with contextlib.closing(sqlite3.connect(self.file)) as connection, connection:
            connection.execute(statement)

    def write_template(self, name: str, source: str) -> None:
        """Put a template into the host's own folder."""
        path = pathlib.Path(self.app.root_path, "templates", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source)

    def close(self) -> None:
        """Close every database connection."""
        with self.app.app_context():
            engines = [*db.engines.values(), *self.state.engines.values()]
            store = self.state.store
        for engine in [*engines, store.engine] if isinstance(store, SQLStore) else engines:
            engine.dispose()

    def _load_by_token(self, request: flask.Request) -> User | None:
        self.seen_by_loader.append(request)
        scheme, _, name = request.headers.get("Authorization", "").partition(" token of ")
        return _user(name) if scheme == "Bearer" else None


def _do_not_sync(connection: sqlite3.Connection, record: object) -> None:
    connection.execute("PRAGMA synchronous=OFF")


def _new_user(name: str) -> User:
    id, display_name = PEOPLE[name]
    return User(
        id=id,
        name=name,
        display_name=display_name,
        email=f"{name}@example.org",
        phone="+49 30 5550100",
        active=True,
    )


def _user(name: str) -> User | None:
    return db.session.scalars(sa.select(User).filter_by(name=name)).one_or_none()


def _add_views(app: flask.Flask, *, clear_at_login: bool) -> None:
    @app.get("/")
    def home() -> str:
        user = flask_login.current_user
        return user.name if user.is_authenticated else "nobody"

    @app.get("/login")
    def login() -> str:
        return flask.render_template_string("<h1>Log in</h1>{{ qrlogin() }}")

    @app.post("/login")
    def check_login() -> flask.typing.ResponseReturnValue:
        next = flask.request.args.get("next") or flask.session.get("next") or "/"
        if clear_at_login:
            flask.session.clear()
        remember = "remember" in flask.request.form
        if not flask_login.login_user(_user(flask.request.form["name"]), remember=remember):
            return "refused", 403
        return flask.redirect(next if next.startswith("/") and next[1:2] != "/" else "/")

    @app.get("/confirm")
    def confirm() -> str:
        flask_login.confirm_login()
        return "fresh"

    @app.get("/logout")
    def logout() -> str:
        flask_login.logout_user()
        return "bye"
