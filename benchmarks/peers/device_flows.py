"""The device grant of RFC 8628, as a browser and a phone see it in each of the peers."""

from __future__ import annotations

import json
import re
import typing as t
import urllib.parse

from flows import Code
from flows import Part
from load import Answer
from load import Ask
from load import request

#: Seconds between two polls where the server does not say (RFC 8628, section 3.2).
USUAL_INTERVAL = 5


class DeviceFlow:
    """The device grant of RFC 8628; how a person approves is each package's own."""

    code_path: str
    token_path: str

    def __init__(self, port: int, known: dict[str, str]) -> None:
        self.port = port
        self._known = known

    def enter(self) -> Part:
        return self._known["cookie"]
        yield  # A generator, since others have to ask.

    def begin(self) -> Part:
        fields = {"client_id": "browser", "scope": "profile"}
        answer = yield Ask("begin", self._post(self.code_path, fields))
        return answer.json()

    def poll(self, code: Code, expected: str | None = None, *, wait: int = 0) -> Part:
        fields = {
            "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
            "device_code": code["device_code"],
            "client_id": "browser",
        }
        right = {None: _is_any, "done": _is_token}.get(expected, _is_pending)
        label = "login" if expected == "done" else "poll"
        answer = yield Ask(label, self._post(self.token_path, fields), right)
        return _is_token(answer)

    def interval(self, code: Code) -> float:
        return t.cast(float, code.get("interval", USUAL_INTERVAL))

    def _post(self, path: str, fields: dict[str, str], cookie: str = "") -> bytes:
        return request(
            "POST",
            path,
            port=self.port,
            body=urllib.parse.urlencode(fields).encode(),
            headers={"Content-Type": "application/x-www-form-urlencoded"}
            | ({"Cookie": cookie} if cookie else {}),
        )


def _is_token(answer: Answer) -> bool:
    return answer.status == 200 and b'"access_token"' in answer.body


def _is_pending(answer: Answer) -> bool:
    return answer.status == 400 and b'"authorization_pending"' in answer.body


def _is_any(answer: Answer) -> bool:
    return _is_token(answer) or _is_pending(answer)


def _is_redirect(answer: Answer) -> bool:
    return answer.status in (302, 303)


class Authlib(DeviceFlow):
    """The page that approves is the site's own: one form."""

    code_path = "/device_authorization"
    token_path = "/token"

    def look(self, code: Code, phone: str) -> Part:
        yield from ()

    def approve(self, code: Code, phone: str) -> Part:
        fields = {"user_code": code["user_code"], "allowed": "1"}
        yield Ask("approve", self._post("/activate", fields, phone))


class DjangoOAuthToolkit(DeviceFlow):
    """Two forms, each answered by a redirect to the next page."""

    code_path = "/o/device-authorization/"
    token_path = "/o/token/"

    def look(self, code: Code, phone: str) -> Part:
        fields = {"user_code": code["user_code"], "csrfmiddlewaretoken": self._known["csrf"]}
        yield Ask("look", self._post("/o/device/", fields, phone), _is_redirect)

    def approve(self, code: Code, phone: str) -> Part:
        path = f"/o/device-confirm/browser/{code['user_code']}"
        fields = {"action": "accept", "csrfmiddlewaretoken": self._known["csrf"]}
        yield Ask("approve", self._post(path, fields, phone), _is_redirect)


class BetterAuth(DeviceFlow):
    """An API: the phone claims the code, then approves it."""

    code_path = "/api/auth/device/code"
    token_path = "/api/auth/device/token"

    def look(self, code: Code, phone: str) -> Part:
        path = f"/api/auth/device?user_code={code['user_code']}"
        headers = {"Cookie": phone}
        yield Ask("look", request("GET", path, port=self.port, headers=headers))

    def approve(self, code: Code, phone: str) -> Part:
        body = {"userCode": code["user_code"]}
        yield Ask("approve", self._json("/api/auth/device/approve", body, phone))

    def _post(self, path: str, fields: dict[str, str], cookie: str = "") -> bytes:
        return self._json(path, fields, cookie)

    def _json(self, path: str, fields: dict[str, str], cookie: str) -> bytes:
        headers = {"Origin": f"http://127.0.0.1:{self.port}", "Content-Type": "application/json"}
        if cookie:
            headers["Cookie"] = cookie
        return request(
            "POST", path, port=self.port, body=json.dumps(fields).encode(), headers=headers
        )


class OidcProvider(DeviceFlow):
    """A form with a number against forgery in the session: each phone needs one of its own."""

    code_path = "/device/auth"
    token_path = "/token"

    def enter(self) -> Part:
        code = yield from self.begin()
        page = yield Ask("enter", self._get("/device"))
        cookies = page.cookies()
        answer = yield Ask("enter", self._confirm(code, page, cookies), _is_redirect)
        cookies += "; " + answer.cookies()
        login = answer.header("location")
        answer = yield Ask("enter", self._get(login, cookies), _is_redirect)
        path = urllib.parse.urlsplit(answer.header("location")).path
        answer = yield Ask("enter", self._get(path, cookies))
        return answer.cookies()

    def look(self, code: Code, phone: str) -> Part:
        code["page"] = yield Ask("look", self._get("/device", phone))

    def approve(self, code: Code, phone: str) -> Part:
        yield Ask("approve", self._confirm(code, code["page"], phone))

    def _get(self, path: str, cookie: str = "") -> bytes:
        headers = {"Cookie": cookie} if cookie else {}
        return request("GET", path, port=self.port, headers=headers)

    def _confirm(self, code: Code, page: Answer, cookie: str) -> bytes:
        found = re.search(rb'name="xsrf" value="(\w+)"', page.body)
        xsrf = found[1].decode() if found else ""
        fields = {"xsrf": xsrf, "user_code": code["user_code"], "confirm": "yes"}
        return self._post("/device", fields, cookie)
