"""Runs the application on this computer, and says what to open."""

from __future__ import annotations

import errno
import logging
import os
import socket
import sys

import werkzeug.serving

from . import create_app
from . import seed
from .terminal_phone import DEFAULT_SERVER


class CannotServe(Exception):
    """The application cannot be started; the message says what to do."""


def lan_address() -> str | None:
    """Return the address by which others in the network reach this computer, if it has one."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Connecting a UDP socket sends nothing: it only asks the routing table. The address
            # is one that is set aside for documentation (RFC 5737).
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return None
        address: str = probe.getsockname()[0]
    return None if address.startswith(("127.", "0.")) else address


def is_own_address(address: str) -> bool:
    """Tell whether this computer has an address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((address, 0))
        except OSError:
            return False
    return True


def serve(*, port: int, lan: str | None = None) -> None:
    """Run until Ctrl+C: on this computer only, or also at ``lan``, an address of its own.

    Raises:
        CannotServe
    """
    try:
        listener = socket.create_server(("0.0.0.0" if lan else "127.0.0.1", port))  # noqa: S104
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise CannotServe(
                f"Port {port} is in use. Stop the other program, or take another port: "
                f"make demo PORT={port + 1}"
            ) from None
        raise CannotServe(f"Port {port} cannot be opened: {error.strerror}.") from None
    with listener:
        port = listener.getsockname()[1]
        base_url = f"http://{lan or '127.0.0.1'}:{port}"
        app = create_app({"QRLOGIN_BASE_URL": base_url} if lan else None)
        # The polls would push away what is printed here.
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        # The mails that it would send.
        app.logger.setLevel(logging.INFO)
        server = werkzeug.serving.make_server(
            "127.0.0.1", port, app, threaded=True, fd=listener.fileno()
        )
        print(welcome(base_url, lan=lan is not None), flush=True)
        server.serve_forever()


def welcome(base_url: str, *, lan: bool) -> str:
    """Return what to open, and with which accounts."""
    command = f"{_program('flask')} --app example_app phone"
    if base_url != DEFAULT_SERVER:
        command += f" --server {base_url}"
    lines = [
        "The example app runs. Ctrl+C stops it.",
        "",
        f"  Log in             {base_url}/login",
        f"  Phone in a window  {base_url}/phone",
        f"  Phone in a shell   {command}",
        "",
        f"  Accounts           {', '.join(seed.PEOPLE)}",
        f"  Password           {seed.PASSWORD}",
        "",
    ]
    if lan:
        lines += [
            "Scan the code with the camera of a phone in the same network, and log in there with",
            "the password. This is plain HTTP: others in the network can read and change what is",
            "sent. It is for trying only.",
        ]
    else:
        lines += [
            "Take a screenshot of the code, and give it to the phone page or the phone in a shell.",
            "To scan with a real phone in the same network: make demo LAN=1",
        ]
    return "\n".join(lines)


def _program(name: str) -> str:
    """Return how to call a program that stands beside this Python."""
    path = os.path.join(os.path.dirname(sys.executable), name)
    return min(path, os.path.relpath(path), key=len)
