"""The accounts that are there from the start, so that there is something to try."""

from __future__ import annotations

import flask
import sqlalchemy as sa
from werkzeug.security import generate_password_hash

from .models import Account
from .models import db

#: Everybody's, and shown on the login page: this is a demonstration.
PASSWORD = "harbour-demo"  # noqa: S105
#: Name to log in with, and name to show.
PEOPLE = {
    "ann": "Ann Walker",
    "chidi": "Chidi Okafor",
    "darya": "Дарья Соколова",
    "sakura": "山田さくら",
    "tomas": "Tomás Rivera",
}


def prepare(app: flask.Flask) -> None:
    """Make the tables and accounts that are missing; what is there is left alone."""
    with app.app_context(), db.engine.connect() as connection:
        # Take SQLite's write lock before looking what is there: another process may start too.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        _drop_old_tables(connection)
        db.metadata.create_all(connection)
        there = set(connection.scalars(sa.select(Account.username)))
        missing = [
            {
                "username": username,
                "display_name": display_name,
                "password_hash": generate_password_hash(PASSWORD),
            }
            for username, display_name in PEOPLE.items()
            if username not in there
        ]
        if missing:
            connection.execute(sa.insert(Account), missing)
        connection.commit()


def _drop_old_tables(connection: sa.Connection) -> None:
    """Drop what an older version of flask_qrlogin made; a real application migrates it."""
    inspector = sa.inspect(connection)
    for table in db.metadata.sorted_tables:
        if table.name.startswith("qrlogin_") and inspector.has_table(table.name):
            there = {column["name"] for column in inspector.get_columns(table.name)}
            if not there.issuperset(table.columns.keys()):
                table.drop(connection)
