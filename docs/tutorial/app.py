import flask
from flask_login import current_user
from flask_login import login_required
from flask_login import login_user
from flask_login import LoginManager
from flask_login import UserMixin
from flask_sqlalchemy import SQLAlchemy
from werkzeug.security import check_password_hash
from werkzeug.security import generate_password_hash

from flask_qrlogin import QRLogin

app = flask.Flask(__name__)
app.config["SECRET_KEY"] = "change me"
app.config["SQLALCHEMY_DATABASE_URI"] = "sqlite:///tutorial.sqlite3"
app.config["QRLOGIN_BASE_URL"] = "http://127.0.0.1:5000"
app.config["QRLOGIN_SITE_NAME"] = "Tutorial"
app.config.from_prefixed_env()  # FLASK_QRLOGIN_BASE_URL=… goes before the line above.

db = SQLAlchemy(app)
login_manager = LoginManager(app)
login_manager.login_view = "login"
qrlogin = QRLogin(app)


class Person(UserMixin, db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(80), unique=True)
    password = db.Column(db.String(200))


@login_manager.user_loader
def load_person(id):
    return db.session.get(Person, int(id))


@app.get("/")
@login_required
def home():
    return flask.render_template("home.html", name=current_user.name)


@app.route("/login", methods=["GET", "POST"])
def login():
    if flask.request.method == "POST":
        person = db.session.scalar(db.select(Person).filter_by(name=flask.request.form["name"]))
        if person and check_password_hash(person.password, flask.request.form["password"]):
            login_user(person)
            # Only a path of ours: a link to your login page could name another site.
            next = flask.request.args.get("next", "")
            return flask.redirect(next if next.startswith("/qrlogin/") else "/")
        flask.flash("Name or password is wrong.")
    return flask.render_template("login.html")


with app.app_context():
    db.create_all()
    if db.session.get(Person, 1) is None:
        db.session.add(Person(id=1, name="Ann", password=generate_password_hash("secret")))
        db.session.commit()
