"""A native app in a terminal: python phone.py CODE, where CODE is the link in a QR code.

It may also be the eight letters of a user code, or a picture of a QR code, for which
zxing-cpp and pillow are needed.
"""

from __future__ import annotations

import argparse
import getpass
import http.client
import json
import pathlib
import platform
import re
import sys
import typing as t
from urllib.parse import urlsplit

#: The one site that this app belongs to. Its token goes nowhere else, whatever a code says.
SITE = "http://127.0.0.1:5000"
#: Shown to the person as what has approved.
USER_AGENT = f"TutorialApp/1.0 ({platform.system()})"
WARNINGS = {
    "new_browser": "You have not logged in with that browser by QR code before.",
    "other_network": "That browser is in another network than this phone.",
    "other_country": "That browser is in another country than this phone.",
    "user_code": "The code was typed, not scanned: somebody may have told it to you.",
}


class Refused(Exception):
    """What the server says; `code` is for the program, `title` for the person."""

    def __init__(self, problem: dict[str, t.Any]) -> None:
        super().__init__(problem.get("detail") or problem["title"])
        self.code = problem.get("code")


class App:
    def __init__(self, site: str) -> None:
        self.site = urlsplit(site)
        self.bearer: str | None = None

    def post(self, path: str, **body: object) -> dict[str, t.Any]:
        secure = self.site.scheme == "https"
        make = http.client.HTTPSConnection if secure else http.client.HTTPConnection
        connection = make(self.site.netloc, timeout=10)
        headers = {"Content-Type": "application/json", "User-Agent": USER_AGENT}
        if self.bearer is not None:
            headers["Authorization"] = f"Bearer {self.bearer}"
        # http.client follows no redirect, which could take the token elsewhere.
        connection.request("POST", path, json.dumps(body), headers)
        with connection.getresponse() as response:
            kind = response.headers.get_content_type()
            answer = json.loads(response.read()) if kind.endswith("json") else {}
            if response.status != 200:
                raise Refused({"title": f"The server answered {response.status}."} | answer)
        return t.cast("dict[str, t.Any]", answer)

    def read(self, code: str) -> str:
        """Return the token that stands for a code; ask the server only about a typed one."""
        if pathlib.Path(code).is_file():
            code = read_picture(code)
        if re.fullmatch(r"([A-Za-z][\s-]*){8}", code):
            return str(self.post("/qrlogin/api/code", code=code)["token"])
        link = urlsplit(code)
        found = re.fullmatch(r"/qrlogin/s/([\w-]{38})", link.path)
        if (link.scheme, link.netloc) != (self.site.scheme, self.site.netloc) or not found:
            what = f"a login code of {self.site.netloc}" if link.scheme else "a code or a file"
            raise Refused({"title": f"This is not {what}: {code}"})
        return found[1]


def read_picture(path: str) -> str:
    import zxingcpp
    from PIL import Image

    codes = zxingcpp.read_barcodes(Image.open(path))
    if not codes:
        raise Refused({"title": "There is no QR code in this picture."})
    return codes[0].text


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    options.add_argument("code")
    options.add_argument("--name", default="Ann")
    options.add_argument("--site", default=SITE)
    given = options.parse_args()
    app = App(given.site)
    password = getpass.getpass(f"{given.name}'s password: ") if sys.stdin.isatty() else input()
    app.bearer = app.post("/token", name=given.name, password=password)["token"]

    token = app.read(given.code)
    scanned = app.post("/qrlogin/api/scan", token=token)
    asking = scanned["asking"]
    print(f"A browser wants to log in to {scanned['site']}.")
    print(f"{asking['browser']}, {asking['place'] or asking['ip']}, {asking['age']} seconds ago")
    for name in scanned["warnings"]:
        print("!", WARNINGS.get(name, name))

    decision = {"token": token, "confirm_token": scanned["confirm_token"]}
    if scanned["confirmation"] == "tap":
        answer = input("Approve? y or n: ")
    elif scanned["confirmation"] == "match":
        answer = input(f"Which number does it show? {' '.join(scanned['choices'])} or n: ")
        decision["number"] = answer
    else:
        sys.exit("This app is too old to answer this code. Update it.")
    if answer == "n":
        app.post("/qrlogin/api/deny", token=token, confirm_token=scanned["confirm_token"])
        print("Denied.")
    else:
        app.post("/qrlogin/api/approve", **decision)
        print("Approved.")


if __name__ == "__main__":
    try:
        main()
    except (Refused, OSError) as error:
        sys.exit(str(error))
