"""The commands that show one login: as it is now, and how it came about."""

from __future__ import annotations

import typing as t

import click
from flask.cli import with_appcontext

from .. import tokens
from ..app_state import AppState
from ..app_state import current_state
from ..audit.trail import Trail
from ..login_request import LoginRequest
from ..stores import sql_statistics
from ..stores.sql import SQLStore
from ..web import audit_log
from .output import as_json
from .output import write_json

#: How many requests under way are listed.
_AT_MOST = 100


@click.command("show")
@click.argument("id", required=False)
@as_json
@with_appcontext
def show(id: str | None, as_json: bool) -> None:
    """Print the login request or linked device ID as it is now; without ID, what is under way."""
    state = current_state()
    if id is None:
        _show_under_way(state, as_json=as_json)
        return
    told = _trail(id, state).as_json()
    del told["steps"]
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


def _show_under_way(state: AppState, *, as_json: bool) -> None:
    store, now = state.store, state.now()
    if not isinstance(store, SQLStore):
        raise click.ClickException(
            f"What is under way cannot be listed in {state.opened_store().why}. Give an ID."
        )
    found = sql_statistics.under_way(store, now, _AT_MOST)

    def described(request: LoginRequest) -> dict[str, t.Any]:
        return {
            "id": request.id,
            "state": request.state.value,
            "age": int((now - request.created_at).total_seconds()),
            "ends_in": int((request.deadline - now).total_seconds()),
            "user_id": request.user_id,
            "address": request.address or None,
            "user_agent": request.user_agent or None,
        }

    if as_json:
        write_json({"requests": [described(request) for request in found]})
        return
    for request in found:
        click.echo(audit_log.line(described(request)))
    if len(found) == _AT_MOST:
        click.echo(f"The newest {_AT_MOST}; 'flask qrlogin stats' counts all.")
    elif not found:
        click.echo("Nothing is under way.")


@click.command("log")
@click.argument("id")
@as_json
@with_appcontext
def log(id: str, as_json: bool) -> None:
    """Print what the login request or linked device ID went through."""
    trail = _trail(id, current_state())
    if as_json:
        write_json(trail.as_json())
    else:
        click.echo(trail.as_text())


def _trail(id: str, state: AppState) -> Trail:
    trail = Trail.of(id, state) if tokens.is_id(id) else None
    if trail is None or trail.is_empty:
        raise click.ClickException(
            "There is no such row. Requests are deleted soon after their time; the logger "
            "flask_qrlogin.audit has told of each step."
        )
    return trail
