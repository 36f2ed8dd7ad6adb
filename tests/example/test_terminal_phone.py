from __future__ import annotations

import pathlib
import socket
import typing as t

import flask
import pytest
from click.testing import Result
from flask.testing import FlaskClient
from flask.testing import FlaskCliRunner

from example_app import phone_client
from flask_qrlogin.qr import image as qr_image

from . import steps

#: A token that has the right form.
TOKEN = "a" * 38


class Phone(t.Protocol):
    def __call__(self, *arguments: str, says: str = "") -> Result: ...


@pytest.fixture
def phone(site: flask.Flask, server: str) -> Phone:
    """Runs the command as Ann, against the running server."""

    def run(*arguments: str, says: str = "") -> Result:
        runner = FlaskCliRunner(site)
        command = ["phone", "--as", "ann", "--server", server, *arguments]
        return runner.invoke(args=command, input=says)

    return run


@pytest.fixture
def shown(browser: FlaskClient, server: str) -> dict[str, t.Any]:
    """A code that waits to be scanned, at the address of the server."""
    shown = steps.show_code(browser)
    shown["qr"]["url"] = f"{server}/qrlogin/s/{steps.token_in(shown)}"
    return shown


@pytest.fixture
def number(phone: Phone, browser: FlaskClient, shown: dict[str, t.Any]) -> str:
    """What the browser shows after the scan of a phone whose owner has not answered yet."""
    result = phone(shown["qr"]["url"])
    assert result.exit_code == 1, result.output
    return str(steps.poll(browser, shown)["number"])


def test_a_number_approves_a_link_at_once(
    phone: Phone, browser: FlaskClient, shown: dict[str, t.Any], number: str
) -> None:
    result = phone("--number", number, shown["qr"]["url"])
    assert result.exit_code == 0, result.output
    assert "Approved. The other browser logs in as Ann Walker." in result.output
    assert steps.poll(browser, shown)["state"] == "redeemed"


@pytest.mark.parametrize("arguments", [(), ("--yes",)])
def test_it_says_who_asks_and_asks_for_the_number(
    phone: Phone,
    browser: FlaskClient,
    shown: dict[str, t.Any],
    number: str,
    arguments: tuple[str, ...],
) -> None:
    result = phone(*arguments, shown["qr"]["url"], says=f"{number}\nn\n")
    assert result.exit_code == 0, result.output
    assert "A browser wants to log in to 127.0.0.1" in result.output
    assert "IP address  127.0.0.1" in result.output
    assert "! You have not logged in with that browser by QR code before." in result.output
    assert "Log it in as Ann Walker? Which number does it show?" in result.output
    assert steps.poll(browser, shown)["state"] == "redeemed"


def test_a_wrong_number_is_an_error_and_ends_the_request(
    phone: Phone, browser: FlaskClient, shown: dict[str, t.Any], number: str
) -> None:
    wrong = "11" if number != "11" else "12"
    result = phone("--number", wrong, shown["qr"]["url"])
    assert result.exit_code == 1
    assert "That is not the number on the other screen." in result.output
    polled = steps.poll(browser, shown)
    assert (polled["state"], polled["reason"]) == ("denied", "number_mismatch")
    assert phone("--number", number, shown["qr"]["url"]).exit_code == 1


@pytest.mark.parametrize("site", [{"QRLOGIN_CONFIRMATION": "reauth"}], indirect=True)
def test_a_number_may_have_to_be_typed(
    phone: Phone, browser: FlaskClient, shown: dict[str, t.Any], number: str
) -> None:
    result = phone(shown["qr"]["url"], says=f"{number}\nn\n")
    assert result.exit_code == 0, result.output
    assert "Type the number that it shows, or deny" in result.output
    assert steps.poll(browser, shown)["state"] == "redeemed"


@pytest.mark.parametrize("site", [{"QRLOGIN_CONFIRMATION": "tap"}], indirect=True)
@pytest.mark.parametrize(("arguments", "says"), [(("--yes",), ""), ((), "approve\nn\n")])
def test_where_a_tap_is_enough_yes_approves_at_once(
    phone: Phone,
    browser: FlaskClient,
    shown: dict[str, t.Any],
    arguments: tuple[str, ...],
    says: str,
) -> None:
    result = phone(*arguments, shown["qr"]["url"], says=says)
    assert result.exit_code == 0, result.output
    assert steps.poll(browser, shown)["state"] == "redeemed"


