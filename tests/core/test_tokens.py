from __future__ import annotations

import base64
import collections
import collections.abc as c
import string
import typing as t
from datetime import datetime
from datetime import timedelta
from datetime import UTC

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st

from flask_qrlogin.core import errors
from flask_qrlogin.core import tokens

NOW = datetime(2030, 1, 31, 12, 0, tzinfo=UTC)
ALPHABET = string.ascii_letters + string.digits + "-_"


def qr_tokens(*keys: str) -> tokens.QRTokens:
    return tokens.QRTokens(
        keys or ("key",),
        token_lifetime=timedelta(seconds=60),
        proof_lifetime=timedelta(seconds=300),
    )


def test_ids_and_secrets_are_long_and_never_the_same() -> None:
    assert len({tokens.new_id() for _ in range(1000)}) == 1000
    assert len({tokens.new_secret() for _ in range(1000)}) == 1000
    assert len(bytes.fromhex(tokens.new_id())) == 16
    assert len(base64.urlsafe_b64decode(tokens.new_secret() + "=")) == 32


@pytest.mark.parametrize("text", ["", "x" * 32, "A" * 32, "a" * 31, "a" * 33, "a" * 32 + "\n"])
def test_only_32_lower_case_hexadecimal_digits_are_an_id(text: str) -> None:
    assert not tokens.is_id(text)
    assert tokens.is_id("0123456789abcdef" * 2)


def test_a_secret_matches_its_hash_and_no_other() -> None:
    secret, hasher = tokens.new_secret(), tokens.SecretHasher(["key"])
    hashed = hasher.hash(secret)
    assert secret not in hashed
    assert hasher.matches(secret, hashed)
    assert not hasher.matches(secret + "x", hashed)
    assert not hasher.matches("\udc80", hashed)


def test_a_secret_matches_only_in_the_app_that_made_it_also_after_a_new_key() -> None:
    secret = tokens.new_secret()
    hashed = tokens.SecretHasher(["old"]).hash(secret)
    assert tokens.SecretHasher(["new", "old"]).matches(secret, hashed)
    assert not tokens.SecretHasher(["of another app"]).matches(secret, hashed)


def test_a_qr_token_has_38_characters_and_says_its_request_and_second() -> None:
    id = tokens.new_id()
    token = qr_tokens().write(id, NOW + timedelta(microseconds=5))
    assert len(token) == 38
    assert qr_tokens().read(token) == tokens.SignedId(id, NOW)


def test_every_changed_character_of_a_qr_token_is_refused() -> None:
    token = qr_tokens().write(tokens.new_id(), NOW)
    # The last character holds unused bits, so that several would decode alike.
    for place in range(len(token)):
        for other in ALPHABET:
            if other != token[place]:
                with pytest.raises(errors.TokenInvalid):
                    qr_tokens().read(token[:place] + other + token[place + 1 :])


@example("A" * 37 + "!")
@given(st.text(max_size=60) | st.text(ALPHABET, min_size=38, max_size=38))
def test_any_other_text_is_refused_as_a_qr_token(text: str) -> None:
    with pytest.raises(errors.TokenInvalid):
        qr_tokens().read(text)


def test_fallback_keys_read_what_they_signed_and_sign_nothing_new() -> None:
    id = tokens.new_id()
    old = qr_tokens("old").write(id, NOW)
    assert qr_tokens("new", "old").read(old).id == id
    with pytest.raises(errors.TokenInvalid):
        qr_tokens("old").read(qr_tokens("new", "old").write(id, NOW))


def test_a_key_may_be_bytes() -> None:
    signer = tokens.IdSigner([b"key"], "qr")
    assert signer.write("00" * 16, NOW) == tokens.IdSigner(["key"], "qr").write("00" * 16, NOW)


def test_what_is_signed_for_one_purpose_is_refused_for_another() -> None:
    id = tokens.new_id()
    proof = tokens.IdSigner(["key"], "opened").write(id, NOW)
    with pytest.raises(errors.TokenInvalid):
        qr_tokens().read(proof)
    token = qr_tokens().write(id, NOW)
    later = NOW + timedelta(seconds=61)
    assert not qr_tokens().may_scan(qr_tokens().read(token), token, later)


