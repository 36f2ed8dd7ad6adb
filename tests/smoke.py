"""Runs the README's app and a whole login against whatever flask_qrlogin is installed.

`make wheel` calls it where nothing is installed but the wheel and what the wheel asks for.
"""

from __future__ import annotations

import pathlib
import re
import tempfile
import typing as t


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
    base = app.config["QRLOGIN_BASE_URL"]
    headers = {"Origin": base}
    with app.app_context():
        db.session.add(names["User"](id=7, name="Ann"))
        db.session.commit()
    names["login_manager"].request_loader(
        lambda request: names["load_user"](7) if "Authorization" in request.headers else None
    )
    browser = app.test_client()
    assert "<qr-login" in browser.get("/qrlogin/", base_url=base).text
    started = browser.post("/qrlogin/requests", json={}, headers=headers, base_url=base).json

    def poll(since: int) -> t.Any:
        url = started["links"]["poll"]
        return browser.post(url, json={"since": since}, headers=headers, base_url=base).json

    def tell(action: str, **fields: str) -> t.Any:
        token = started["qr"]["url"].rpartition("/")[2]
        return (
            app.test_client()
            .post(
                f"/qrlogin/api/{action}",
                json={"token": token} | fields,
                headers={"Authorization": "Bearer phone"},
            )
            .json
        )

    assert poll(1)["state"] == "pending"
    scanned = tell("scan")
    seen = poll(1)
    assert seen["profile"] == {"name": "Ann", "avatar_url": None}
    assert seen["number"] in scanned["choices"]
    approval = {"confirm_token": scanned["confirm_token"], "number": seen["number"]}
    assert tell("approve", **approval)["state"] == "approved"
    answer = poll(2)
    assert (answer["state"], answer["location"]) == ("redeemed", "/")
    with browser.session_transaction(base_url=base) as session:
        assert session["_user_id"] == "7"
    for name in re.findall(r'(?:src|href)="(/qrlogin/static/[^"]+)"', browser_page(app, base)):
        with app.test_client().get(name, base_url=base) as response:
            assert response.status_code == 200, name
    print("The installed flask_qrlogin shows a code and logs a browser in.")


def browser_page(app: t.Any, base: str) -> str:
    return t.cast(str, app.test_client().get("/qrlogin/", base_url=base).text)


if __name__ == "__main__":
    main()
