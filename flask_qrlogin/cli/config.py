"""The command that prints the configuration in force."""

from __future__ import annotations

from datetime import timedelta

import click
import flask
import flask_login
from flask.cli import with_appcontext
from werkzeug.routing import BuildError

from ..app_state import AppState
from ..app_state import current_state
from ..config.settings import Settings
from ..core import tokens
from ..core.errors import QRLoginError
from .output import as_json
from .output import one_line
from .output import write_json


@click.command("config")
@as_json
@with_appcontext
def config(as_json: bool) -> None:
    """Print the configuration in force, and what is missing."""
    state = current_state()
    settings, problems = state.settings.public(), state.host.problems()
    chosen: dict[str, str] = {}
    try:
        chosen["store"] = state.opened_store().why
        chosen["devices"] = state.opened_device_store().why
        chosen["notifier"] = state.opened_notifier().why
        chosen["waiting"] = _waiting(state.settings)
        chosen["host"] = state.host.trusted_host()
        chosen["login page"] = _login_page(problems)
        _reach(state)
    except QRLoginError as error:
        problems.append(one_line(error))
    if as_json:
        written = {key: _plain(value) for key, value in settings.items()}
        write_json({"settings": written, "chosen": chosen, "problems": problems})
    else:
        for key, value in settings.items():
            click.echo(f"{key} = {value}")
        for name, why in chosen.items():
            click.echo(f"{name}: {why}")
        for problem in problems:
            click.echo(f"problem: {problem}", err=True)
    if problems:
        raise SystemExit(1)


def _login_page(problems: list[str]) -> str:
    """Tell where phones that are not logged in are sent."""
    view = getattr(getattr(flask.current_app, "login_manager", None), "login_view", None)
    if view is None:
        return "none: a phone that is not logged in is refused (login_manager.login_view)"
    try:
        with flask.current_app.test_request_context():
            return f"{flask_login.login_url(view)} (login_manager.login_view)"
    except BuildError:
        problems.append(
            f"login_manager.login_view is {view!r}, and no view has that name: a phone that is "
            "not logged in cannot be sent to the login."
        )
        return "unknown"


def _reach(state: AppState) -> None:
    """Show that the stores can be reached, and a table that is missing."""
    state.store.get(tokens.new_id())
    state.opened_device_store().part.get(tokens.new_id())


def _plain(value: object) -> object:
    """Write times as seconds, as the configuration takes them."""
    return value.total_seconds() if isinstance(value, timedelta) else value


def _waiting(settings: Settings) -> str:
    if settings.held_polls is None:
        return (
            "polls are held under gevent, for half of the worker's connections, and under "
            "Werkzeug's own server; elsewhere none (QRLOGIN_HELD_POLLS is not set)"
        )
    return (
        f"each process holds up to {settings.held_polls} polls, if it has threads or greenlets "
        "(QRLOGIN_HELD_POLLS)"
    )
