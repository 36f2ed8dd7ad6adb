"""Sessions kept on the server, as popular packages keep them."""

from __future__ import annotations

import secrets
import typing as t

import flask
from flask.sessions import SessionInterface
from flask.sessions import SessionMixin
from werkzeug.datastructures import CallbackDict


class ServerSession(CallbackDict[str, t.Any], SessionMixin):
    """A session with an id; an empty one is false, as dictionaries are."""

    def __init__(self, sid: str, values: dict[str, t.Any]) -> None:
        def changed(session: object) -> None:
            self.modified = True

        super().__init__(values, changed)
        self.sid = sid
        self.modified = False


class ServerSessions(SessionInterface):
    """Keeps sessions in a dictionary; the cookie holds their id."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, t.Any]] = {}
        #: How often a session was written.
        self.saves = 0

    def open_session(self, app: flask.Flask, request: flask.Request) -> ServerSession:
        sid = request.cookies.get("session", "")
        if sid in self.kept:
            return ServerSession(sid, dict(self.kept[sid]))
        return ServerSession(secrets.token_hex(), {})

    def save_session(
        self, app: flask.Flask, session: SessionMixin, response: flask.Response
    ) -> None:
        assert isinstance(session, ServerSession)
        if not session and session.modified:
            self.kept.pop(session.sid, None)
            response.delete_cookie("session")
        if session and self.should_set_cookie(app, session):
            self.saves += 1
            self.kept[session.sid] = dict(session)
            response.set_cookie("session", session.sid)

    def regenerate(self, session: ServerSession) -> None:
        """Give a session a new id. As in Flask-Session, nothing happens to an empty one."""
        if session:
            self.kept.pop(session.sid, None)
            session.sid = secrets.token_hex()
            session.modified = True
