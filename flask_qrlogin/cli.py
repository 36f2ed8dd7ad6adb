"""The commands ``flask qrlogin …``."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from . import tokens
from .app_state import current_state
from .config import Settings
from .errors import QRLoginError
from .stores.sql import SQLStore

group = AppGroup("qrlogin", help="Login by QR code.")


@group.command("create-tables")
def create_tables() -> None:
    """Make the table that is missing, for apps without migrations."""
    store = current_state().store
    if not isinstance(store, SQLStore):
        raise click.ClickException("This app keeps its login requests in no table.")
    store.create_table()
    click.echo("The table is there.")


@group.command("purge")
def purge() -> None:
    """Delete the rows of requests whose time ran out."""
    deleted = 0
    try:
        while batch := current_state().ledger.purge(500):
            deleted += batch
    except QRLoginError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{deleted} deleted.")


@group.command("config")
def config() -> None:
    """Print the configuration in force, and what is missing."""
    state = current_state()
    for key, value in state.settings.public().items():
        click.echo(f"{key} = {value}")
    problems = state.problems()
    try:
        click.echo(f"store: {state.opened_store().why}")
        click.echo(f"notifier: {state.opened_notifier().why}")
        click.echo(f"waiting: {_waiting(state.settings)}")
        click.echo(f"host: {state.trusted_host()}")
        # Shows that it can be reached, and a table that is missing.
        state.store.get(tokens.new_id())
    except QRLoginError as error:
        problems.append(f"{error} ({error.__cause__})" if error.__cause__ else str(error))
    for problem in problems:
        click.echo(f"problem: {problem}", err=True)
    if problems:
        raise SystemExit(1)


def _waiting(settings: Settings) -> str:
    if settings.max_waiting is None:
        return (
            "polls are held under gevent, for half of the worker's connections, and under "
            "Werkzeug's own server; elsewhere none (QRLOGIN_MAX_WAITING is not set)"
        )
    return (
        f"each process holds up to {settings.max_waiting} polls, if it has threads or greenlets "
        "(QRLOGIN_MAX_WAITING)"
    )
