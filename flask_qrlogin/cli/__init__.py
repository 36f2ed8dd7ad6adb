"""The commands ``flask qrlogin …``."""

from __future__ import annotations

import typing as t

import click
from flask.cli import AppGroup

from ..core.errors import QRLoginError
from .check import check
from .config import config
from .output import one_line
from .show import show
from .tables import create_tables
from .tables import purge


class _Commands(AppGroup):
    """Says what went wrong in one line, and exits with 1."""

    def invoke(self, ctx: click.Context) -> t.Any:
        try:
            return super().invoke(ctx)
        except QRLoginError as error:
            raise click.ClickException(one_line(error)) from error


group: AppGroup = _Commands("qrlogin", help="Login by QR code.")
for _command in (create_tables, purge, show, check, config):
    group.add_command(_command)
