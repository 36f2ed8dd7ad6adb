"""Who may ask for a code."""

from __future__ import annotations

import flask

from .. import errors
from ..app_state import current_state
from . import host_session
from . import people
from . import whereabouts

#: What to do where a code is a second step.
LOGIN_FIRST = errors._("Log in here with your password first, then scan the code.")


def wants_code(person: people.Person | None) -> bool:
    """Tell whether a code is of use to who is, or is not, logged in at the browser."""
    if current_state().settings.require_login:
        return person is not None and not host_session.is_by_qr(person.id)
    return person is None


def require_may_start() -> str | None:
    """Ask everything that may forbid a code; return who is logged in, if somebody has to be.

    Raises:
        NotAllowed: from this network, or by the application.
        LoginRequired: the code is a second step.
    """
    settings = current_state().settings
    whereabouts.require_in(
        settings.start_networks, reason="Codes are not shown in the network that you are in."
    )
    person = people.at_browser() if settings.require_login else None
    if settings.require_login and person is None:
        raise errors.LoginRequired(LOGIN_FIRST)
    reason = current_state().hooks.may_start(flask.request)
    if reason is not None:
        raise errors.NotAllowed(reason)
    return None if person is None else person.id
