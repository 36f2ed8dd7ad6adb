"""A site with Flask-Login and Flask-SQLAlchemy to which `QRLogin(app)` was added: ours.

Run as a program it makes a fresh database, and prints what the load program has to know.
"""

from __future__ import annotations

import json
import os
import typing as t

import flask
import flask_login
import sqlalchemy as sa
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column

from flask_qrlogin import QRLogin

app = flask.Flask(__name__)
app.config.update(
    SECRET_KEY="benchmark",
    QRLOGIN_CONFIRMATION="tap",
    SQLALCHEMY_DATABASE_URI=f"sqlite:///{os.environ['DATA']}/db.sqlite3",
    QRLOGIN_BASE_URL=f"http://127.0.0.1:{os.environ['PORT']}",
)


@sa.event.listens_for(sa.Engine, "connect")
def use_wal(connection: t.Any, record: object) -> None:
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


db = SQLAlchemy(app)
login_manager = flask_login.LoginManager(app)
QRLogin(app)


class User(flask_login.UserMixin, db.Model):  # type: ignore[name-defined,misc]
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    api_token: Mapped[str] = mapped_column(unique=True)


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load_user(id: str) -> User | None:
    return db.session.get(User, int(id))


@login_manager.request_loader  # type: ignore[untyped-decorator]
def load_app_user(request: flask.Request) -> User | None:
    token = request.authorization.token if request.authorization else None
    return db.session.scalar(sa.select(User).where(User.api_token == token))


@app.get("/")
def empty() -> flask.Response:
    return flask.jsonify({})


def main() -> None:
    with app.app_context():
        db.create_all()
        db.session.add(User(name="Ann", api_token="phone"))
        db.session.commit()
    print(json.dumps({"bearer": "phone"}))


if __name__ == "__main__":
    main()
