"""What we have signed, with each character changed, taken away or doubled: all is refused."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import string
import typing as t

import pytest

from .conftest import Fuzz
from .hostile import in_path
from .shots import Shot
from .world import Code
from .world import code_of
from .world import cookies_of
from .world import World

_ALPHABET = string.ascii_letters + string.digits + "-_"
_ODD = ["=", ".", "/", "+", " ", "\t", "\x00", "\xff", '"', ";", "\u0131", "\u0660", "%41"]

Attempt: t.TypeAlias = tuple[str, c.Callable[[str], Shot]]


def _changes(text: str, *, all: bool) -> c.Iterator[str]:
    """Return what is nearly this text; ``all`` characters in every place, or four of them."""
    for at, character in enumerate(text):
        before, after = text[:at], text[at + 1 :]
        index = _ALPHABET.find(character)
        # Those that differ in the lowest bits, too: the last character has some that say nothing.
        few = [_ALPHABET[index ^ 1], _ALPHABET[index ^ 2], _ODD[at % len(_ODD)]]
        for other in [*_ALPHABET, *_ODD] if all else few:
            if other != character:
                yield before + other + after
        yield before + after
        yield before + character * 2 + after
        yield before
    for end in ("=", "==", "A", "\n", "\x00", text):
        yield from (text + end, end + text)
    yield text.swapcase()


def _on_page(world: World, code: Code) -> Attempt:
    def scan(text: str) -> Shot:
        changed = dataclasses.replace(code, token=in_path(text))
        return world.act("anna", "scan", changed, app=False)

    return code.token, scan


def _in_app(world: World, code: Code) -> Attempt:
    def scan(text: str) -> Shot:
        changed = dataclasses.replace(code, token=text)
        return world.act("anna", "scan", changed, app=True)

    return code.token, scan


def _approve_on_page(world: World, code: Code) -> Attempt:
    world.send(world.act("anna", "scan", code, app=True))
    return world.confirm_token(code), lambda text: world.act(
        "anna", "approve", code, app=False, confirm_token=text
    )


def _deny_in_app(world: World, code: Code) -> Attempt:
    world.send(world.act("anna", "scan", code, app=True))
    return world.confirm_token(code), lambda text: world.act(
        "anna", "deny", code, app=True, confirm_token=text
    )


def _redeem(world: World, code: Code) -> Attempt:
    world.send(world.act("anna", "scan", code, app=True))
    confirm_token = world.confirm_token(code)
    world.send(world.act("anna", "approve", code, app=True, confirm_token=confirm_token))

    def poll(text: str) -> Shot:
        return world.poll(dataclasses.replace(code, secret=(code.secret[0], text)), since=3)

    return code.secret[1], poll


def _scan_late(world: World, code: Code) -> Attempt:
    shot = Shot("GET", f"/qrlogin/s/{code.token}", (), (world.sessions["anna"],))
    proof = dict(cookies_of(world.send(shot)))["qrlogin-opened"]
    world.host.clock.advance(100)

    def scan(text: str) -> Shot:
        shot = world.act("anna", "scan", code, app=False)
        return dataclasses.replace(shot, cookies=(*shot.cookies, ("qrlogin-opened", text)))

    return proof, scan


def _not_me(world: World, code: Code) -> Attempt:
    _, poll = _redeem(world, code)
    world.send(poll(code.secret[1]))
    notice = world.oracle.keys.notices.write(code.id, world.host.clock())
    headers = (("Origin", "http://localhost"),)
    return notice, lambda text: Shot("POST", f"/qrlogin/notices/{in_path(text)}", headers)


@pytest.mark.parametrize(
    "attempt", [_on_page, _in_app, _approve_on_page, _deny_in_app, _redeem, _scan_late, _not_me]
)
def test_only_the_very_text_is_accepted(
    world: World, attempt: c.Callable[[World, Code], Attempt], fuzz: Fuzz
) -> None:
    code = world.start()
    text, shot = attempt(world, code)
    before = world.row(code), world.device(code)
    in_cookie = text in dict(shot(text).cookies).values()
    for changed in _changes(text, all=fuzz.long):
        # Whitespace around a cookie's value does not count, and a semicolon ends it.
        if in_cookie and changed.partition(";")[0].strip() == text:
            continue
        # A slash at the beginning is routed to the path without.
        assert world.send(shot(changed)).status_code in (308, *range(400, 500)), changed
        assert (world.row(code), world.device(code)) == before
    assert world.send(shot(text)).status_code < 400
    assert (world.row(code), world.device(code)) != before


def test_a_browser_is_known_by_the_very_text_only(world: World) -> None:
    code = world.start()
    _, poll = _redeem(world, code)
    text = dict(cookies_of(world.send(poll(code.secret[1]))))["qrlogin-browser"]
    start = Shot("POST", "/qrlogin/requests", (("Origin", "http://localhost"),)).with_fields({})
    for changed in [text, *_changes(text, all=False)]:
        # As in the test above.
        if changed != text and changed.partition(";")[0].strip() == text:
            continue
        shot = dataclasses.replace(start, cookies=(("qrlogin-browser", changed),))
        row = world.row(code_of(world.send(shot)))
        assert row is not None
        assert (row["browser_id"] is not None) == (changed == text), changed
