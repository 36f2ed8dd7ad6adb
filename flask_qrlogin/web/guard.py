"""What every answer of ours has in common: who may ask, the headers, and how a refusal looks."""

from __future__ import annotations

import collections.abc as c
import math
import typing as t

import flask
from werkzeug.exceptions import HTTPException

from .. import signals
from ..app_state import current_state
from ..core import errors
from . import answers
from . import host_session
from . import i18n
from . import limits
from . import people

#: No body of ours is larger than this, in bytes.
MAX_BODY = 16 * 1024

RefusalPage: t.TypeAlias = c.Callable[[errors.Refusal], flask.Response | None]


def make_blueprint(
    name: str,
    refusal_page: RefusalPage,
    *,
    authorize: c.Callable[[], None],
    saves_session: c.Callable[[], bool] = lambda: False,
    **options: t.Any,
) -> flask.Blueprint:
    """Make one of our blueprints.

    ``refusal_page`` renders a refusal for a person, or returns None to answer with JSON.
    ``authorize`` refuses a POST that a page of another site may have sent. ``saves_session`` tells
    of an answer whether it may save the host's session. The blueprints are siblings, since
    Flask-WTF's exemption does not cover nested ones.
    """
    blueprint = flask.Blueprint(name, __name__, **options)
    is_first = True

    # This runs before any before_request of the host, and before Flask-WTF looks, whichever was
    # initialised first: nobody may act on a forged request because we have exempted it.
    @blueprint.url_value_preprocessor
    def prepare(endpoint: str | None, values: dict[str, t.Any] | None) -> None:
        nonlocal is_first
        current_state().host.check()
        if is_first:
            # Not before: the app's Flask-Limiter may come after us.
            limits.leave_defaults(blueprint)
            is_first = False
        flask.request.max_content_length = MAX_BODY
        if flask.request.method == "POST":
            authorize()
            _read_body()
            _satisfy_csrf_protect(blueprint)

    @blueprint.after_request
    def finish(response: flask.Response) -> flask.Response:
        if not saves_session():
            host_session.discard()
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
        refusal = limits.count_invalid(refusal)
        app = flask.current_app._get_current_object()  # type: ignore[attr-defined]
        signals.send(signals.refused, app, refusal=refusal, user_id=people.last_seen())
        if refusal.status >= 500:
            flask.current_app.logger.error(
                "flask_qrlogin: %s", refusal.code, exc_info=refusal.__cause__ or refusal
            )
        response = refusal_page(refusal) or answers.problem(refusal)
        response.status_code = refusal.status
        if isinstance(refusal, errors.StoreUnavailable):
            response.headers["Retry-After"] = "5"
        if isinstance(refusal, errors.RateLimited):
            response.headers["Retry-After"] = str(max(1, math.ceil(refusal.retry_after)))
        return response

    return blueprint


def is_page() -> bool:
    """Let an answer save the session that a person navigates to.

    It may hold what the app's own login has to find.
    """
    return flask.request.method != "POST"


def _read_body() -> None:
    """Read the body, for all who look at it afterwards.

    Servers raise what they like where it is cut short or badly chunked.

    Raises:
        BadRequest
    """
    try:
        flask.request.get_data()
    except HTTPException as error:
        raise errors.BadRequest(error.description) from None
    except Exception as error:
        raise errors.BadRequest("The body could not be read.") from error


def _satisfy_csrf_protect(blueprint: flask.Blueprint) -> None:
    """Exempt a POST that we have checked from the host's Flask-WTF, if it has that.

    Where the host calls ``csrf.protect()`` itself, an exemption does not count: there the request
    gets the token that is looked for.
    """
    csrf, config = flask.current_app.extensions.get("csrf"), flask.current_app.config
    if csrf is None:
        return
    csrf.exempt(blueprint)
    if not config["WTF_CSRF_CHECK_DEFAULT"]:
        # Imported here, since only a host that has it comes this way.
        from flask_wtf.csrf import generate_csrf

        environ = flask.request.environ
        header = config["WTF_CSRF_HEADERS"][0].upper().replace("-", "_")
        environ[f"HTTP_{header}"] = generate_csrf()
        environ.setdefault("HTTP_REFERER", flask.request.base_url)


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
    state, request = current_state(), flask.request
    base_url = state.host.base_url()
    own = {base_url}
    # Where a proxy hides HTTPS from us, a page over plain HTTP is nevertheless another's.
    if state.host.trusts_request_host() and request.is_secure >= base_url.startswith("https:"):
        own.add(request.host_url.rstrip("/"))
    if str(origin).lower() not in own:
        advice = i18n.gettext("Open this page at %(url)s and try again.", url=base_url)
        if str(origin).lower() == base_url.replace("http:", "https:"):
            advice = "If a proxy ends HTTPS before this app, apply Werkzeug's ProxyFix."
        raise errors.OriginRefused(advice)


def require_bearer() -> None:
    """Refuse a POST that a page of another site may have sent to the app API.

    Neither the header nor the type can be sent from there without asking us first.

    Raises:
        LoginRequired, UnsupportedMediaType
    """
    if not flask.request.is_json:
        raise errors.UnsupportedMediaType
    require_authorization()


def require_authorization() -> None:
    """Refuse a request to the app API that has no bearer token.

    Raises:
        LoginRequired
    """
    authorization = flask.request.headers.get("Authorization", "")
    # Browsers send these by themselves.
    scheme = authorization.partition(" ")[0].lower()
    if scheme in ("", "basic", "digest", "negotiate", "ntlm"):
        raise errors.LoginRequired("Send an Authorization header with a bearer token.")
