"""Runs the README's app and a whole login against whatever flask_qrlogin is installed.

`make wheel` calls it where nothing is installed but the wheel and what the wheel asks for.
"""

from __future__ import annotations

import pathlib
import re
import tempfile
import typing as t

from flask_qrlogin import Profile
from flask_qrlogin.testing import FakeApp
from flask_qrlogin.testing import FakeBrowser
from flask_qrlogin.testing import FakePhone


def readme_app() -> dict[str, t.Any]:
    """Run the README's first Python block, and return what it defines."""
    readme = pathlib.Path(__file__).parents[1] / "README.md"
    blocks = re.findall(r"```python\n(.*?)```", readme.read_text(), re.DOTALL)
    # The working folder of a reader is not ours to write into.
    folder = pathlib.Path(tempfile.mkdtemp())
    code = blocks[0].replace("sqlite:///app.sqlite3", f"sqlite:///{folder}/app.sqlite3")
    names: dict[str, t.Any] = {"__name__": "readme"}
    exec(compile(code, "README.md", "exec"), names)
    return names


def main() -> None:
    names = readme_app()
    app, db = names["app"], names["db"]
    with app.app_context():
        db.session.add(names["User"](id=7, name="Ann"))
        db.session.commit()
    names["login_manager"].request_loader(
        lambda request: names["load_user"](7) if "Authorization" in request.headers else None
    )
    for phone in (FakePhone(app, 7), FakeApp(app, authorization="Bearer phone")):
        browser = FakeBrowser(app)
        browser.show_code()
        assert browser.profile is None
        phone.scan(browser.code)
        assert browser.profile == Profile("Ann")
        assert browser.number in phone.asked["choices"]
        phone.approve(number=browser.number)
        assert browser.user_id is None
        assert browser.wait_for_login() == "/"
        assert browser.user_id == "7"
    page = FakeBrowser(app).get("/qrlogin/").text
    assert "<qr-login" in page
    for name in re.findall(r'(?:src|href)="(/qrlogin/static/[^"]+)"', page):
        assert FakeBrowser(app).get(name).status_code == 200, name
    print("The installed flask_qrlogin shows a code and logs a browser in.")


if __name__ == "__main__":
    main()
