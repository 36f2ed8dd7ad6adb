"""Checks of the application that we were added to."""

from __future__ import annotations

import collections
import collections.abc as c
import math
import typing as t

import flask_login
from werkzeug.middleware.proxy_fix import ProxyFix

from .finding import Evidence
from .finding import Finding
from .finding import LOOK
from .finding import note
from .finding import ok
from .finding import problem
from .finding import unknown

#: What keys hold that stand in documentations and templates, or are what one types first.
_WELL_KNOWN = (
    "secret",
    "change",
    "password",
    "example",
    "default",
    "insecure",
    "guess",
    "your",
    "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf",
    '_5#y2l"f4q8z',
)
#: Fewer bits than this can be tried; 16 random bytes look like some 60 by how much they vary.
_BITS = 56
_FRESH = flask_login.fresh_login_required(lambda: None).__code__


def secret_key(e: Evidence) -> Finding:
    """Everything that we sign is worth as much as this key."""
    name, key = "secret key", e.config.get("SECRET_KEY")
    advice = (
        "Set SECRET_KEY to the output of: python -c 'import secrets; print(secrets.token_hex())'"
    )
    keys = [key, *(e.config.get("SECRET_KEY_FALLBACKS") or ())]
    for each in keys:
        text = each.decode("latin-1") if isinstance(each, bytes) else str(each or "")
        if not text:
            return problem(name, "It is not set.", advice)
        bits = _bits(text)
        known = any(word in text.casefold() for word in _WELL_KNOWN)
        if known or bits < _BITS:
            which = "It" if each is key else "One of SECRET_KEY_FALLBACKS"
            why = "holds a word that many take" if known else f"looks like {bits:.0f} bits at most"
            return problem(name, f"{which} can be guessed: it {why}.", advice)
    return ok(name, f"{len(keys)} in force, long and mixed enough to be random.")


def _bits(text: str) -> float:
    """Return how much a text could hold at most, by how often each character is in it."""
    counts = collections.Counter(text).values()
    return sum(n * math.log2(len(text) / n) for n in counts)


def session_cookie(e: Evidence) -> Finding:
    """Whoever has it is logged in."""
    return _cookie(e, "session cookie", "SESSION_COOKIE", {})


def remember_cookie(e: Evidence) -> Finding:
    """Flask-Login's own cookie, which the host may set for logins by password."""
    defaults = {"SECURE": False, "HTTPONLY": True, "SAMESITE": None}
    return _cookie(e, "remember cookie", "REMEMBER_COOKIE", defaults)


def _cookie(e: Evidence, name: str, prefix: str, defaults: dict[str, t.Any]) -> Finding:
    def value(key: str) -> t.Any:
        return e.config.get(f"{prefix}_{key}", defaults.get(key))

    wanted = {
        f"{prefix}_SECURE = True": value("SECURE"),
        f"{prefix}_HTTPONLY = True": value("HTTPONLY"),
        f"{prefix}_SAMESITE = 'Lax'": value("SAMESITE") in ("Lax", "Strict"),
        f"{prefix}_DOMAIN = None": not value("DOMAIN"),
    }
    missing = [key for key, is_set in wanted.items() if not is_set]
    if missing:
        lacks = ", ".join(key.partition(" ")[0] for key in missing)
        return problem(name, f"It is open to theft or forgery: {lacks}.", "; ".join(missing))
    return ok(name, f"Secure, HttpOnly, SameSite={value('SAMESITE')}, for this host only.")


def debug(e: Evidence) -> Finding:
    """The debugger runs code for whoever reaches it, and any Host header is believed."""
    name, advice = "debug mode", "Set DEBUG and TESTING to False, and unset FLASK_DEBUG."
    if e.app.debug or e.app.testing:
        return problem(name, f"The app is in {'debug' if e.app.debug else 'testing'}.", advice)
    if e.seen is None:
        # Flask's command line has just set it as its own environment says.
        return unknown(name, "Off for this command; the server may be told otherwise.", LOOK)
    if e.seen.debugger.headers.get("content-type", "").startswith("text/css"):
        return problem(name, "Werkzeug's debugger answers.", advice)
    return ok(name, "Off for this command, and no debugger answers.")


