"""The tables, as SQLAlchemy models that migrations and admin pages see."""

from __future__ import annotations

import threading
import typing as t
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql

_MODEL_KEY = "flask_qrlogin.login_request"
# Two apps with one database may begin in two threads.
_lock = threading.Lock()


# A plain type, so that a migration does not import us. MySQL and MariaDB keep whole seconds
# unless they are asked.
_UTC = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")


class LoginRequestMixin:
    """The columns of a login request; :class:`~flask_qrlogin.login_request.LoginRequest` says
    what they mean. Times are in UTC, without a time zone, to the microsecond.

    For a table of your own, with more columns (nullable, or with a default) or a bind key::

        class MyLoginRequest(LoginRequestMixin, db.Model):
            __bind_key__ = "logins"
            tenant: Mapped[str | None]


        QRLogin(app, login_request_model=MyLoginRequest)
    """

    __tablename__ = "qrlogin_login_request"
    # Names and user agents are in all scripts, whatever the database's own default.
    __table_args__: t.ClassVar[t.Any] = {"mysql_charset": "utf8mb4", "mariadb_charset": "utf8mb4"}

    id: orm.Mapped[str] = orm.mapped_column(sa.String(32), primary_key=True)
    secret_hash: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    state: orm.Mapped[str] = orm.mapped_column(sa.String(16))
    version: orm.Mapped[int]
    created_at: orm.Mapped[datetime] = orm.mapped_column(_UTC)
    expires_at: orm.Mapped[datetime] = orm.mapped_column(_UTC, index=True)
    deadline: orm.Mapped[datetime] = orm.mapped_column(_UTC)
    user_agent: orm.Mapped[str] = orm.mapped_column(sa.String(255))
    address: orm.Mapped[str] = orm.mapped_column(sa.String(45))
    next: orm.Mapped[str | None] = orm.mapped_column(sa.String(2000))
    user_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(255), index=True)
    scanner_name: orm.Mapped[str | None] = orm.mapped_column(sa.String(100))
    scanner_avatar_url: orm.Mapped[str | None] = orm.mapped_column(sa.String(2000))
    confirm_version: orm.Mapped[int | None]
    nonce: orm.Mapped[str | None] = orm.mapped_column(sa.String(43))
    reason: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.state}>"


def login_request_model(metadata: sa.MetaData) -> type[LoginRequestMixin]:
    """Return the default model of a database, made on the first call: ``db.metadata``.

    It stands on a declarative base of its own that shares the metadata, not on ``db.Model``: what
    a host adds to its own base (columns, dataclasses, naming) would change our table.
    """
    with _lock:
        model: type[LoginRequestMixin] | None = metadata.info.get(_MODEL_KEY)
        if model is None:
            base = orm.declarative_base(metadata=metadata)
            model = type("LoginRequestModel", (LoginRequestMixin, base), {"__module__": __name__})
            metadata.info[_MODEL_KEY] = model
        return model
