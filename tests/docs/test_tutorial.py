"""The tutorial works step by step, and so does the native app, in a folder as a reader has it."""

from __future__ import annotations

import collections.abc as c
import contextlib
import pathlib
import re
import shutil
import subprocess
import sys

import pytest
from playwright.sync_api import Browser
from playwright.sync_api import expect
from playwright.sync_api import Page

from flask_qrlogin.core import errors
from tests.e2e import steps
from tests.e2e.conftest import PHONE
from tests.processes import environment
from tests.processes import free_port
from tests.processes import Process

from . import pages

NATIVE = pages.DOCS / "guides/native"
#: What codes that are typed need besides.
LIMITER = """
from flask_limiter import Limiter

Limiter(lambda: flask.request.remote_addr, app=app, storage_uri="memory://")
"""


@contextlib.contextmanager
def running(folder: pathlib.Path, *options: str, tokens: bool = False) -> c.Iterator[str]:
    """Run the tutorial's files with `flask run`, and yield where it is opened.

    They stand at a free port instead of 5000; with ``tokens``, beside those of the guide.
    """
    shutil.copytree(pages.DOCS / "tutorial", folder, dirs_exist_ok=True)
    config, module = {}, []
    if tokens:
        module, config = ["--app", "tokens"], {"FLASK_QRLOGIN_USER_CODE": "true"}
        (folder / "tokens.py").write_text((NATIVE / "tokens.py").read_text() + LIMITER)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-u", "-m", "flask", *module, "run", "--port", str(port), *options]
    env = environment(FLASK_QRLOGIN_BASE_URL=url, **config)
    with Process(command, folder / "log", env=env) as process:
        process.until_it_says("(Running on)")
        yield url


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[str]:
    """The tutorial's app, as a phone in the same network reaches it."""
    with running(tmp_path_factory.mktemp("site"), "--host", "0.0.0.0") as url:
        yield url


@pytest.fixture(scope="module")
def site_with_tokens(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[str]:
    """The same, with the guide's tokens for a native app."""
    with running(tmp_path_factory.mktemp("tokens"), tokens=True) as url:
        yield url


@pytest.fixture
def page(browser: Browser) -> c.Iterator[Page]:
    """The browser that waits."""
    context = browser.new_context(viewport={"width": 1280, "height": 1000})
    yield context.new_page()
    context.close()


@pytest.fixture
def phone(browser: Browser) -> c.Iterator[Page]:
    """The private window, or the phone."""
    context = browser.new_context(**PHONE)
    yield context.new_page()
    context.close()


def log_in(phone: Page) -> None:
    phone.get_by_label("Name").fill("Ann")
    phone.get_by_label("Password").fill("secret")
    phone.get_by_role("button", name="Log in", exact=True).click()


def test_a_private_window_plays_the_phone(
    page: Page, phone: Page, site: str, tmp_path: pathlib.Path
) -> None:
    steps.show_code(page, f"{site}/login")
    phone.goto(f"{site}/login")
    log_in(phone)
    expect(phone.get_by_role("heading", name="Hello Ann")).to_be_visible()
    phone.goto(f"{site}/qrlogin/scan")
    page.screenshot(path=tmp_path / "code.png")
    phone.get_by_label("Choose a picture").set_input_files(tmp_path / "code.png")
    phone.get_by_role("button", name="Continue as Ann").click()
    steps.approve(phone, page)
    expect(page.get_by_role("heading", name="Hello Ann")).to_be_visible()
    page.get_by_role("link", name="Where you are logged in").click()
    expect(page.get_by_role("main")).to_contain_text("this browser")


def test_a_real_phone_logs_in_first(page: Page, phone: Page, site: str) -> None:
    steps.show_code(page, f"{site}/login")
    phone.goto(steps.read_code(page))
    log_in(phone)
    phone.get_by_role("button", name="Continue as Ann").click()
    steps.approve(phone, page)
    expect(page.get_by_role("heading", name="Hello Ann")).to_be_visible()


def test_the_readers_own_test_passes(tmp_path: pathlib.Path) -> None:
    shutil.copytree(pages.DOCS / "tutorial", tmp_path, dirs_exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("code", ["link", "picture", "typed"])
def test_a_native_app_approves(
    page: Page, code: str, site_with_tokens: str, tmp_path: pathlib.Path
) -> None:
    with page.expect_response("**/qrlogin/requests") as started:
        steps.show_code(page, f"{site_with_tokens}/login")
    page.screenshot(path=tmp_path / "code.png")
    given = {
        "link": steps.read_code(page),
        "picture": str(tmp_path / "code.png"),
        "typed": started.value.json()["user_code"]["text"].lower(),
    }
    with subprocess.Popen(
        [sys.executable, "-u", NATIVE / "phone.py", "--site", site_with_tokens, given[code]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as app:
        assert app.stdin is not None
        assert app.stdout is not None
        app.stdin.write("secret\n")
        app.stdin.flush()
        said = ""
        while not said.endswith("or n: "):
            letter = app.stdout.read(1)
            assert letter, said
            said += letter
        assert re.search(r"A browser wants to log in to 127\.0\.0\.1:\d+\.", said)
        assert "! You have not logged in with that browser" in said
        assert ("! The code was typed" in said) is (code == "typed")
        app.stdin.write(f"{steps.number_on(page)}\n")
        app.stdin.flush()
        assert app.stdout.read().endswith("Approved.\n")
    assert app.returncode == 0
    expect(page.get_by_role("heading", name="Hello Ann")).to_be_visible()


def test_the_native_app_says_what_is_wrong(site_with_tokens: str) -> None:
    for code, refusal in {
        f"https://evil.example/qrlogin/s/{'x' * 38}": "This is not a login code of 127.0.0.1:",
        f"{site_with_tokens}/qrlogin/s/{'x' * 38}": "This is not a login code of this site.",
        "WDJB-MJHT": errors.CodeNotFound.title,
        "no-such-file.png": "This is not a code or a file: no-such-file.png",
        "wrong password": "Name or password is wrong.",
    }.items():
        app = subprocess.run(
            [sys.executable, NATIVE / "phone.py", "--site", site_with_tokens, code],
            input="wrong\n" if code == "wrong password" else "secret\n",
            capture_output=True,
            text=True,
            check=False,
        )
        assert app.returncode == 1
        assert refusal in app.stderr
