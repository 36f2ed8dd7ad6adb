"""The poisoned Host header.

The attacker reaches the app past the proxy, or through one that passes on what it is sent, and
names another host, in the hope that the code, the links or a cached page will lead the victim's
phone to it. It fails: a host that is not trusted is refused, and what stands in the code comes from
the configuration alone.
"""

from __future__ import annotations

from .conftest import once
from .people import Person
from .site import HOST
from .site import ORIGIN

pytestmark = once

OTHERS = [
    "evil.example",
    f"{HOST}.evil.example",
    f"evil.{HOST}",
    f"{HOST}:x@evil.example",
    f"{HOST}@evil.example",
    f"{HOST}/evil.example",
    f"{HOST}#.evil.example",
    f"{HOST}?.evil.example",
    f"{HOST}\\evil.example",
    f"evil.example {HOST}",
    f"{HOST},evil.example",
    f"[{HOST}]",
    "169.254.169.254",
    "",
]


def test_another_host_is_refused(victim: Person) -> None:
    taken = []
    for host in OTHERS:
        answers = [
            *(
                victim.browser.get(path, headers={"Host": host})
                for path in ("/qrlogin/", "/qrlogin/s/" + "A" * 38)
            ),
            *(
                victim.browser.post(
                    "/qrlogin/requests", json={}, headers={"Host": host, "Origin": origin}
                )
                for origin in (ORIGIN, f"https://{host}")
            ),
        ]
        statuses = [answer.status for answer in answers]
        if statuses != [400] * 4:
            taken.append((host, statuses))
    assert taken == []


def test_the_code_names_the_host_that_is_configured(victim: Person) -> None:
    for headers in (
        {"X-Forwarded-Host": "evil.example"},
        {"X-Forwarded-Server": "evil.example"},
        {"X-Host": "evil.example", "X-Original-Host": "evil.example"},
        {"Forwarded": "host=evil.example;proto=http"},
        {"X-Forwarded-Prefix": "//evil.example", "X-Script-Name": "//evil.example"},
        {"X-Forwarded-Port": "8443", "X-Forwarded-Proto": "http"},
        {"X-Original-URL": "//evil.example/", "X-Rewrite-URL": "//evil.example/"},
        # A host of ours that phones cannot reach.
        {"Host": "127.0.0.1"},
    ):
        answer = victim.browser.post("/qrlogin/requests", json={}, headers=headers)
        assert answer.status == 201
        assert answer.json["qr"]["url"].startswith(f"{ORIGIN}/qrlogin/s/")
        assert "evil.example" not in answer.text
        assert all(link.startswith("/qrlogin/") for link in answer.json["links"].values())
    victim.browser.start()
    page = victim.phone.open(victim.browser.token, headers={"X-Forwarded-Host": "evil.example"})
    assert HOST in page.text
    assert "evil.example" not in page.text


def test_a_whole_url_in_the_request_line_changes_nothing(victim: Person) -> None:
    for url in (
        "http://evil.example/qrlogin/requests",
        f"http://evil.example@{HOST}/qrlogin/requests",
    ):
        answer = victim.browser.post(url, json={})
        assert "evil.example" not in answer.text
        if answer.status == 201:
            assert answer.json["qr"]["url"].startswith(f"{ORIGIN}/qrlogin/s/")
