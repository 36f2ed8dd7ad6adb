"""``python -m example_app``, which `make demo` runs."""

from __future__ import annotations

import collections.abc as c
import pathlib
import re
import socket

import flask
import pytest
import werkzeug.serving

from example_app import __main__ as main
from example_app import server
from example_app.models import db


class Socket:
    """A UDP socket of a computer with one address, or without a network."""

    def __init__(self, address: str | None) -> None:
        self.address = address

    def __enter__(self) -> Socket:
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def connect(self, address: tuple[str, int]) -> None:
        if self.address is None:
            raise OSError("Network is unreachable")

    def getsockname(self) -> tuple[str | None, int]:
        return self.address, 40000


@pytest.mark.parametrize(
    ("address", "found"),
    [("192.168.1.20", "192.168.1.20"), ("127.0.0.1", None), ("0.0.0.0", None), (None, None)],
)
def test_the_address_in_the_network_is_found(
    monkeypatch: pytest.MonkeyPatch, address: str | None, found: str | None
) -> None:
    monkeypatch.setattr(socket, "socket", lambda *kind: Socket(address))
    assert server.lan_address() == found


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> c.Iterator[list[str]]:
    """What would have been served: each server ends at once. The URLs are kept here."""
    apps: list[flask.Flask] = []
    hosts: list[str] = []

    def end(self: werkzeug.serving.BaseWSGIServer) -> None:
        hosts.append(self.socket.getsockname()[0])
        apps.append(self.app)  # type: ignore[arg-type]
        self.server_close()

    monkeypatch.setattr(werkzeug.serving.BaseWSGIServer, "serve_forever", end)
    monkeypatch.setenv("EXAMPLE_INSTANCE_PATH", str(tmp_path))
    yield hosts
    for app in apps:
        with app.app_context():
            db.engine.dispose()


def test_it_serves_this_computer_alone_and_says_what_to_open(
    served: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["--port", "0"]) is None
    assert served == ["127.0.0.1"]
    said = capsys.readouterr().out
    assert re.search(r"http://127\.0\.0\.1:\d+/login$", said, re.MULTILINE)
    assert re.search(r"http://127\.0\.0\.1:\d+/phone$", said, re.MULTILINE)
    assert re.search(
        r"flask --app example_app phone --server http://127\.0\.0\.1:\d+$", said, re.MULTILINE
    )


def test_with_lan_it_serves_the_network_and_warns(
    served: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "lan_address", lambda: "192.168.1.20")
    assert main.main(["--port", "0", "--lan", "1"]) is None
    assert main.main(["--port", "0", "--lan", "127.0.0.1"]) is None
    assert served == ["0.0.0.0", "0.0.0.0"]
    said = capsys.readouterr().out
    assert re.search(r"http://192\.168\.1\.20:\d+/login$", said, re.MULTILINE)
    assert re.search(r"http://127\.0\.0\.1:\d+/login$", said, re.MULTILINE)
    assert "This is plain HTTP" in said


def test_the_command_is_short_at_the_usual_address() -> None:
    assert "--server" not in server.welcome("http://127.0.0.1:5050", lan=False)


def test_without_a_network_it_says_how_to_give_the_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "lan_address", lambda: None)
    assert "make demo LAN=192.168.1.20" in (main.main(["--lan", "1"]) or "")


def test_a_port_that_is_in_use_is_an_error_that_names_another() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        said = main.main(["--port", str(port)])
    assert said == (
        f"Port {port} is in use. Stop the other program, or take another port: "
        f"make demo PORT={port + 1}"
    )


def test_a_port_that_cannot_be_opened_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(address: tuple[str, int]) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket, "create_server", refuse)
    assert main.main(["--port", "80"]) == "Port 80 cannot be opened: Permission denied."


def test_an_address_of_another_computer_is_refused() -> None:
    refusal = main.main(["--port", "0", "--lan", "192.0.2.99"])
    assert refusal is not None
    assert refusal.startswith("192.0.2.99 is not an address of this computer.")