def https(e: Evidence) -> Finding:
    """Over plain HTTP the session can be read and the page changed on the way."""
    advice = "Serve the site over HTTPS only, and set QRLOGIN_BASE_URL to its https:// address."
    if e.is_https is None:
        return unknown("https", "Nothing says how people open the site.", advice)
    if not e.is_https:
        return problem("https", "People open the site over plain HTTP.", advice)
    return ok("https", "People open the site over HTTPS.")


def host_trust(e: Evidence) -> Finding:
    """A forged Host header in a page would send people elsewhere."""
    advice = "Set QRLOGIN_BASE_URL, or Flask's TRUSTED_HOSTS."
    keys = [
        key for key in ("QRLOGIN_BASE_URL", "SERVER_NAME", "TRUSTED_HOSTS") if e.config.get(key)
    ]
    if not keys:
        return problem("host", "Nothing says which hosts are this site's.", advice)
    return ok("host", f"It is given by {', '.join(keys)}.")


def proxy(e: Evidence) -> Finding:
    """Without ProxyFix behind a proxy all come from one address; without a proxy it lets lie."""
    fix = _proxy_fix(e)
    if fix is None:
        return note("proxy", "No ProxyFix is to be seen: right if no proxy is in front.")
    counts = ", ".join(
        f"{key}={value}" for key, value in sorted(vars(fix).items()) if key.startswith("x_")
    )
    return note("proxy", f"ProxyFix({counts}): right if so many proxies are in front.")


def _proxy_fix(e: Evidence) -> ProxyFix | None:
    """Look through the chain of middleware, as far as it can be seen through."""
    link: t.Any = e.app.wsgi_app
    for _ in range(20):
        if isinstance(link, ProxyFix):
            return link
        names = ("app", "wsgi_app", "application", "__wrapped__")
        link = next((vars(link)[name] for name in names if name in _vars(link)), None)
    return None


def _vars(link: object) -> c.Mapping[str, t.Any]:
    return getattr(link, "__dict__", {})


def csrf(e: Evidence) -> Finding:
    """Our own forms check where they come from; the host's login and logout are its own."""
    if "csrf" not in e.app.extensions:
        return note(
            "csrf",
            "Our forms check their origin. No Flask-WTF protects the app's own.",
            "See that the app's login and logout cannot be sent from another site.",
        )
    if not e.config.get("WTF_CSRF_ENABLED", True):
        return problem("csrf", "Flask-WTF is switched off.", "Set WTF_CSRF_ENABLED to True.")
    return ok("csrf", "Our forms check their origin; Flask-WTF protects the app's own.")


def fresh_logins(e: Evidence) -> Finding:
    """A login by QR is not fresh; where there is no page to refresh it, people get a bare 401."""
    name, manager = "fresh logins", getattr(e.app, "login_manager", None)
    asking = sorted(name for name, view in e.app.view_functions.items() if _asks_fresh(view))
    if not asking:
        return ok(name, "No view is decorated with fresh_login_required.")
    if e.state.settings.login_fresh is True:
        return ok(name, "A login by QR is fresh (QRLOGIN_LOGIN_FRESH).")
    if manager is None or not (manager.refresh_view or manager.needs_refresh_callback):
        return problem(
            name,
            f"Who was logged in by QR gets a bare 401 from {', '.join(asking)}.",
            "Set login_manager.refresh_view to a page with a password form and without the panel.",
        )
    return ok(name, f"{', '.join(asking)}: refreshed at {manager.refresh_view or 'a handler'}.")


def _asks_fresh(view: t.Any) -> bool:
    while view is not None:
        if getattr(view, "__code__", None) is _FRESH:
            return True
        view = getattr(view, "__wrapped__", None)
    return False


CHECKS = (
    secret_key,
    debug,
    https,
    host_trust,
    session_cookie,
    remember_cookie,
    csrf,
    fresh_logins,
    proxy,
)
