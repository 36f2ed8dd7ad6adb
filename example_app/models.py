"""The table of accounts."""

from __future__ import annotations

import functools

import flask
from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.orm import Mapped
from sqlalchemy.orm import mapped_column
from werkzeug.security import check_password_hash
from werkzeug.security import generate_password_hash


@functools.cache
def _nobodys_hash() -> str:
    return generate_password_hash("")


class Base(DeclarativeBase):
    """What all models stand on."""


db = SQLAlchemy(model_class=Base)


class Account(UserMixin, db.Model):  # type: ignore[misc, name-defined]
    """A person who can log in."""

    __tablename__ = "account"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    #: What others see: flask_qrlogin shows this and the avatar to a browser that waits.
    display_name: Mapped[str]
    password_hash: Mapped[str]

    @property
    def avatar_url(self) -> str:
        """The address of the person's picture."""
        return flask.url_for("static", filename=f"avatars/{self.username}.svg")

    @classmethod
    def find(cls, *, username: str, password: str) -> Account | None:
        """Return the account with this name, if the password is right."""
        account: Account | None = db.session.scalar(db.select(cls).filter_by(username=username))
        # As long for a name that nobody has: the time must not tell who has an account.
        kept = account.password_hash if account else _nobodys_hash()
        return account if check_password_hash(kept, password) and account else None
