"""The command that looks for holes."""

from __future__ import annotations

import click
import flask
from flask.cli import with_appcontext

from ..app_state import current_state
from .output import as_json
from .output import write_json


@click.command("check")
@click.option("--probe", "url", metavar="URL", help="Ask the running site, as people reach it.")
@click.option("--strict", is_flag=True, help="Fail on what is unknown, too.")
@as_json
@with_appcontext
def check(url: str | None, strict: bool, as_json: bool) -> None:
    """Look for holes in the app as configured; exit with 1 if there are."""
    # Only here: an app that runs needs none of it.
    from ..check.finding import Evidence
    from ..check.probe import CannotProbe
    from ..check.probe import look
    from ..check.report import Report

    app, state = flask.current_app._get_current_object(), current_state()  # type: ignore[attr-defined]
    try:
        seen = None if url is None else look(url, state)
    except CannotProbe as error:
        raise click.ClickException(str(error)) from error
    report = Report.of(Evidence(app, state, seen))
    if as_json:
        write_json(report.as_json())
    else:
        click.echo(report.as_text())
    if report.fails(strict=strict):
        raise SystemExit(1)
