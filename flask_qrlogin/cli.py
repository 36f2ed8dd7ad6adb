"""The commands ``flask qrlogin …``."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from . import tokens
from .app_state import current_state
from .audit import commands
from .config import Settings
from .errors import QRLoginError
from .stores.sql_table import SQLTable

group = AppGroup("qrlogin", help="Login by QR code.")
group.add_command(commands.audit)
group.add_command(commands.log)


@group.command("create-tables")
def create_tables() -> None:
    """Make the tables and columns that are missing, for apps without migrations."""
    state = current_state()
    try:
        for store in (state.store, state.opened_device_store().part):
            if isinstance(store, SQLTable):
                store.create_table()
    except QRLoginError as error:
        raise click.ClickException(str(error)) from error
    click.echo("The tables are there.")


@group.command("purge")
def purge() -> None:
    """Delete the rows of requests and linked devices whose time ran out."""
    state = current_state()
    deleted = 0
    try:
        for part in (state.ledger, state.devices):
            while batch := part.purge(500):
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
        click.echo(f"devices: {state.opened_device_store().why}")
        click.echo(f"notifier: {state.opened_notifier().why}")
        click.echo(f"waiting: {_waiting(state.settings)}")
        click.echo(f"host: {state.trusted_host()}")
        # Shows that they can be reached, and a table that is missing.
        state.store.get(tokens.new_id())
        state.opened_device_store().part.get(tokens.new_id())
    except QRLoginError as error:
        # What a driver says goes on with the whole statement.
        cause = str(error.__cause__ or "").partition("\n")[0]
        problems.append(f"{error} ({cause})" if cause else str(error))
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