def test_a_token_tells_whether_a_code_was_typed() -> None:
    codes, id = qr_tokens(), tokens.new_id()
    scanned, typed = codes.write(id, NOW), codes.write_typed(id, NOW)
    assert codes.read(scanned) == tokens.SignedId(id, NOW)
    assert codes.read(typed) == tokens.SignedId(id, NOW, typed=True)
    # What one of them proves helps the other nothing.
    later = NOW + timedelta(seconds=61)
    for one, other in [(typed, scanned), (scanned, typed)]:
        proof = codes.prove_opened(one, NOW)
        assert codes.may_scan(codes.read(one), proof, later)
        assert not codes.may_scan(codes.read(other), proof, later)
    for text in changed(typed):
        with pytest.raises(errors.TokenInvalid):
            codes.read(text)


@pytest.mark.parametrize(
    ("seconds", "fresh"), [(-31, False), (-30, True), (0, True), (60, True), (61, False)]
)
def test_a_code_may_be_scanned_for_its_lifetime_and_up_to_30_s_ahead_of_our_clock(
    seconds: int, fresh: bool
) -> None:
    codes = qr_tokens()
    signed = codes.read(codes.write(tokens.new_id(), NOW))
    assert codes.may_scan(signed, None, NOW + timedelta(seconds=seconds)) is fresh


def test_the_proof_of_opening_a_fresh_code_permits_scanning_it_later() -> None:
    codes = qr_tokens()
    token = codes.write(tokens.new_id(), NOW)
    proof = codes.prove_opened(token, NOW + timedelta(seconds=59))
    other = codes.prove_opened(codes.write(tokens.new_id(), NOW), NOW)
    later = NOW + timedelta(seconds=200)
    assert codes.may_scan(codes.read(token), proof, later)
    assert not codes.may_scan(codes.read(token), other, later)
    assert not codes.may_scan(codes.read(token), "x" * 38, later)
    assert not codes.may_scan(codes.read(token), proof, NOW + timedelta(seconds=360))


def test_opening_a_stale_code_proves_nothing() -> None:
    codes = qr_tokens()
    token = codes.write(tokens.new_id(), NOW)
    assert codes.prove_opened(token, NOW + timedelta(seconds=61)) is None


def test_a_code_is_due_at_half_its_lifetime() -> None:
    assert qr_tokens().due_in(NOW, NOW + timedelta(seconds=20)) == timedelta(seconds=10)


Ticket: t.TypeAlias = dict[str, t.Any]
TICKET: Ticket = {"id": "ab" * 16, "user_id": "7", "version": 2}


def test_a_confirm_token_is_accepted_for_its_scan_only() -> None:
    signer = tokens.ConfirmSigner(["key"])
    token = signer.write(**TICKET)
    signer.check(token, **TICKET)
    tokens.ConfirmSigner(["new", "key"]).check(token, **TICKET)


def test_an_older_confirm_token_is_told_from_a_forged_one() -> None:
    signer = tokens.ConfirmSigner(["key"])
    with pytest.raises(errors.ConfirmSuperseded):
        signer.check(signer.write(**TICKET), **TICKET | {"version": 3})


@pytest.mark.parametrize("change", [{"id": "cd" * 16}, {"user_id": "8"}])
def test_a_confirm_token_of_another_request_or_person_is_refused(change: Ticket) -> None:
    signer = tokens.ConfirmSigner(["key"])
    with pytest.raises(errors.ConfirmInvalid):
        signer.check(signer.write(**TICKET | change), **TICKET)


def changed(token: str) -> c.Iterator[str]:
    for place in range(len(token)):
        yield token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]


def test_a_confirm_token_that_was_changed_is_refused() -> None:
    signer = tokens.ConfirmSigner(["key"])
    for text in ["", "ä" * 27, "!" * 27, *changed(signer.write(**TICKET))]:
        with pytest.raises(errors.ConfirmInvalid):
            signer.check(text, **TICKET)


def test_the_number_is_one_of_three_different_ones_of_two_digits() -> None:
    numbers = tokens.NumberMatch(["key"])
    positions = collections.Counter[int]()
    for _ in range(300):
        id = tokens.new_id()
        choices = numbers.choices(id)
        assert len(set(choices)) == 3
        assert all(len(choice) == 2 and 10 <= int(choice) <= 99 for choice in choices)
        assert numbers.choices(id) == choices
        positions[choices.index(numbers.number(id))] += 1
        assert numbers.matches(id, numbers.number(id))
        assert not any(
            numbers.matches(id, choice) for choice in choices if choice != numbers.number(id)
        )
    # Where it stands among the three tells nothing: each place about a third of the time.
    assert min(positions[place] for place in range(3)) > 60


def test_the_number_is_another_with_another_key() -> None:
    ids = [tokens.new_id() for _ in range(20)]
    one, other = tokens.NumberMatch(["key"]), tokens.NumberMatch(["other"])
    assert [*map(one.number, ids)] != [*map(other.number, ids)]
