"""Enumeration by answer and by time.

The attacker wants to know who has an account, which requests are waiting, and which device belongs
to whom. They ask for each in turn, compare the answers, and where these are the same, how long they
took. It fails: what is unknown and what is another's give the same answer, byte for byte, after the
same work.
"""

from __future__ import annotations

import collections.abc as c
import statistics
import time

from flask_qrlogin.core.tokens import new_id
from tests.parties import Answer

from .people import Person

#: Quick enough for each run, many enough for a median.
_ROUNDS = 40
#: Of the slower to the quicker.
_BOUND = 1.3


def seen(answer: Answer, *names: str) -> tuple[object, ...]:
    """Return all that an answer tells, without what is always new and the names that were asked."""
    headers = [item for item in answer.headers.items() if item[0] not in ("Date", "Connection")]
    text = answer.text
    for name in names:
        text = text.replace(name, "NAME")
    return answer.status, headers, text


def as_long(one: c.Callable[[], object], other: c.Callable[[], object]) -> bool:
    """Tell whether two things take as long. What really differs does so each time."""
    return any(_slowness(one, other) < _BOUND for _ in range(5))


def _slowness(*asked: c.Callable[[], object]) -> float:
    took: list[list[float]] = [[] for _ in asked]
    for _ in range(_ROUNDS):
        # In turn, so that what else the computer does hits all.
        for times, ask in zip(took, asked, strict=True):
            began = time.perf_counter()
            ask()
            times.append(time.perf_counter() - began)
    medians = sorted(map(statistics.median, took))
    return medians[-1] / medians[0]


def test_a_request_of_another_is_as_unknown_as_none(victim: Person, attacker: Person) -> None:
    victim.browser.start()
    asking = attacker.browser
    asking.start()

    def ask(id: str) -> Answer:
        cookie = f"__Host-qrlogin-{id}={asking.secret()}"
        return asking.post(
            f"/qrlogin/requests/{id}/poll", json={"since": 0}, headers={"Cookie": cookie}
        )

    unknown = new_id()
    assert seen(ask(victim.browser.id), victim.browser.id) == seen(ask(unknown), unknown)
    assert as_long(lambda: ask(victim.browser.id), lambda: ask(unknown))


def test_a_hint_does_not_tell_who_has_an_account(victim: Person, attacker: Person) -> None:
    def start(hint: str) -> tuple[int, list[str], list[str]]:
        answer = attacker.new_browser().start(login_hint=hint)
        return answer.status, sorted(answer.json), sorted(answer.headers.keys())

    assert start("ann") == start("nobody-has-this-name")
    # Nor does scanning it: whose account was meant is told to nobody.
    told = []
    for hint in ("ann", "nobody-has-this-name"):
        attacker.browser.start(login_hint=hint)
        answer = attacker.app.scan(attacker.browser.token)
        assert answer.code == "not_allowed"
        told.append(seen(answer))
    assert told[0] == told[1]


def test_the_browser_is_told_no_name_of_an_account(victim: Person) -> None:
    """Of who has scanned, it may show the public profile and nothing else."""
    victim.browser.start()
    victim.app.scan(victim.browser.token)
    told = victim.browser.look()
    assert set(told["profile"]) == {"name", "avatar_url"}
    assert told["profile"]["name"] == "Ann Walker"
    assert "user_id" not in str(told)
    assert victim.address not in str(told)


def test_a_wrong_password_does_not_tell_who_has_an_account(attacker: Person) -> None:
    """It is the example's own login, which would tell what ours does not."""

    def ask(username: str) -> Answer:
        body = {"username": username, "password": "wrong"}
        return attacker.browser.post("/phone/token", json=body)

    assert seen(ask("ann")) == seen(ask("nobody-has-this-name"))
    assert ask("ann").status == 401
