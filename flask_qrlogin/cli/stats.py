"""The command that counts what the rows of an SQL store tell."""

from __future__ import annotations

import dataclasses
import re
import typing as t
from datetime import datetime
from datetime import timedelta

import click
from flask.cli import with_appcontext

from ..app_state import AppState
from ..app_state import current_state
from ..stores import sql_statistics
from ..stores.sql import SQLStore
from ..stores.sql_devices import SQLDeviceStore
from .output import as_json
from .output import write_json

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _span(ctx: click.Context, param: click.Parameter, value: str | None) -> timedelta | None:
    if value is None:
        return None
    found = re.fullmatch(r"(\d{1,5})([smhd])", value, re.ASCII)
    if found is None:
        raise click.BadParameter("Write a time such as 90s, 15m, 2h or 1d.")
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


@click.command("stats")
@click.option(
    "--since", metavar="TIME", callback=_span, help="Only requests that were started since: 15m."
)
@as_json
@with_appcontext
def stats(since: timedelta | None, as_json: bool) -> None:
    """Count the login requests whose rows are still there, and how long people took.

    A row is deleted soon after its request's time: for counts of days, use the metrics.
    """
    state = current_state()
    now, store, devices = state.now(), state.store, state.opened_device_store().part
    live = None
    if isinstance(devices, SQLDeviceStore):
        idle = state.settings.device_limits.idle
        live = sql_statistics.live_devices(devices, now, idle=idle)
    counted = None
    if isinstance(store, SQLStore):
        start = None if since is None else now - since
        counted = sql_statistics.of_requests(store, now, since=start)
    complete = state.settings.request_lifetime
    if as_json:
        write_json(
            {
                "now": now.isoformat(timespec="seconds"),
                "since": None if since is None else since.total_seconds(),
                "complete_for": complete.total_seconds(),
                "requests": counted and _as_json(counted),
                "linked_devices": live,
            }
        )
    else:
        if counted is not None:
            click.echo("\n".join(_lines(counted, now, complete)))
        if live is not None:
            click.echo(f"{'linked devices':16}{live}")
    if counted is None:
        raise click.ClickException(_uncountable(state))


def _as_json(counted: sql_statistics.Statistics) -> dict[str, t.Any]:
    written = dataclasses.asdict(counted)
    oldest = counted.oldest
    return written | {"oldest": oldest and oldest.isoformat(timespec="seconds")}


def _lines(counted: sql_statistics.Statistics, now: datetime, complete: timedelta) -> list[str]:
    oldest = counted.oldest
    age = "none" if oldest is None else f"the oldest {_seconds(now - oldest)} old"
    lines = [f"Login requests that are kept ({age}); complete for the last {_seconds(complete)}."]
    reasons = counted.reasons
    for name, count in counted.reached.items():
        lines.append(f"{name:16}{count}{_named(reasons) if name == 'denied' else ''}")
    lines.append(f"{'waiting now':16}{sum(counted.waiting.values())}{_named(counted.waiting)}")
    for name, took in (("scan", counted.to_scan), ("approve", counted.to_approve)):
        if took is not None:
            shown = f"median {took.median:.1f} s, nine of ten within {took.p90:.1f} s"
            lines.append(f"{f'time to {name}':16}{shown}")
    return lines


def _named(counts: dict[str, int]) -> str:
    """Add how many there are of each kind, without those that there are none of."""
    some = [f"{count} {name}" for name, count in counts.items() if count]
    return f" ({', '.join(some)})" if some else ""


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():.0f} s"


def _uncountable(state: AppState) -> str:
    return f"Login requests cannot be counted in {state.opened_store().why}. Use the metrics."
