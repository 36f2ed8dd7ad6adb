"""One root, and a class for each code that a client can be answered with."""

from __future__ import annotations

import typing as t


def _(sentence: str) -> str:
    """Mark a sentence for translation; that is done where it is answered."""
    return sentence


class QRLoginError(Exception):
    """Everything that this package raises on purpose."""


class ConfigurationError(QRLoginError, RuntimeError):
    """The application is set up wrongly; the message says what to change."""


class Refusal(QRLoginError):
    """A request that is refused, with what the client is told (RFC 9457).

    ``code`` is part of the public contract and never changes its meaning. ``title`` is one
    sentence for a person. ``detail`` may say more about this one case; it never holds a secret.
    """

    code: t.ClassVar[str]
    status: t.ClassVar[int]
    title: t.ClassVar[str]

    def __init__(self, detail: str | None = None, **extra: str) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.extra = extra


class BadRequest(Refusal):
    """Something in the request is missing or malformed."""

    code = "bad_request"
    status = 400
    title: t.ClassVar[str] = _("The request could not be understood.")


class TokenInvalid(Refusal):
    """The text is not a QR token of this site."""

    code = "token_invalid"
    status = 400
    title: t.ClassVar[str] = _("This is not a login code of this site.")


class LoginRequired(Refusal):
    """Nobody is logged in where somebody has to be."""

    code = "login_required"
    status = 401
    title: t.ClassVar[str] = _("Log in on this device first.")


class NotAllowed(Refusal):
    """The application refuses, for the reason in ``detail``."""

    code = "not_allowed"
    status = 403
    title: t.ClassVar[str] = _("This is not allowed.")


class OriginRefused(Refusal):
    """A POST that does not come from a page of this site: cross-site request forgery."""

    code = "origin_refused"
    status = 403
    title: t.ClassVar[str] = _("This request did not come from a page of this site.")


class ConfirmInvalid(Refusal):
    """The confirm token was not made for this request and person."""

    code = "confirm_invalid"
    status = 403
    title: t.ClassVar[str] = _("This page is not valid. Scan the code again.")


class NumberMismatch(Refusal):
    """The person chose another number than the browser shows; the request has ended."""

    code = "number_mismatch"
    status = 403
    title: t.ClassVar[str] = _("That is not the number on the other screen. Nobody was logged in.")


class StepUpRequired(Refusal):
    """Approving asks for more than was given; ``confirmation`` says what.

    Scan again to see the choices. ``login`` is ``fresh`` where the person has to log in again.
    """

    code = "step_up_required"
    status = 403
    title: t.ClassVar[str] = _("This login needs a stronger confirmation.")


class RequestNotFound(Refusal):
    """There is no such request, or it is not this browser's: the same answer for both."""

    code = "request_not_found"
    status = 404
    title: t.ClassVar[str] = _("This login request is not known.")


class CodeNotFound(Refusal):
    """No login waits for the code that was typed."""

    code = "code_not_found"
    status = 404
    title: t.ClassVar[str] = _(
        "No login waits for this code. Type it as the other screen shows it."
    )


class DeviceNotFound(Refusal):
    """There is no such linked device, or it is another person's: the same answer for both."""

    code = "device_not_found"
    status = 404
    title: t.ClassVar[str] = _("This login is not known.")


class NotScanned(Refusal):
    """The request has to be scanned before it can be decided."""

    code = "not_scanned"
    status = 409
    title: t.ClassVar[str] = _("This code has not been scanned yet.")


class NotApproved(Refusal):
    """The request has to be approved before it can be redeemed."""

    code = "not_approved"
    status = 409
    title: t.ClassVar[str] = _("This login has not been approved yet.")


class AlreadyScanned(Refusal):
    """Another person has scanned the code first."""

    code = "already_scanned"
    status = 409
    title: t.ClassVar[str] = _("Somebody else has already scanned this code.")


class ConfirmSuperseded(Refusal):
    """The code was scanned again since; only the newest confirm token counts."""

    code = "confirm_superseded"
    status = 409
    title: t.ClassVar[str] = _("The code was scanned again since. Decide on the newer page.")


class RequestEnded(Refusal):
    """The request was redeemed, denied or cancelled; ``state`` says which."""

    code = "request_ended"
    status = 409
    title: t.ClassVar[str] = _("This login request has already ended.")


class TokenExpired(Refusal):
    """The picture of the code is too old; the browser shows a newer one."""

    code = "token_expired"
    status = 410
    title: t.ClassVar[str] = _("This code is too old. Scan the one that is on the screen now.")


class RequestExpired(Refusal):
    """The time of the request ran out."""

    code = "request_expired"
    status = 410
    title: t.ClassVar[str] = _("The time for this login has run out.")


class UnsupportedMediaType(Refusal):
    """The body has to be JSON."""

    code = "unsupported_media_type"
    status = 415
    title: t.ClassVar[str] = _("Send the body as application/json.")


class RateLimited(Refusal):
    """Too much was asked in a short time; ``Retry-After`` says for how many seconds to wait."""

    code = "rate_limited"
    status = 429
    title: t.ClassVar[str] = _("Too many requests. Wait a moment.")

    def __init__(self, retry_after: float) -> None:
        super().__init__()
        #: Seconds.
        self.retry_after = retry_after


class ExtraMissing(Refusal):
    """The server lacks an optional package that this answer needs."""

    code = "extra_missing"
    status = 501
    title: t.ClassVar[str] = _("This server cannot make that kind of picture.")


class StoreUnavailable(Refusal):
    """The records cannot be read or written now; nothing was changed that is known of."""

    code = "store_unavailable"
    status = 503
    title: t.ClassVar[str] = _("Login by QR code is not available at the moment. Try again soon.")
