"""``flask --app example_app phone``: plays the phone in a terminal."""

from __future__ import annotations

import os
import pathlib

import click

from . import qr_reader
from . import seed
from .phone_client import PhoneClient
from .phone_client import PhoneError
from .phone_client import read_link
from .phone_client import Scanned
from .phone_client import WARNINGS

#: The exit code after the person has refused; 0 is approved, 1 an error, 2 a wrong option.
DENIED = 3
DEFAULT_SERVER = "http://127.0.0.1:5050"


@click.command("phone")
@click.argument("code", required=False)
@click.option("--as", "person", type=click.Choice([*seed.PEOPLE]), help="Whose phone it is.")
@click.option("--password", default=seed.PASSWORD, help="That person's password.")
@click.option(
    "--server",
    default=lambda: os.environ.get("QRLOGIN_BASE_URL") or DEFAULT_SERVER,
    help=f"Where the application runs.  [default: {DEFAULT_SERVER}]",
)
@click.option("--yes", is_flag=True, help="Approve without asking, where no number is needed.")
@click.option("--number", help="Approve with this number, which the browser shows.")
@click.option("--remember", is_flag=True, help="Keep that browser signed in.")
def command(
    code: str | None,
    person: str | None,
    password: str,
    server: str,
    yes: bool,
    number: str | None,
    remember: bool,
) -> None:
    """Play a phone that scans a login code.

    CODE is the link in the QR code, or a picture of it, such as a screenshot. The exit code is 0
    after Approve, 3 after Deny and 1 after an error. Scanning the same code again, as a script
    does that has only now read the number, asks for the same number.
    """
    asks = not yes and number is None
    person = person or click.prompt("Whose phone is it?", type=click.Choice([*seed.PEOPLE]))
    code = code or click.prompt("Link, or file with a picture of the code")
    phone = PhoneClient(server)
    try:
        token = _token(code, server)
        name = phone.log_in(username=person, password=password)
        scanned = phone.scan(token)
        click.echo(_who_asks(scanned))
        needs_number = scanned.confirmation != "tap"
        if number is None and (asks or needs_number):
            answer = _ask(scanned, name)
            if answer == "deny":
                phone.deny(scanned)
                click.echo("Denied. The other browser was not logged in.")
                raise SystemExit(DENIED)
            number = answer if needs_number else None
        phone.approve(scanned, number=number, remember=remember)
        click.echo(f"Approved. The other browser logs in as {name}.")
        if asks and _wants_it_back():
            phone.deny(scanned)
            click.echo("Taken back. The other browser was not logged in.")
            raise SystemExit(DENIED)
    except PhoneError as error:
        raise click.ClickException(str(error)) from error


def _wants_it_back() -> bool:
    try:
        return click.confirm("Take it back?")
    except click.Abort:
        return False  # Nobody is there to ask; it was approved.


def _token(code: str, server: str) -> str:
    """Return the QR token in a link or a picture."""
    # A terminal quotes the path of a file that is dropped onto it.
    path = pathlib.Path(code.strip().strip("'\"")).expanduser()
    if "://" in code or not path.is_file():
        return read_link(code, server)
    try:
        texts = qr_reader.read_codes(path.read_bytes())
    except (OSError, ValueError) as error:
        raise PhoneError(f"{path}: {error}") from error
    if not texts:
        raise PhoneError(f"{path}: there is no QR code in this picture.")
    return read_link(texts[0], server)


def _who_asks(scanned: Scanned) -> str:
    facts = {
        "Browser": scanned.browser,
        "Place": scanned.place,
        "IP address": scanned.ip,
        "Opened": f"{scanned.age} seconds ago",
    }
    lines = [f"  {label:<11} {fact}" for label, fact in facts.items() if fact]
    warnings = [f"  ! {WARNINGS.get(name, name)}" for name in scanned.warnings]
    return "\n".join(["", f"A browser wants to log in to {scanned.site}", *lines, *warnings, ""])


def _ask(scanned: Scanned, name: str) -> str:
    """Return "deny", or else what the person approves with."""
    click.echo("Approve only if you see the login page in front of you.")
    question, choices = {
        "tap": ("Approve?", ["approve", "deny"]),
        "match": ("Which number does it show?", [*scanned.choices, "deny"]),
        "reauth": ("Type the number that it shows, or deny", None),
    }[scanned.confirmation]
    type = click.Choice(choices) if choices else None
    answer: str = click.prompt(f"Log it in as {name}? {question}", type=type)
    return answer
