"""Where an application decides: each hook has a visible default and a decorator to replace it."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t
import unicodedata
from datetime import datetime

import flask

from .core.confirmation import Confirmation
from .core.confirmation import RiskSignals
from .core.linked_device import LinkedDevice
from .core.login_request import LoginRequest
from .core.login_request import Profile


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a network address seems to be: a country, and a town if it is known."""

    country: str
    town: str | None = None

    def __str__(self) -> str:
        return self.country if self.town is None else f"{self.town}, {self.country}"


#: Where applications keep what people call each other; the shorter one first.
_NAMES = ("display_name", "name", "first_name", "full_name")


def default_profile(user: t.Any) -> Profile:
    """Show ``avatar_url``, and ``display_name``, ``name``, ``first_name`` or ``full_name``.

    The first of them that does not look like an e-mail address or a phone number, else "Somebody".
    """
    # Not username, which is half of what it takes to log in: the browser may be a stranger's.
    names = (getattr(user, attribute, None) for attribute in _NAMES)
    name = next(
        (
            name
            for name in names
            if isinstance(name, str) and name.strip() and not _looks_private(name)
        ),
        "Somebody",
    )
    avatar_url = getattr(user, "avatar_url", None)
    return Profile(name, avatar_url if isinstance(avatar_url, str) else None)


def _looks_private(name: str) -> bool:
    """Tell whether a name may be an e-mail address or a phone number, in whatever characters."""
    name = unicodedata.normalize("NFKC", name)
    digits = sum(character.isdigit() for character in name)
    letters = sum(character.isalpha() for character in name)
    return "@" in name or (digits >= 6 and digits > letters)


def default_matches_hint(user: t.Any, hint: str) -> bool:
    """Compare what was typed with ``username`` and ``email``, whatever the case.

    Not with a name that people choose themselves: anybody could take another's.
    """
    names = (getattr(user, name, None) for name in ("username", "email"))
    hint = _folded(hint)
    return any(isinstance(name, str) and _folded(name) == hint for name in names)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()


def default_describe_browser(user_agent: str) -> str:
    """Name browser and system, as in "Firefox on Linux", in the language of our pages."""
    browser, system = parse_browser(user_agent)
    browser = browser or "An unknown browser"
    return browser if system is None else f"{browser} on {system}"


def parse_browser(user_agent: str) -> tuple[str | None, str | None]:
    """Return the names of browser and system, each None if it is not known."""
    # Imported on first use: its tables take a moment to load.
    import ua_parser

    found = ua_parser.parse(user_agent)
    return (
        found.user_agent.family if found.user_agent else None,
        found.os.family if found.os else None,
    )


def _qr_payload(url: str, token: str, issued_at: datetime, expires_at: datetime) -> str:
    return url


def _nothing(*args: object) -> None:
    return None


AppUserLoader: t.TypeAlias = c.Callable[[flask.Request], t.Any]
ProfileLoader: t.TypeAlias = c.Callable[[t.Any], Profile]
MayStart: t.TypeAlias = c.Callable[[flask.Request], str | None]
MayApprove: t.TypeAlias = c.Callable[[t.Any, LoginRequest], str | None]
QRPayload: t.TypeAlias = c.Callable[[str, str, datetime, datetime], str]
AppLink: t.TypeAlias = c.Callable[[str, str], str | None]
Wording: t.TypeAlias = c.Callable[[str], str | None]
DescribeBrowser: t.TypeAlias = c.Callable[[str], str]
Locate: t.TypeAlias = c.Callable[[str], Place | None]
ConfirmationPolicy: t.TypeAlias = c.Callable[
    [t.Any, LoginRequest, RiskSignals], Confirmation | None
]
StepUp: t.TypeAlias = c.Callable[[t.Any, flask.Request, LoginRequest], bool]
MatchesHint: t.TypeAlias = c.Callable[[t.Any, str], bool]
PhoneLogin: t.TypeAlias = c.Callable[[t.Any, flask.Request], tuple[str | None, datetime | None]]
SendNotice: t.TypeAlias = c.Callable[[t.Any, LinkedDevice, str], None]
DefaultNext: t.TypeAlias = c.Callable[[t.Any, LoginRequest], str | None]


@dataclasses.dataclass(slots=True)
class Hooks:
    """The hooks in force. They are read when they are called, so they may be set at any time."""

    profile_loader: ProfileLoader = default_profile
    app_user_loader: AppUserLoader | None = None
    may_start: MayStart = _nothing
    may_approve: MayApprove = _nothing
    qr_payload: QRPayload = _qr_payload
    app_link: AppLink = _nothing
    wording: Wording = _nothing
    describe_browser: DescribeBrowser = default_describe_browser
    locate: Locate | None = None
    confirmation_policy: ConfirmationPolicy = _nothing
    step_up: StepUp | None = None
    matches_hint: MatchesHint = default_matches_hint
    phone_login: PhoneLogin | None = None
    send_notice: SendNotice = _nothing
    default_next: DefaultNext = _nothing


