"""The tables, as SQLAlchemy models that migrations and admin pages see."""

from __future__ import annotations

import threading
import typing as t
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import mysql

# Two apps with one database may begin in two threads.
_lock = threading.Lock()


# A plain type, so that a migration does not import us. MySQL and MariaDB keep whole seconds
# unless they are asked.
_UTC = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
# Names and user agents, whatever the database's own default.
_IN_ALL_SCRIPTS = {"mysql_charset": "utf8mb4", "mariadb_charset": "utf8mb4"}


class LoginRequestMixin:
    """The columns of a login request; :class:`~flask_qrlogin.LoginRequest` says
    what they mean. Times are in UTC, without a time zone, to the microsecond.

    For a table of your own, with more columns (nullable, or with a default) or a bind key::

        class MyLoginRequest(LoginRequestMixin, db.Model):
            __bind_key__ = "logins"
            tenant: Mapped[str | None]


        QRLogin(app, login_request_model=MyLoginRequest)
    """

    __tablename__ = "qrlogin_login_request"

    @orm.declared_attr.directive
    def __table_args__(cls) -> t.Any:
        # Each new request counts those of its network: not by reading the old ones too.
        return (sa.Index(None, "network", "expires_at"), _IN_ALL_SCRIPTS)

    id: orm.Mapped[str] = orm.mapped_column(sa.String(32), primary_key=True)
    secret_hash: orm.Mapped[str] = orm.mapped_column(sa.String(64))
    state: orm.Mapped[str] = orm.mapped_column(sa.String(16))
    version: orm.Mapped[int]
    created_at: orm.Mapped[datetime] = orm.mapped_column(_UTC)
    expires_at: orm.Mapped[datetime] = orm.mapped_column(_UTC, index=True)
    deadline: orm.Mapped[datetime] = orm.mapped_column(_UTC)
    user_agent: orm.Mapped[str] = orm.mapped_column(sa.String(255))
    address: orm.Mapped[str] = orm.mapped_column(sa.String(45))
    network: orm.Mapped[str] = orm.mapped_column(sa.String(45), server_default="")
    browser_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(32))
    user_code: orm.Mapped[str | None] = orm.mapped_column(sa.String(8), index=True)
    next: orm.Mapped[str | None] = orm.mapped_column(sa.String(2000))
    login_hint: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    requested_by: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    user_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(255), index=True)
    scanner_name: orm.Mapped[str | None] = orm.mapped_column(sa.String(100))
    scanner_avatar_url: orm.Mapped[str | None] = orm.mapped_column(sa.String(2000))
    confirm_version: orm.Mapped[int | None]
    nonce: orm.Mapped[str | None] = orm.mapped_column(sa.String(43))
    reason: orm.Mapped[str | None] = orm.mapped_column(sa.String(255))
    # What came later has a default in the database, for the rows that are there already. "0" is
    # false everywhere: a migration that was made on SQLite has to run on PostgreSQL.
    confirmation: orm.Mapped[str] = orm.mapped_column(sa.String(16), server_default="tap")
    warnings: orm.Mapped[str] = orm.mapped_column(sa.String(255), server_default="")
    contested: orm.Mapped[bool] = orm.mapped_column(server_default="0")
    scanned_at: orm.Mapped[datetime | None] = orm.mapped_column(_UTC)
    decided_at: orm.Mapped[datetime | None] = orm.mapped_column(_UTC)
    approver_user_agent: orm.Mapped[str] = orm.mapped_column(sa.String(255), server_default="")
    approver_address: orm.Mapped[str] = orm.mapped_column(sa.String(45), server_default="")
    approver_device_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(32))
    approver_login: orm.Mapped[str | None] = orm.mapped_column(sa.String(50))
    approver_login_at: orm.Mapped[datetime | None] = orm.mapped_column(_UTC)
    remember: orm.Mapped[bool] = orm.mapped_column(server_default="0")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.state}>"


class LinkedDeviceMixin:
    """The columns of a linked device; :class:`~flask_qrlogin.linked_device.LinkedDevice` says what
    they mean. For a table of your own, as with :class:`LoginRequestMixin`:
    ``QRLogin(app, linked_device_model=MyLinkedDevice)``.
    """

    __tablename__ = "qrlogin_linked_device"
    __table_args__: t.ClassVar[t.Any] = _IN_ALL_SCRIPTS

    id: orm.Mapped[str] = orm.mapped_column(sa.String(32), primary_key=True)
    user_id: orm.Mapped[str] = orm.mapped_column(sa.String(255), index=True)
    name: orm.Mapped[str] = orm.mapped_column(sa.String(100))
    user_agent: orm.Mapped[str] = orm.mapped_column(sa.String(255))
    address: orm.Mapped[str] = orm.mapped_column(sa.String(45))
    place: orm.Mapped[str | None] = orm.mapped_column(sa.String(200))
    browser_id: orm.Mapped[str] = orm.mapped_column(sa.String(32))
    created_at: orm.Mapped[datetime] = orm.mapped_column(_UTC)
    last_seen_at: orm.Mapped[datetime] = orm.mapped_column(_UTC)
    expires_at: orm.Mapped[datetime] = orm.mapped_column(_UTC, index=True)
    remembered: orm.Mapped[bool]
    approver_user_agent: orm.Mapped[str] = orm.mapped_column(sa.String(255))
    approver_address: orm.Mapped[str] = orm.mapped_column(sa.String(45))
    approver_device_id: orm.Mapped[str | None] = orm.mapped_column(sa.String(32))
    approver_login: orm.Mapped[str | None] = orm.mapped_column(sa.String(50))
    approver_login_at: orm.Mapped[datetime | None] = orm.mapped_column(_UTC)
    ended_at: orm.Mapped[datetime | None] = orm.mapped_column(_UTC)
    end_reason: orm.Mapped[str | None] = orm.mapped_column(sa.String(20))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id}>"


Mixin = t.TypeVar("Mixin", LoginRequestMixin, LinkedDeviceMixin)


def login_request_model(metadata: sa.MetaData) -> type[LoginRequestMixin]:
    """Return the default model of a database, made on the first call: ``db.metadata``.

    It stands on a declarative base of its own that shares the metadata, not on ``db.Model``: what
    a host adds to its own base (columns, dataclasses, naming) would change our table.
    """
    return _model(LoginRequestMixin, "LoginRequestModel", metadata)


def linked_device_model(metadata: sa.MetaData) -> type[LinkedDeviceMixin]:
    """Return the default model of a database, as :func:`login_request_model` does."""
    return _model(LinkedDeviceMixin, "LinkedDeviceModel", metadata)


def _model(mixin: type[Mixin], name: str, metadata: sa.MetaData) -> type[Mixin]:
    key = f"flask_qrlogin.{name}"
    with _lock:
        model: type[Mixin] | None = metadata.info.get(key)
        if model is None:
            base = orm.declarative_base(metadata=metadata)
            model = type(name, (mixin, base), {"__module__": __name__})
            metadata.info[key] = model
        return model
