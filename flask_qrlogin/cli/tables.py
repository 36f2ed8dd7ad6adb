"""The commands that make our tables and keep them small."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from ..app_state import current_state
from .output import as_json
from .output import write_json


@click.command("create-tables")
@as_json
@with_appcontext
def create_tables(as_json: bool) -> None:
    """Make the tables and columns that are missing, for apps without migrations."""
    # An app that keeps nothing in SQL may have no driver for it.
    from ..stores.sql_table import SQLTable

    state = current_state()
    made = []
    for store in (state.store, state.opened_device_store().part):
        if isinstance(store, SQLTable):
            store.create_table()
            made.append(store.name)
    if as_json:
        write_json({"tables": made})
    else:
        click.echo("The tables are there.")


@click.command("purge")
@as_json
@with_appcontext
def purge(as_json: bool) -> None:
    """Delete the rows of requests and linked devices whose time ran out."""
    state = current_state()
    deleted = {"requests": 0, "devices": 0}
    for name, part in (("requests", state.login_requests), ("devices", state.devices)):
        while batch := part.purge(500):
            deleted[name] += batch
    if as_json:
        write_json({"deleted": deleted})
    else:
        click.echo(f"{sum(deleted.values())} deleted.")
