"""What a request proves about who has sent it: at least as much as the package may believe."""

from __future__ import annotations

import collections.abc as c
import contextlib
import functools
import json
import re
import typing as t
from datetime import datetime
from datetime import UTC
from urllib.parse import parse_qsl
from urllib.parse import unquote

import werkzeug
from itsdangerous import BadSignature

from flask_qrlogin.core import errors
from flask_qrlogin.core import tokens
from tests.web.host import Host
from tests.web.host import PEOPLE

from .shots import Shot

Row: t.TypeAlias = dict[str, t.Any]

_SIGNED = re.compile(r"(?<![\w-])[\w-]{38}(?![\w-])", re.ASCII)
_BEARERS = {f"Bearer token of {name}": str(id) for name, (id, _) in PEOPLE.items()}


class Keys:
    """Reads and writes what the host signs."""

    def __init__(self, host: Host) -> None:
        keys = [host.app.config["SECRET_KEY"]]
        self.qr = tokens.IdSigner(keys, "qr")
        self.typed = tokens.IdSigner(keys, "typed")
        self.secrets = tokens.SecretHasher(keys)
        self.numbers = tokens.NumberMatch(keys)
        self.notices = tokens.IdSigner(keys, "notice")
        self._confirm = tokens.ConfirmSigner(keys)
        self._sessions = host.app.session_interface.get_signing_serializer(host.app)  # type: ignore[attr-defined]

    def confirm_token(self, row: Row) -> str | None:
        """Return the confirm token of the newest scan of a request."""
        if row["confirm_version"] is None:
            return None
        return self._confirm.write(
            id=row["id"], user_id=row["user_id"], version=row["confirm_version"]
        )

    def session(self, cookie: str) -> dict[str, t.Any]:
        """Return what is in a session cookie, if the host has signed it."""
        try:
            return t.cast(dict[str, t.Any], self._sessions.loads(cookie))
        except BadSignature:
            return {}


class Evidence:
    """What one request carries. What is cut or sent twice counts as if it were good.

    ``devices`` are the rows at that time: with one that has ended, nobody is logged in.
    """

    def __init__(
        self,
        shot: Shot,
        keys: Keys,
        *,
        app: bool,
        devices: dict[str, Row],
        now: datetime,
        approve_from_linked: bool,
        origins: c.Container[str],
    ) -> None:
        self._shot = shot
        self._keys = keys
        self._origins = origins
        #: Whether it went to the JSON API of native apps, where only the bearer token counts.
        self.app = app
        self.method = shot.method
        self.text = unquote(shot.body.decode("latin-1"))
        cookies = werkzeug.Request(shot.environ()).cookies
        self._cookies = cookies
        #: The sessions of the host.
        self.sessions = [keys.session(value) for value in cookies.getlist("session")]
        #: The linked devices whose sessions it carries.
        self.marks = {session["_qrlogin"][0] for session in self.sessions if "_qrlogin" in session}
        # Flask-Login asks the app's request_loader on web pages too.
        bearer = {_BEARERS[h] for h in [shot.header("Authorization")] if h in _BEARERS}
        #: Who is logged in where it comes from, in whatever way.
        self.users = {*bearer}
        #: Who may act as the phone: no login that came about by QR code itself.
        self.approvers = {*bearer}
        for session in [] if app else self.sessions:
            user, mark = session.get("_user_id"), session.get("_qrlogin")
            by_qr = mark is not None and mark[1] == user
            device = devices.get(mark[0]) if mark is not None else None
            if user is None or (by_qr and not (device and _is_live(device, now))):
                continue
            self.users.add(user)
            if not by_qr or approve_from_linked:
                self.approvers.add(user)

    @functools.cached_property
    def codes(self) -> set[str]:
        """The ids of the requests whose token it carries, of whatever age."""
        return self._signed(self._keys.qr) | self._signed(self._keys.typed)

    @functools.cached_property
    def notices(self) -> set[str]:
        """The ids of the devices whose notice has led here."""
        return self._signed(self._keys.notices)

    def _signed(self, signer: tokens.IdSigner) -> set[str]:
        return signed_ids(f"{unquote(self._shot.target)} {self.text}", signer)

    def field(self, name: str) -> list[str]:
        """Return every value that a field of the body may have."""
        body = self._shot.body.decode("utf-8", "replace")
        try:
            # The recursion limit and numbers too long to be read, too.
            pairs = json.loads(body, object_pairs_hook=list)
        except (ValueError, RecursionError):
            pairs = []
        given = (
            [pair for pair in pairs if isinstance(pair, tuple)] if isinstance(pairs, list) else []
        )
        parts = re.findall(r'name="?(\w+)"?[^\r\n]*\r\n\r\n(.*?)\r\n--', body, re.DOTALL)
        return [
            str(value)
            for key, value in [*given, *parse_qsl(body, keep_blank_values=True), *parts]
            if key == name
        ]

    def holds_secret_of(self, row: Row) -> bool:
        """Tell whether it comes from the browser that began a request."""
        names = (f"qrlogin-{row['id']}", f"__Host-qrlogin-{row['id']}")
        return any(
            self._keys.secrets.matches(secret, row["secret_hash"])
            for name in names
            for secret in self._cookies.getlist(name)
        )

    def confirms(self, row: Row) -> bool:
        """Tell whether the scanner sends it, from the page or answer of the newest scan."""
        token = self._keys.confirm_token(row)
        return token is not None and row["user_id"] in self.approvers and token in self.text

    def has_number_of(self, row: Row) -> bool:
        """Tell whether it carries the number that the browser shows."""
        return self._keys.numbers.number(row["id"]) in self.field("number")

    @property
    def same_origin(self) -> bool:
        """Tell whether it can come from no other site's page."""
        origin = self._shot.header("Origin")
        if origin in (None, "null"):
            return self._shot.header("Sec-Fetch-Site") == "same-origin"
        return str(origin).lower() in self._origins


def signed_ids(text: str, signer: tokens.IdSigner) -> set[str]:
    """Return the ids in all signed texts of one purpose that a text holds."""
    found = set()
    for word in _SIGNED.findall(text):
        with contextlib.suppress(errors.TokenInvalid):
            found.add(signer.read(word).id)
    return found


def time_of(text: str) -> datetime:
    """Read a time as SQLite keeps it."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _is_live(device: Row, now: datetime) -> bool:
    return device["ended_at"] is None and now < time_of(device["expires_at"])
