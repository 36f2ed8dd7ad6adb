"""The commands ``flask qrlogin audit`` and ``flask qrlogin log``."""

from __future__ import annotations

import json

import click
import flask
from flask.cli import with_appcontext

from .. import tokens
from ..app_state import current_state
from ..errors import QRLoginError
from .finding import Evidence
from .probe import CannotProbe
from .probe import look
from .report import Report
from .trail import Trail

_as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON.")


@click.command("audit")
@click.option("--probe", "url", metavar="URL", help="Ask the running site, as people reach it.")
@click.option("--strict", is_flag=True, help="Fail on what is unknown, too.")
@_as_json
@with_appcontext
def audit(url: str | None, strict: bool, as_json: bool) -> None:
    """Look for holes in the app as configured; exit with 1 if there are."""
    app, state = flask.current_app._get_current_object(), current_state()  # type: ignore[attr-defined]
    try:
        seen = None if url is None else look(url, state)
    except CannotProbe as error:
        raise click.ClickException(str(error)) from error
    report = Report.of(Evidence(app, state, seen))
    click.echo(json.dumps(report.as_json(), indent=2) if as_json else report.as_text())
    if report.fails(strict=strict):
        raise SystemExit(1)


@click.command("log")
@click.argument("id")
@_as_json
@with_appcontext
def log(id: str, as_json: bool) -> None:
    """Print what the login request or linked device ID went through."""
    try:
        trail = Trail.of(id, current_state()) if tokens.is_id(id) else None
    except QRLoginError as error:
        raise click.ClickException(str(error)) from error
    if trail is None or trail.is_empty:
        raise click.ClickException(
            "There is no such row. Requests are deleted soon after their time; the logger "
            "flask_qrlogin.audit has told of each step."
        )
    click.echo(json.dumps(trail.as_json(), indent=2) if as_json else trail.as_text())
