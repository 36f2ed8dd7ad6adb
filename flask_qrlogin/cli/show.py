"""The command that shows one login: as it is now, and how it came about."""

from __future__ import annotations

import typing as t

import click
from flask.cli import with_appcontext

from ..app_state import current_state
from ..core import tokens
from ..observe import audit_log
from ..observe.trail import Trail
from .output import as_json
from .output import write_json


@click.command("show")
@click.argument("id")
@as_json
@with_appcontext
def show(id: str, as_json: bool) -> None:
    """Print the login request or linked device ID as it is now, and what it went through."""
    trail = Trail.of(id, current_state()) if tokens.is_id(id) else None
    if trail is None or trail.is_empty:
        raise click.ClickException(
            "There is no such row. Requests are deleted soon after their time; the logger "
            "flask_qrlogin.audit has told of each step."
        )
    told = trail.as_json()
    if as_json:
        write_json(told)
        return
    for name in ("request", "device"):
        row: dict[str, t.Any] | None = told[name]
        click.echo(f"{name}: none" if row is None else f"{name}:")
        for key, value in (row or {}).items():
            # The state is the one of now: one that has expired is not written as such.
            shown = told["state"] if (name, key) == ("request", "state") else value
            if shown not in (None, ""):
                click.echo(f"  {key} {audit_log.quoted(shown)}")
    click.echo(f"steps:\n{trail.as_text()}")
