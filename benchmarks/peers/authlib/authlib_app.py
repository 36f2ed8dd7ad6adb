# mypy: ignore-errors
# It runs in an environment of its own, which mypy does not see.
"""Authlib 1.9.9: the device grant (RFC 8628) on Flask, Flask-SQLAlchemy and SQLite.

As "RFC8628" and "Flask OAuth 2.0 Server" in its documentation have it: the models from its
SQLAlchemy mixins, the client and the token read and saved by its own functions. What it leaves to
the site is written the cheapest way: a column that is looked up has an index, and the site never
asks a device to slow down, which would be a write in each poll.

Run as a program it makes a fresh database, and prints what the load program has to know.
"""

from __future__ import annotations

import json
import os
import time

import flask
import flask_login
import sqlalchemy as sa
from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.sqla_oauth2 import create_query_client_func
from authlib.integrations.sqla_oauth2 import create_save_token_func
from authlib.integrations.sqla_oauth2 import OAuth2ClientMixin
from authlib.integrations.sqla_oauth2 import OAuth2TokenMixin
from authlib.oauth2 import rfc8628
from flask_sqlalchemy import SQLAlchemy

# Authlib refuses plain HTTP otherwise.
os.environ["AUTHLIB_INSECURE_TRANSPORT"] = "1"

app = flask.Flask(__name__)
app.config.update(
    SECRET_KEY="benchmark",
    SQLALCHEMY_DATABASE_URI=f"sqlite:///{os.environ['DATA']}/db.sqlite3",
)


@sa.event.listens_for(sa.Engine, "connect")
def use_wal(connection, record):
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")


db = SQLAlchemy(app)
login_manager = flask_login.LoginManager(app)


class User(flask_login.UserMixin, db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(40))

    def get_user_id(self):
        return self.id


class OAuth2Client(db.Model, OAuth2ClientMixin):
    id = db.Column(db.Integer, primary_key=True)


class OAuth2Token(db.Model, OAuth2TokenMixin):
    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer)


class DeviceCredential(db.Model, rfc8628.DeviceCredentialMixin):
    device_code = db.Column(db.String(48), primary_key=True)
    user_code = db.Column(db.String(16), unique=True)
    client_id = db.Column(db.String(48))
    scope = db.Column(db.Text)
    expires_at = db.Column(db.Integer)

    def get_client_id(self):
        return self.client_id

    def get_scope(self):
        return self.scope

    def get_user_code(self):
        return self.user_code

    def is_expired(self):
        return self.expires_at < time.time()


class UserGrant(db.Model):
    user_code = db.Column(db.String(16), primary_key=True)
    user_id = db.Column(db.Integer)
    allowed = db.Column(db.Boolean)


class DeviceAuthorizationEndpoint(rfc8628.DeviceAuthorizationEndpoint):
    def get_verification_uri(self):
        return flask.url_for("activate", _external=True)

    def save_device_credential(self, client_id, scope, data):
        db.session.add(
            DeviceCredential(
                client_id=client_id,
                scope=scope,
                device_code=data["device_code"],
                user_code=data["user_code"],
                expires_at=int(time.time()) + data["expires_in"],
            )
        )
        db.session.commit()


class DeviceCodeGrant(rfc8628.DeviceCodeGrant):
    def query_device_credential(self, device_code):
        return db.session.get(DeviceCredential, device_code)

    def query_user_grant(self, user_code):
        grant = db.session.get(UserGrant, user_code)
        return grant and (db.session.get(User, grant.user_id), grant.allowed)

    def should_slow_down(self, credential):
        return False


server = AuthorizationServer(
    app,
    query_client=create_query_client_func(db.session, OAuth2Client),
    save_token=create_save_token_func(db.session, OAuth2Token),
)
server.register_endpoint(DeviceAuthorizationEndpoint)
server.register_grant(DeviceCodeGrant)


@login_manager.user_loader
def load_user(id):
    return db.session.get(User, int(id))


@app.get("/")
def empty():
    return flask.jsonify({})


@app.post("/device_authorization")
def device_authorization():
    return server.create_endpoint_response("device_authorization")


@app.post("/token")
def token():
    return server.create_token_response()


@app.post("/activate")
@flask_login.login_required
def activate():
    user_code = flask.request.form["user_code"]
    credential = db.session.scalar(
        sa.select(DeviceCredential).where(DeviceCredential.user_code == user_code)
    )
    if credential is None or credential.is_expired():
        flask.abort(404)
    db.session.add(
        UserGrant(
            user_code=user_code,
            user_id=flask_login.current_user.id,
            allowed=flask.request.form["allowed"] == "1",
        )
    )
    db.session.commit()
    return flask.jsonify({"allowed": True})


def main():
    with app.app_context():
        db.create_all()
        client = OAuth2Client(client_id="browser", client_id_issued_at=int(time.time()))
        client.set_client_metadata(
            {
                "token_endpoint_auth_method": "none",
                "grant_types": [rfc8628.DEVICE_CODE_GRANT_TYPE],
                "scope": "profile",
            }
        )
        db.session.add_all([client, User(id=1, name="Ann")])
        db.session.commit()
    with app.test_client() as phone:
        with phone.session_transaction() as session:
            session["_user_id"] = "1"
        print(json.dumps({"cookie": f"session={phone.get_cookie('session').value}"}))


if __name__ == "__main__":
    main()
