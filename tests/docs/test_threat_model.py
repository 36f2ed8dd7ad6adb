"""The threat model names tests and settings that are there."""

from __future__ import annotations

import json
import pathlib
import re

from flask_qrlogin.config.settings import Settings
from flask_qrlogin.hooks import Hooks
from tests.check.checked import careful_app
from tests.check.checked import run

ROOT = pathlib.Path(__file__).parents[2]
TEXT = (ROOT / "docs/security/threat-model.md").read_text()
NAMED = sorted(set(re.findall(r"`((?:tests|flask_qrlogin)/[\w/]+\.py)(?:::(\w+))?`", TEXT)))
#: One file for each attack that was asked for.
ATTACKS = {
    "photographed_code",
    "replayed_poll",
    "replayed_approval",
    "stolen_request_id",
    "second_scanner",
    "approve_after_deny",
    "approve_after_expiry",
    "forged_tokens",
    "cross_site_form",
    "framed_page",
    "prefetched_link",
    "login_fixation",
    "open_redirect",
    "host_header",
    "cookie_tossing",
    "header_injection",
    "enumeration",
    "mass_creation",
    "scanned_by_many",
    "deny_approve_race",
    "secret_in_log",
}


def test_every_test_that_it_names_is_there() -> None:
    assert NAMED
    missing = [
        (file, test)
        for file, test in NAMED
        if not re.search(rf"def {test or 'test_'}", (ROOT / file).read_text())
    ]
    assert missing == []


def test_it_names_every_attack_that_is_tried() -> None:
    files = (ROOT / "tests/attacks").glob("test_*.py")
    tried = {path.stem.removeprefix("test_") for path in files}
    assert tried >= ATTACKS
    assert {pathlib.Path(file).stem.removeprefix("test_") for file, _ in NAMED} >= tried


def test_it_has_the_mitigations_of_the_audit(tmp_path: pathlib.Path) -> None:
    report = json.loads(run(careful_app(tmp_path), "check", "--json").stdout)
    section = TEXT.partition("## The 17 mitigations")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| ([A-Z][^|]+) \|", section, re.MULTILINE)
    assert rows == [each["name"] for each in report["mitigations"]]


def test_the_settings_that_it_names_are_there() -> None:
    fields = Settings.__slots__
    for key in re.findall(r"`QRLOGIN_(\w+)", TEXT):
        assert key.lower() in fields
    for names in re.findall(r"hooks? ((?:`[a-z_]+`(?:, )?)+)", TEXT):
        for name in re.findall(r"`(\w+)`", names):
            assert hasattr(Hooks(), name)
