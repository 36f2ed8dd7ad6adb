"""Where a browser goes after the login."""

from __future__ import annotations

import flask

from ..app_state import current_state
from .next_path import is_own_path


def kept_next() -> str | None:
    """Return where the person was going, as Flask-Login keeps it: not checked."""
    next = flask.request.args.get("next")
    if next is None and flask.current_app.config.get("USE_SESSION_FOR_NEXT"):
        next = flask.session.get("next")
    return next


def wanted() -> str | None:
    """Return where the person was going, if that is a page of this site."""
    return own(kept_next())


def main_page() -> str:
    """Return what ``QRLOGIN_REDIRECT`` says."""
    redirect = current_state().settings.redirect
    return flask.request.root_path + redirect if redirect.startswith("/") else redirect


def own(next: str | None) -> str | None:
    """Return a path of this site, outside our own pages, and None for all else.

    Some logins of apps write their own address before it.
    """
    base_url = current_state().base_url()
    if next and next.startswith(f"{base_url}/"):
        next = next.removeprefix(base_url)
    prefix = flask.request.root_path + current_state().settings.url_prefix
    return next if next and is_own_path(next, prefix=prefix) else None