def test_a_confirmation_that_the_app_does_not_know_is_an_error(
    phone: Phone, shown: dict[str, t.Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(phone_client, "CONFIRMATIONS", ("tap",))
    result = phone("--yes", shown["qr"]["url"])
    assert result.exit_code == 1
    assert "This app is too old" in result.output


def test_the_browser_is_kept_signed_in_if_the_phone_says_so(
    phone: Phone, browser: FlaskClient, shown: dict[str, t.Any], number: str
) -> None:
    phone("--number", number, "--remember", shown["qr"]["url"])
    answer = browser.post(shown["links"]["poll"], json={"since": 9}, headers=steps.SAME_ORIGIN)
    cookies = answer.headers.getlist("Set-Cookie")
    (session,) = (cookie for cookie in cookies if cookie.startswith("harbour="))
    assert "Expires=" in session


def test_denying_logs_nobody_in(
    phone: Phone, browser: FlaskClient, shown: dict[str, t.Any]
) -> None:
    result = phone(shown["qr"]["url"], says="deny\n")
    assert result.exit_code == 3
    assert "Denied." in result.output
    assert steps.poll(browser, shown)["state"] == "denied"


def test_an_approval_can_be_taken_back(
    phone: Phone, browser: FlaskClient, shown: dict[str, t.Any], number: str
) -> None:
    result = phone(shown["qr"]["url"], says=f"{number}\ny\n")
    assert result.exit_code == 3
    assert "Taken back." in result.output
    assert steps.poll(browser, shown)["state"] == "denied"


def test_it_asks_for_the_person_and_the_code(
    site: flask.Flask, server: str, browser: FlaskClient, shown: dict[str, t.Any]
) -> None:
    says = f"darya\n{shown['qr']['url']}\ndeny\n"
    result = FlaskCliRunner(site).invoke(args=["phone", "--server", server], input=says)
    assert result.exit_code == 3, result.output
    assert "Log it in as Дарья Соколова?" in result.output


def test_it_reads_a_picture_of_the_code(
    phone: Phone,
    browser: FlaskClient,
    shown: dict[str, t.Any],
    tmp_path: pathlib.Path,
    number: str,
) -> None:
    picture = tmp_path / "screenshot one.png"
    picture.write_bytes(qr_image.png(shown["qr"]["url"]))
    # As a terminal writes the path of a file that is dropped onto it.
    assert phone("--number", number, f"'{picture}' ").exit_code == 0
    assert steps.poll(browser, shown)["state"] == "redeemed"


def test_a_file_that_is_no_picture_or_has_no_code_is_an_error(
    phone: Phone, tmp_path: pathlib.Path
) -> None:
    path = tmp_path / "file.png"
    path.write_bytes(b"no picture")
    assert "This is not a picture" in phone(str(path)).output
    path.write_bytes(qr_image.png("x")[:50])
    assert "This is not a picture" in phone(str(path)).output
    from PIL import Image

    Image.new("L", (200, 200), "white").save(path)
    result = phone(str(path))
    assert result.exit_code == 1
    assert "there is no QR code in this picture" in result.output


@pytest.mark.parametrize(
    ("link", "message"),
    [
        ("https://evil.example/qrlogin/s/" + TOKEN, "belongs to evil.example, not to 127.0.0.1"),
        ("http://127.0.0.1:1/qrlogin/s/" + TOKEN, "belongs to 127.0.0.1:1, not to 127.0.0.1"),
        ("{https}/qrlogin/s/" + TOKEN, "belongs to"),
        ("http://127.0.0.1:port/qrlogin/s/" + TOKEN, "is neither a link nor a file"),
        ("hello", "is neither a link nor a file"),
        ("javascript:alert(1)", "is neither a link nor a file"),
        ("{server}/login", "is not a login code"),
        ("{server}/qrlogin/s/" + TOKEN + "/approve", "is not a login code"),
    ],
)
def test_only_a_code_of_its_own_site_is_scanned(
    phone: Phone, server: str, link: str, message: str
) -> None:
    link = link.format(server=server, https=server.replace("http:", "https:"))
    result = phone("--yes", link)
    assert result.exit_code == 1
    assert message in result.output


def test_the_names_of_this_computer_are_one(
    phone: Phone, shown: dict[str, t.Any], number: str
) -> None:
    url = shown["qr"]["url"].replace("127.0.0.1", "localhost")
    assert phone("--number", number, url).exit_code == 0


def test_a_code_that_this_site_has_not_signed_is_an_error(phone: Phone, server: str) -> None:
    result = phone("--yes", f"{server}/qrlogin/s/{TOKEN}")
    assert result.exit_code == 1
    assert "This is not a login code of this site." in result.output


def test_a_code_that_somebody_else_has_scanned_is_an_error(
    phone: Phone, shown: dict[str, t.Any]
) -> None:
    assert phone("--as", "chidi", shown["qr"]["url"]).exit_code == 1  # It got no answer yet.
    result = phone("--yes", shown["qr"]["url"])
    assert result.exit_code == 1
    assert "Somebody else has already scanned this code." in result.output


def test_a_code_that_was_withdrawn_is_an_error(
    phone: Phone, browser: FlaskClient, shown: dict[str, t.Any]
) -> None:
    browser.post(shown["links"]["cancel"], json={}, headers=steps.SAME_ORIGIN)
    result = phone("--yes", shown["qr"]["url"])
    assert result.exit_code == 1
    assert "This login request has already ended." in result.output


def test_a_wrong_password_is_an_error(phone: Phone, shown: dict[str, t.Any]) -> None:
    result = phone("--password", "wrong", "--yes", shown["qr"]["url"])
    assert result.exit_code == 1
    assert "Wrong name or password." in result.output


def test_a_server_that_does_not_run_is_an_error_that_says_how_to_start_it(phone: Phone) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    result = phone("--server", address, f"{address}/qrlogin/s/{TOKEN}")
    assert result.exit_code == 1
    assert "does not answer. Start it with 'make demo'" in result.output


def test_another_server_is_an_error_that_says_so(
    phone: Phone, site: flask.Flask, server: str
) -> None:
    site.view_functions["phone.token"] = lambda: "<p>Something else</p>"
    result = phone("--yes", f"{server}/qrlogin/s/{TOKEN}")
    assert result.exit_code == 1
    assert "is not the example app (status 200)" in result.output
