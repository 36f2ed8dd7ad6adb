"""How the commands say things, to people and to programs."""

from __future__ import annotations

import json
import typing as t

import click

#: The option that every command has.
as_json: t.Callable[[t.Any], t.Any] = click.option(
    "--json", "as_json", is_flag=True, help="Write JSON."
)


def write_json(answer: t.Any) -> None:
    """Write an answer for a program."""
    click.echo(json.dumps(answer, indent=2))


def one_line(error: Exception) -> str:
    """Say in one line what went wrong, with what the database said, if it was that."""
    # What a driver says goes on with the whole statement.
    cause = str(error.__cause__ or "").partition("\n")[0]
    return f"{error} ({cause})" if cause else str(error)
