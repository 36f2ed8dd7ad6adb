"""A small site, with which every configuration in this folder was run.

It asks for a name and for no password, so that there is something to try: put your own app here.
"""

from __future__ import annotations

import flask
import flask_login
from flask_sqlalchemy import SQLAlchemy
from werkzeug.middleware.proxy_fix import ProxyFix

from flask_qrlogin import QRLogin

app = flask.Flask(__name__)
# FLASK_SECRET_KEY, FLASK_SQLALCHEMY_DATABASE_URI, FLASK_QRLOGIN_BASE_URL, …
app.config.from_prefixed_env()
# One proxy is in front, and nobody reaches the app without it.
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]

db = SQLAlchemy(app)
login_manager = flask_login.LoginManager(app)
login_manager.login_view = "login"
qrlogin = QRLogin(app)


class Person(flask_login.UserMixin, db.Model):  # type: ignore[misc, name-defined]
    """A person who can log in."""

    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80), unique=True, nullable=False)


@login_manager.user_loader  # type: ignore[untyped-decorator]
def load_person(id: str) -> Person | None:
    """Load the person that a session names."""
    person: Person | None = db.session.get(Person, int(id))
    return person


@app.get("/")
def home() -> str:
    """Say who is logged in."""
    person = flask_login.current_user
    return person.name if person.is_authenticated else "nobody"


@app.route("/login", methods=["GET", "POST"])
def login() -> flask.typing.ResponseReturnValue:
    """Show a form for a name beside the code, and log that person in."""
    name = flask.request.form.get("name", "").strip()[:80]
    if not name:
        return flask.render_template_string(
            '<form method="post"><input name="name"><button>Log in</button></form>{{ qrlogin() }}'
        )
    person = db.session.scalar(db.select(Person).filter_by(name=name))
    if person is None:
        person = Person(name=name)
        db.session.add(person)
        db.session.commit()
    flask_login.login_user(person)
    next = flask.request.args.get("next", "")
    own = next.startswith("/qrlogin/s/")
    return flask.redirect(next if own else "/", 303)


@app.cli.command("create-tables")
def create_tables() -> None:
    """Make the tables, once, before the first start."""
    db.create_all()
