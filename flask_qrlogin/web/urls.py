"""Where a browser goes after the login."""

from __future__ import annotations

import flask

from ..app_state import current_state
from ..core.next_path import is_own_path


def kept_next() -> str | None:
    """Return where the person was going, as the app's login keeps it: not checked."""
    next = flask.request.args.get("next")
    if next is None and flask.current_app.config.get("USE_SESSION_FOR_NEXT"):
        next = flask.session.get("next")
    return next and _without_host(next)


def wanted() -> str | None:
    """Return where the person was going, if that is a page of this site."""
    return own(kept_next())


def main_page() -> str:
    """Return what ``QRLOGIN_REDIRECT`` says."""
    redirect = current_state().settings.redirect
    return flask.request.root_path + redirect if redirect.startswith("/") else redirect


def own(next: str | None) -> str | None:
    """Return a path of this site, outside our own pages, and None for all else.

    The site's own address before it is taken off.
    """
    next = next and _without_host(next)
    prefix = flask.request.root_path + current_state().settings.url_prefix
    return next if next and is_own_path(next, prefix=prefix) else None


def _without_host(next: str) -> str:
    """Take the site's own address off, which the logins of some apps write before a path."""
    base_url = current_state().host.base_url()
    return next.removeprefix(base_url) if next.startswith(f"{base_url}/") else next
