"""The commands ``flask qrlogin …``."""

from __future__ import annotations

import dataclasses

import click
from flask.cli import AppGroup

from .app_state import current_state
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
    for field in dataclasses.fields(state.settings):
        click.echo(f"QRLOGIN_{field.name.upper()} = {getattr(state.settings, field.name)}")
    problems = state.problems()
    try:
        if isinstance(state.store, SQLStore):
            state.store.check_table()
    except QRLoginError as error:
        problems.append(str(error))
    for problem in problems:
        click.echo(f"problem: {problem}", err=True)
    if problems:
        raise SystemExit(1)
