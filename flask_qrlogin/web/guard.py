"""What every answer of ours has in common: who may ask, the headers, and how a refusal looks."""

from __future__ import annotations

import collections.abc as c
import typing as t

import flask
from werkzeug.exceptions import HTTPException
from werkzeug.exceptions import UnsupportedMediaType

from .. import errors
from ..app_state import current_state
from . import wire

#: No body of ours is larger than this, in bytes.
MAX_BODY = 16 * 1024

RefusalPage: t.TypeAlias = c.Callable[[errors.Refusal], flask.Response | None]


def make_blueprint(name: str, refusal_page: RefusalPage, **options: t.Any) -> flask.Blueprint:
    """Make one of our blueprints.

    ``refusal_page`` renders a refusal for a person, or returns None to answer with JSON. The
    blueprints are siblings, since Flask-WTF's exemption does not cover nested ones.
    """
    blueprint = flask.Blueprint(name, __name__, **options)

    # This runs before Flask-WTF looks, whichever of the two was initialised first.
    @blueprint.url_value_preprocessor
    def exempt_from_csrf_protect(endpoint: str | None, values: dict[str, t.Any] | None) -> None:
        # We check the origin ourselves, with and without Flask-WTF.
        if "csrf" in flask.current_app.extensions:
            flask.current_app.extensions["csrf"].exempt(blueprint)
            if not flask.current_app.config["WTF_CSRF_CHECK_DEFAULT"]:
                _satisfy_csrf_protect()

    @blueprint.before_request
    def prepare() -> None:
        current_state().check()
        flask.request.max_content_length = MAX_BODY

    @blueprint.after_request
    def add_headers(response: flask.Response) -> flask.Response:
        if flask.request.endpoint == f"{name}.static":
            return response
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
        if response.mimetype == "text/html":
            # Not "no-referrer": Flask-WTF checks the Referer of forms over HTTPS.
            response.headers["Referrer-Policy"] = "same-origin"
            # A framed page of ours could be clicked without being seen.
            response.headers["Content-Security-Policy"] = "frame-ancestors 'none'"
            response.headers["X-Frame-Options"] = "DENY"
        return response

    @blueprint.errorhandler(errors.Refusal)
    def refuse(refusal: errors.Refusal) -> flask.Response:
        if refusal.status >= 500:
            flask.current_app.logger.error(
                "flask_qrlogin: %s", refusal.code, exc_info=refusal.__cause__ or refusal
            )
        response = refusal_page(refusal) or wire.problem(refusal)
        response.status_code = refusal.status
        if isinstance(refusal, errors.StoreUnavailable):
            response.headers["Retry-After"] = "5"
        return response

    return blueprint


def _satisfy_csrf_protect() -> None:
    """Give a POST of ours what a host looks for that calls ``csrf.protect()`` for every request.

    An exemption does not count there. Whether the request is genuine, our views decide.
    """
    environ, config = flask.request.environ, flask.current_app.config
    if flask.request.method == "POST" and config.get("SECRET_KEY"):
        # Imported here, since only a host that has it comes this way.
        from flask_wtf.csrf import generate_csrf

        header = config["WTF_CSRF_HEADERS"][0].upper().replace("-", "_")
        environ[f"HTTP_{header}"] = generate_csrf()
        environ.setdefault("HTTP_REFERER", flask.request.base_url)


def wants_page() -> bool:
    """Tell whether the client is a person's browser rather than a program."""
    accepts = flask.request.accept_mimetypes
    return bool(accepts["text/html"] > accepts["application/json"])


def error_page(refusal: errors.Refusal, action: wire.Action | None) -> flask.Response:
    """Render a refusal for a person, with the one next step that helps."""
    return wire.page("error", error=refusal, action=action)


def require_same_origin() -> None:
    """Refuse a POST that another site's page may have sent: cross-site request forgery.

    Browsers say in ``Origin`` or ``Sec-Fetch-Site`` where a request comes from, and no page can
    change that. With neither header nothing is known, so it is refused too. A form on a page that
    sends no referrer has the origin "null", as has a sandboxed one, which the other header tells.

    Raises:
        OriginRefused
    """
    origin = flask.request.headers.get("Origin")
    if origin in (None, "null"):
        if flask.request.headers.get("Sec-Fetch-Site") == "same-origin":
            return
        raise errors.OriginRefused
    state = current_state()
    own = {state.base_url()}
    if state.trusts_request_host():
        own.add(flask.request.host_url.rstrip("/"))
    if str(origin).lower() not in own:
        raise errors.OriginRefused(f"Open this page at {state.base_url()} and try again.")


class Body:
    """The fields of a request's body, JSON or a form, of the types that are asked for.

    Raises:
        BadRequest: it cannot be read, or a field is missing or of a wrong type.
        UnsupportedMediaType: it is neither JSON nor, where allowed, a form.
    """

    def __init__(self, *, forms: bool) -> None:
        request = flask.request
        try:
            if forms and request.mimetype in (
                "application/x-www-form-urlencoded",
                "multipart/form-data",
            ):
                self._fields: t.Any = request.form.to_dict()
                self.is_form = True
            else:
                self._fields = request.get_json()
                self.is_form = False
        except UnsupportedMediaType:
            raise errors.UnsupportedMediaType from None
        except HTTPException as error:
            raise errors.BadRequest(error.description) from None
        except (RecursionError, ValueError):
            raise errors.BadRequest("The body is not JSON that can be read.") from None
        if not isinstance(self._fields, dict):
            raise errors.BadRequest("The body has to be an object.")

    def text(self, name: str) -> str:
        """Return a field that has to be a text."""
        value = self._fields.get(name)
        if not isinstance(value, str):
            raise errors.BadRequest(f"{name!r} has to be a text.")
        return value

    def optional_text(self, name: str) -> str | None:
        """Return a field that may be missing, null or, in a form, empty."""
        value = self._fields.get(name)
        return None if value is None or (self.is_form and value == "") else self.text(name)

    def number(self, name: str, default: int) -> int:
        """Return a field that is a whole number of at least 0, or the default."""
        value = self._fields.get(name, default)
        if self.is_form and isinstance(value, str) and value.isascii() and value.isdigit():
            value = int(value[:9])
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise errors.BadRequest(f"{name!r} has to be a whole number of at least 0.")
        return value
