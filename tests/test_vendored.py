"""Code of others is as they published it, and comes with its licence."""

from __future__ import annotations

import hashlib
import pathlib
import re

FOLDER = pathlib.Path(__file__).parents[1] / "flask_qrlogin" / "static" / "qrlogin" / "vendor"


def test_every_file_has_the_checksum_that_the_notice_says() -> None:
    notice = (FOLDER / "README.md").read_text()
    said = dict(re.findall(r"^\| `(.+?)` \| `([0-9a-f]{64})` \|$", notice, re.MULTILINE))
    files = [path for path in FOLDER.rglob("*") if path.is_file() and path.name != "README.md"]
    assert said == {
        path.relative_to(FOLDER).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in files
    }
    assert {path.parent for path in files if path.name.startswith("LICENSE")} == {
        path.parent for path in files
    }