# Each decorator returns the function as it is, with its own types.
_ProfileLoader = t.TypeVar("_ProfileLoader", bound=ProfileLoader)
_AppUserLoader = t.TypeVar("_AppUserLoader", bound=AppUserLoader)
_MayStart = t.TypeVar("_MayStart", bound=MayStart)
_MayApprove = t.TypeVar("_MayApprove", bound=MayApprove)
_QRPayload = t.TypeVar("_QRPayload", bound=QRPayload)
_AppLink = t.TypeVar("_AppLink", bound=AppLink)
_Wording = t.TypeVar("_Wording", bound=Wording)
_DescribeBrowser = t.TypeVar("_DescribeBrowser", bound=DescribeBrowser)
_Locate = t.TypeVar("_Locate", bound=Locate)
_AfterLogin = t.TypeVar("_AfterLogin", bound=DefaultNext)
_ConfirmationPolicy = t.TypeVar("_ConfirmationPolicy", bound=ConfirmationPolicy)
_StepUp = t.TypeVar("_StepUp", bound=StepUp)
_MatchesHint = t.TypeVar("_MatchesHint", bound=MatchesHint)
_PhoneLogin = t.TypeVar("_PhoneLogin", bound=PhoneLogin)
_SendNotice = t.TypeVar("_SendNotice", bound=SendNotice)


class HookDecorators:
    """The decorators that replace a hook. Each returns the function unchanged."""

    def __init__(self) -> None:
        #: The hooks in force.
        self.hooks: Hooks = Hooks()

    def profile_loader(self, function: _ProfileLoader) -> _ProfileLoader:
        """Decide what the waiting browser shows of the person who scanned: ``f(user)``.

        Return a :class:`Profile` with nothing that identifies an account.
        """
        self.hooks.profile_loader = function
        return function

    def app_user_loader(self, function: _AppUserLoader) -> _AppUserLoader:
        """Tell which user a native app's request comes from: ``f(request)``, or None.

        The request has no cookies and no query. Without this hook, Flask-Login's
        ``request_loader`` of the app is asked.
        """
        self.hooks.app_user_loader = function
        return function

    def may_start(self, function: _MayStart) -> _MayStart:
        """Refuse a code to a browser: ``f(request)`` returns the reason, or None to allow it."""
        self.hooks.may_start = function
        return function

    def may_approve(self, function: _MayApprove) -> _MayApprove:
        """Refuse a login: ``f(user, login_request)`` returns the reason, or None to allow it.

        Asked at the scan, at the approval, and once more just before the browser is logged in.
        """
        self.hooks.may_approve = function
        return function

    def qr_payload(self, function: _QRPayload) -> _QRPayload:
        """Decide the text in the QR code: ``f(url, token, issued_at, expires_at)``.

        The times are those of this picture of the code, as aware datetimes.
        """
        self.hooks.qr_payload = function
        return function

    def app_link(self, function: _AppLink) -> _AppLink:
        """Offer "Open in the app" where the panel is open on a phone: ``f(url, token)``.

        Return a universal link or one with your app's own scheme, which leads the app to approve
        this request, or None. Read "One device" in the threat model before you set it.
        """
        self.hooks.app_link = function
        return function

    def wording(self, function: _Wording) -> _Wording:
        """Replace one of our sentences: ``f(message)`` returns your own, or None to keep it.

        ``message`` is the English sentence; your own has the same placeholders, such as
        ``%(host)s``, and is in the language that you choose.
        """
        self.hooks.wording = function
        return function

    def describe_browser(self, function: _DescribeBrowser) -> _DescribeBrowser:
        """Name a browser and its system for the person who decides: ``f(user_agent)``."""
        self.hooks.describe_browser = function
        return function

    def locate(self, function: _Locate) -> _Locate:
        """Tell where a network address is: ``f(address)`` returns a :class:`Place`, or None."""
        self.hooks.locate = function
        return function

    def default_next(self, function: _AfterLogin) -> _AfterLogin:
        """Say where to go after a login without ``next``: ``f(user, login_request)``, or None."""
        self.hooks.default_next = function
        return function

    def confirmation_policy(self, function: _ConfirmationPolicy) -> _ConfirmationPolicy:
        """Decide what a person has to do to approve: ``f(user, login_request, signals)``.

        Return a :class:`Confirmation`, or None for what ``QRLOGIN_CONFIRMATION`` says. Asked at the
        scan and at the approval; the stricter answer counts.
        """
        self.hooks.confirmation_policy = function
        return function

    def step_up(self, function: _StepUp) -> _StepUp:
        """Tell whether a native app has asked its owner again: ``f(user, request, login_request)``.

        Check here what the app sends with the approval, such as the answer to a passkey. Without
        this hook an app cannot approve where a fresh login is required.
        """
        self.hooks.step_up = function
        return function

    def matches_hint(self, function: _MatchesHint) -> _MatchesHint:
        """Tell whether the name typed on the browser is this person's: ``f(user, hint)``."""
        self.hooks.matches_hint = function
        return function

    def phone_login(self, function: _PhoneLogin) -> _PhoneLogin:
        """Tell how strong the phone's login is, and since when: ``f(user, request)``.

        Return a short word of your own, or None, and an aware datetime, or None. It is kept with
        the linked device. By default it is ``fresh`` or ``remembered`` on a web page.
        """
        self.hooks.phone_login = function
        return function

    def send_notice(self, function: _SendNotice) -> _SendNotice:
        """Tell a person that a browser was logged in: ``f(user, device, url)``.

        The URL leads to a page where the person can say "This wasn't me", without logging in.
        """
        self.hooks.send_notice = function
        return function
