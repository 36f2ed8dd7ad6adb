"""The phone, in its web browser."""

from __future__ import annotations

import typing as t

import flask
import flask_login
from sqlalchemy.orm.exc import DetachedInstanceError
from werkzeug.test import TestResponse

from ..core import errors
from ..core.confirmation import Confirmation
from ..core.login_request import State
from .client import Client
from .forms import FORM_TYPE
from .forms import forms
from .refused import Refused

_SAFARI = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like "
    "Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)
#: What the page is rendered with that a test may look at.
_ASKED = ("state", "asking", "warnings", "confirmation", "choices")
#: What to do where a tap was not enough.
_MORE = {
    Confirmation.TAP: "The app asks for more by now than when the code was scanned.",
    Confirmation.MATCH: "Tap the number of the browser: phone.approve(number=browser.number).",
    Confirmation.REAUTH: "Log in again, as the page says: phone.log_in(user). Then type the "
    "number: phone.approve(number=browser.number).",
}


class FakePhone(Client):
    """Plays a phone's web browser: it opens the URL in a code, and taps what the page offers.

    ``user`` is logged in there, as by :meth:`log_in`; without one, nobody is.
    """

    def __init__(
        self,
        app: flask.Flask,
        user: t.Any = None,
        *,
        base_url: str | None = None,
        address: str = "127.0.0.1",
        user_agent: str = _SAFARI,
    ) -> None:
        super().__init__(app, base_url=base_url, address=address, user_agent=user_agent)
        #: The page that is on the screen.
        self.page: TestResponse | None = None
        #: What that page says, ``state``, ``asking``, ``warnings``, ``confirmation``, ``choices``.
        self.asked: dict[str, t.Any] = {}
        self._url = ""
        if user is not None:
            self.log_in(user)

    def log_in(self, user: t.Any) -> None:
        """Log a user in as the app's own login does with ``login_user``, and go back to the code.

        ``user`` is an object of the app's, or the id by which its ``user_loader`` finds one. To use
        the app's own form instead, send it: ``phone.post("/login", data={…})``.

        Raises:
            LookupError: the app has no such user, or lets it not log in.
        """
        id = _id_of(user)
        with self.app.app_context(), self._context():
            loaded = self.app.login_manager.user_callback(id)  # type: ignore[attr-defined]
            if loaded is None:
                raise LookupError(f"The app's user_loader finds no user {id!r}. Is it committed?")
            if not flask_login.login_user(loaded):
                raise LookupError(f"Flask-Login does not log user {id!r} in: it is not active.")
            made = dict(flask.session)
        with self.jar.session_transaction(base_url=self.base_url) as session:
            session.clear()
            session.update(made)
        if self._url:
            self._load(self._url)

    def open(self, code: str) -> TestResponse:
        """Open the URL in a code, which changes nothing yet; return the page.

        Raises:
            ValueError: it does not lead to where this phone opens the app.
        """
        if not code.startswith(f"{self.base_url}/"):
            raise ValueError(f"The code says {code!r}, and this phone opens {self.base_url}.")
        return self._load(code)

    def scan(self, code: str) -> None:
        """Open the URL in a code, and tap *Continue*.

        Raises:
            Refused
        """
        self._require(self.open(code))
        self._go_on()

    def type_code(self, code: str) -> None:
        """Type the code that the browser shows for that, and tap *Continue*.

        Raises:
            Refused
        """
        self._require(self._load(self._own("/code")))
        self._tap("code", code=code)
        self._go_on()

    def approve(self, *, number: str | None = None, remember: bool = False) -> None:
        """Tap *Approve*, or the number; ``remember`` keeps that browser signed in.

        Raises:
            Refused
        """
        fields = {"number": number or "", "remember": "yes" if remember else ""}
        self._tap("approve", **{name: value for name, value in fields.items() if value})
        if self.asked["state"] == State.SCANNED:
            raise Refused.by(errors.StepUpRequired(_MORE[self.asked["confirmation"]]))

    def deny(self) -> None:
        """Tap *Deny*, or *Take it back* after the approval.

        Raises:
            Refused
        """
        self._tap("deny")

    def not_me(self) -> None:
        """Tap *This wasn't me* after the approval.

        Raises:
            Refused
        """
        self._tap("not-me")

    def _go_on(self) -> None:
        if self.asked["state"] == State.PENDING:
            self._tap("scan")

    def _require(self, page: TestResponse) -> None:
        """See that a page is neither a refusal nor a way to the app's login."""
        self._succeed(page)
        if page.status_code != 200:
            place = page.headers.get("Location")
            raise Refused.by(
                errors.LoginRequired(f"Nobody is logged in on this phone; it is sent to {place}.")
            )

    def _load(self, url: str) -> TestResponse:
        self._url, self.page = url, self.get(url)
        self.asked = {name: value for name, value in self._shown.items() if name in _ASKED}
        return self.page

    def _tap(self, button: str, **fields: str) -> None:
        """Press a button of the page, with what the person filled in, and follow where it leads."""
        found = [] if self.page is None else forms(self.page)
        form = next((form for form in found if form.action.endswith(f"/{button}")), None)
        if form is None:
            raise Refused.by(self._why_not(button))
        data = form.fields | fields
        answer = self._succeed(self.post(form.action, data=data, content_type=FORM_TYPE))
        self._require(self._load(answer.headers["Location"]))

    def _why_not(self, button: str) -> errors.Refusal:
        """Say what keeps the page from having a button."""
        state = self.asked.get("state")
        if state == State.SCANNED:
            return errors.StepUpRequired(_MORE[Confirmation.REAUTH])
        if state is None or state == State.PENDING:
            return errors.NotScanned("Call phone.scan(browser.code) before.")
        return errors.RequestEnded(f"The page has no button to {button}: the login is {state}.")


def _id_of(user: t.Any) -> str:
    if isinstance(user, (str, int)):
        return str(user)
    try:
        return str(user.get_id())
    except DetachedInstanceError:
        raise TypeError(
            "This user has expired with its database session. Give its id: FakePhone(app, user_id)."
        ) from None
