"""The two phones of the example app for people with one computer."""

from __future__ import annotations

import pathlib
import subprocess
import sys

from playwright.sync_api import expect
from playwright.sync_api import FilePayload
from playwright.sync_api import Page

from . import steps
from .conftest import ROOT


def play(page: Page, name: str) -> Page:
    """Open the phone page in another window, as one of the people."""
    app = page.context.new_page()
    app.goto("/phone")
    app.get_by_role("button", name=name).click()
    return app


def test_the_phone_page_scans_a_screenshot_and_approves(page: Page) -> None:
    steps.show_code(page)
    app = play(page, "Tomás Rivera")
    screenshot = FilePayload(name="code.png", mimeType="image/png", buffer=page.screenshot())
    app.locator("input[type=file]").set_input_files(screenshot)
    expect(app.get_by_text("HeadlessChrome on Linux")).to_be_visible()
    steps.expect_shown(page, "scanned")
    expect(app.get_by_text("You have not logged in with that browser")).to_be_visible()
    steps.approve(app, page)
    expect(app.get_by_role("heading", name="Approved")).to_be_visible()
    expect(page.get_by_text("Logged in as Tomás Rivera. Not you?")).to_be_visible()


def test_the_phone_page_scans_a_pasted_link_and_denies(page: Page) -> None:
    steps.show_code(page)
    app = play(page, "Chidi Okafor")
    app.get_by_label("Link in the code").fill(steps.read_code(page))
    app.get_by_role("button", name="Open").click()
    app.get_by_role("button", name="Deny").click()
    steps.expect_shown(page, "denied")


def test_a_wrong_number_on_the_phone_page_ends_the_request(page: Page) -> None:
    steps.show_code(page)
    app = play(page, "Chidi Okafor")
    app.get_by_label("Link in the code").fill(steps.read_code(page))
    app.get_by_role("button", name="Open").click()
    number = steps.number_on(page)
    choices = app.locator("[data-choices] button")
    wrong = steps.wrong_number(choices, number)
    app.get_by_role("button", name=wrong, exact=True).click()
    expect(app.get_by_role("heading", name="The number was wrong")).to_be_visible()
    steps.expect_shown(page, "denied")


def test_the_phone_page_refuses_the_link_of_another_site(page: Page) -> None:
    app = play(page, "Ann Walker")
    sent: list[str] = []
    app.on("request", lambda request: sent.append(request.url))
    app.get_by_label("Link in the code").fill("https://evil.example/qrlogin/s/" + "a" * 38)
    app.get_by_role("button", name="Open").click()
    expect(app.locator("[data-step=scan] [data-message]")).to_contain_text("evil.example")
    assert sent == []


def test_the_terminal_phone_reads_a_screenshot_and_approves(
    page: Page, server: str, tmp_path: pathlib.Path
) -> None:
    steps.show_code(page)
    picture = tmp_path / "screenshot.png"
    page.screenshot(path=picture)
    command = [sys.executable, "-m", "flask", "--app", "example_app", "phone", "--as", "darya"]
    process = subprocess.Popen(
        [*command, "--yes", "--server", server, str(picture)],
        cwd=ROOT,
        env={"EXAMPLE_INSTANCE_PATH": str(tmp_path / "instance"), "PATH": "", "LANG": "C.UTF-8"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        said, failed = process.communicate(steps.number_on(page) + "\n", timeout=20)
    finally:
        process.kill()
    assert process.returncode == 0, failed
    assert "Approved" in said
    expect(page.get_by_text("Logged in as Дарья Соколова. Not you?")).to_be_visible()
