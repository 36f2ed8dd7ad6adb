"""``python -m example_app``: runs the application."""

from __future__ import annotations

import argparse
import sys

from . import server


def main(arguments: list[str] | None = None) -> str | None:
    """Run the application; return why it could not start."""
    parser = argparse.ArgumentParser(prog="python -m example_app", description=__doc__)
    parser.add_argument("--port", type=int, default=5050, help="0 takes any that is free")
    parser.add_argument(
        "--lan",
        metavar="ADDRESS",
        default="",
        help="let phones in the same network in, at this address of the computer; 1 finds it",
    )
    options = parser.parse_args(arguments)
    wanted = "" if options.lan == "0" else options.lan
    lan = server.lan_address() if wanted == "1" else wanted
    if wanted and not lan:
        return "This computer has no address in a network. Give it: make demo LAN=192.168.1.20"
    if lan and options.lan != "1" and not server.is_own_address(lan):
        return f"{lan} is not an address of this computer. It has {server.lan_address()}."
    try:
        server.serve(port=options.port, lan=lan or None)
    except server.CannotServe as error:
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main())
