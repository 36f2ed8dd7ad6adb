"""An application as most are laid out: extensions at the top, and a factory."""

from __future__ import annotations

import typing as t

import flask
import flask_login
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import orm

from flask_qrlogin import LoginRequest
from flask_qrlogin import QRLogin

db = SQLAlchemy()
login_manager = flask_login.LoginManager()
qrlogin = QRLogin()


class User(flask_login.UserMixin, db.Model):  # type: ignore[name-defined, misc]
    id: orm.Mapped[int] = orm.mapped_column(primary_key=True)
    name: orm.Mapped[str]
    locked: orm.Mapped[bool] = orm.mapped_column(default=False)
    active: orm.Mapped[bool] = orm.mapped_column(default=True)

    @property
    def is_active(self) -> bool:
        return self.active


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load_user(user_id: str) -> User | None:
    return db.session.get(User, int(user_id))


@qrlogin.may_approve
def refuse_locked(user: t.Any, login_request: LoginRequest) -> str | None:
    return "This account is locked." if user.locked else None


def create_app(**config: t.Any) -> flask.Flask:
    """Make the application, with an empty database in memory."""
    app = flask.Flask(__name__)
    app.config.update(TESTING=True, SECRET_KEY="of a test", SQLALCHEMY_DATABASE_URI="sqlite://")
    app.config.update(config)
    for extension in (db, login_manager, qrlogin):
        extension.init_app(app)
    login_manager.login_view = "login"

    @app.route("/login", methods=["GET", "POST"])
    def login() -> flask.typing.ResponseReturnValue:
        if flask.request.method == "GET":
            return flask.render_template_string("{{ qrlogin() }}")
        flask_login.login_user(load_user(flask.request.form["id"]))
        return flask.redirect(flask.request.args.get("next", "/"))

    @app.get("/account")
    @flask_login.login_required  # type: ignore[untyped-decorator]
    def account() -> str:
        return f"The account of {flask_login.current_user.name}"

    with app.app_context():
        db.create_all()
    return app


def add_user(app: flask.Flask, **columns: t.Any) -> User:
    """Commit a user, and return it as it is when its session has ended."""
    with app.app_context():
        user = User(**{"name": "Ann"} | columns)
        db.session.add(user)
        db.session.commit()
        db.session.refresh(user)
        return user
