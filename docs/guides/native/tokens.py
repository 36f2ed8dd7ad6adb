"""Gives the tutorial's app tokens for a native app: ``flask --app tokens run``."""

from __future__ import annotations

import flask
from app import app
from app import db
from app import login_manager
from app import Person
from itsdangerous import BadSignature
from itsdangerous import URLSafeTimedSerializer
from werkzeug.security import check_password_hash

tokens = URLSafeTimedSerializer(app.config["SECRET_KEY"], salt="app token")


@app.post("/token")
def give_token():
    name, password = flask.request.json["name"], flask.request.json["password"]
    person = db.session.scalar(db.select(Person).filter_by(name=name))
    if person is None or not check_password_hash(person.password, password):
        return {"title": "Name or password is wrong."}, 401
    return {"token": tokens.dumps(person.id)}


@login_manager.request_loader
def load_person_from_token(request):
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    try:
        id = tokens.loads(token, max_age=90 * 86400)
    except BadSignature:
        return None
    return db.session.get(Person, id) if scheme == "Bearer" else None
