from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t
from datetime import datetime
from datetime import timedelta
from datetime import UTC

import pytest

from flask_qrlogin.core import errors
from flask_qrlogin.core.confirmation import Assessment
from flask_qrlogin.core.confirmation import Confirmation
from flask_qrlogin.core.login_request import Lifetimes
from flask_qrlogin.core.login_request import LoginRequest
from flask_qrlogin.core.login_request import Profile
from flask_qrlogin.core.login_request import State
from flask_qrlogin.core.transitions import approve
from flask_qrlogin.core.transitions import cancel
from flask_qrlogin.core.transitions import contest
from flask_qrlogin.core.transitions import deny
from flask_qrlogin.core.transitions import escalate
from flask_qrlogin.core.transitions import Event
from flask_qrlogin.core.transitions import redeem
from flask_qrlogin.core.transitions import scan
from flask_qrlogin.core.transitions import TRANSITIONS

NOW = datetime(2030, 1, 31, 12, 0, tzinfo=UTC)
LATER = NOW + timedelta(seconds=1)
TIMES = Lifetimes()
ANN = Profile("Ann", "/ann.svg")
MATCH = Assessment(Confirmation.MATCH, ("new_browser",))

PENDING = LoginRequest(
    id="ab" * 16,
    secret_hash="0" * 64,
    created_at=NOW,
    expires_at=NOW + TIMES.request,
    deadline=NOW + TIMES.request,
)


def do(event: Event, request: LoginRequest, now: datetime, user_id: str = "7") -> LoginRequest:
    match event:
        case Event.SCAN:
            return scan(request, now, user_id=user_id, profile=ANN, decision=TIMES.decision)
        case Event.APPROVE:
            return approve(request, now, user_id=user_id, pickup=TIMES.pickup)
        case Event.DENY:
            return deny(request, now, user_id=user_id, reason="why")
        case Event.CANCEL:
            return cancel(request, now)
        case Event.REDEEM:
            return redeem(request, now, nonce="nonce")
        case Event.ESCALATE:
            return escalate(request, now, user_id=user_id, assessment=MATCH)
        case Event.CONTEST:
            return contest(request, now)


def through(*events: Event) -> LoginRequest:
    request = PENDING
    for event in events:
        request = do(event, request, NOW)
    return request


IN_STATE: c.Mapping[State, LoginRequest] = {
    State.PENDING: PENDING,
    State.SCANNED: through(Event.SCAN),
    State.APPROVED: through(Event.SCAN, Event.APPROVE),
    State.REDEEMED: through(Event.SCAN, Event.APPROVE, Event.REDEEM),
    State.DENIED: through(Event.SCAN, Event.DENY),
    State.CANCELLED: through(Event.CANCEL),
}
LIVE = [State.PENDING, State.SCANNED, State.APPROVED]
ENDED = [State.REDEEMED, State.DENIED, State.CANCELLED]
REFUSED = {
    (State.PENDING, Event.APPROVE): errors.NotScanned,
    (State.PENDING, Event.DENY): errors.NotScanned,
    (State.PENDING, Event.REDEEM): errors.NotApproved,
    (State.SCANNED, Event.REDEEM): errors.NotApproved,
    (State.PENDING, Event.ESCALATE): errors.NotScanned,
    (State.APPROVED, Event.ESCALATE): errors.NotScanned,
}
#: What refuses nobody: where it says nothing new, nothing happens.
REFUSING = [event for event in Event if event is not Event.CONTEST]


@pytest.mark.parametrize("event", REFUSING)
@pytest.mark.parametrize("state", IN_STATE)
def test_every_event_in_every_state_leads_where_the_table_says_or_is_refused(
    state: State, event: Event
) -> None:
    request = IN_STATE[state]
    if (state, event) in TRANSITIONS:
        assert do(event, request, LATER).state is TRANSITIONS[state, event]
    elif state in LIVE:
        with pytest.raises(REFUSED[state, event]):
            do(event, request, LATER)
    elif state is State.CANCELLED or event in (Event.CANCEL, Event.REDEEM):
        with pytest.raises(errors.RequestEnded) as refusal:
            do(event, request, LATER)
        assert refusal.value.extra == {"state": state}
    else:
        with pytest.raises(errors.RequestEnded):
            do(event, request, LATER)


def test_the_table_covers_only_states_that_live() -> None:
    assert {state for state, _ in TRANSITIONS} == set(LIVE)
    assert [state for state in State if state.is_end] == [*ENDED, State.EXPIRED]


@pytest.mark.parametrize("event", REFUSING)
@pytest.mark.parametrize("state", LIVE)
def test_nothing_happens_any_more_once_the_deadline_is_reached(state: State, event: Event) -> None:
    request = IN_STATE[state]
    assert request.state_at(request.deadline - timedelta(microseconds=1)) is state
    assert request.state_at(request.deadline) is State.EXPIRED
    with pytest.raises(errors.RequestExpired):
        do(event, request, request.deadline)


@pytest.mark.parametrize("state", ENDED)
def test_what_has_ended_does_not_expire(state: State) -> None:
    assert IN_STATE[state].state_at(NOW + timedelta(days=1)) is state


@pytest.mark.parametrize("event", [Event.SCAN, Event.APPROVE, Event.DENY])
@pytest.mark.parametrize("state", [State.SCANNED, State.APPROVED, State.REDEEMED, State.DENIED])
def test_the_first_scanner_owns_the_request(state: State, event: Event) -> None:
    with pytest.raises(errors.AlreadyScanned):
        do(event, IN_STATE[state], LATER, user_id="8")


def test_a_scan_shows_who_it_was_and_starts_the_time_to_decide() -> None:
    scanned = do(Event.SCAN, PENDING, LATER)
    assert (scanned.user_id, scanned.profile) == ("7", ANN)
    assert (scanned.version, scanned.confirm_version) == (2, 2)
    assert scanned.deadline == LATER + TIMES.decision
    assert PENDING.profile is None


@pytest.mark.parametrize("state", [State.SCANNED, State.APPROVED])
def test_scanning_again_makes_a_new_confirm_token_and_gives_no_more_time(state: State) -> None:
    request = IN_STATE[state]
    again = do(Event.SCAN, request, LATER)
    assert again.confirm_version == again.version == request.version + 1
    assert (again.state, again.deadline) == (state, request.deadline)


def test_no_window_outlives_the_request() -> None:
    late = PENDING.expires_at - timedelta(seconds=5)
    scanned = do(Event.SCAN, PENDING, late)
    approved = do(Event.APPROVE, scanned, late)
    assert scanned.deadline == approved.deadline == PENDING.expires_at


def test_an_approval_starts_the_time_to_pick_it_up() -> None:
    approved = do(Event.APPROVE, IN_STATE[State.SCANNED], LATER)
    assert approved.deadline == LATER + TIMES.pickup


def test_approving_twice_changes_nothing() -> None:
    approved = IN_STATE[State.APPROVED]
    assert do(Event.APPROVE, approved, LATER) is approved


def test_a_denial_keeps_its_reason() -> None:
    assert IN_STATE[State.DENIED].reason == "why"


@pytest.mark.parametrize(
    ("state", "since", "redeemable"),
    [
        (State.PENDING, 5, False),
        (State.SCANNED, 5, False),
        (State.APPROVED, 0, False),
        (State.APPROVED, 1, False),
        (State.APPROVED, 2, True),
        (State.APPROVED, 3, True),
        (State.REDEEMED, 5, False),
    ],
)
def test_only_an_approved_request_whose_scanner_was_seen_can_be_redeemed(
    state: State, since: int, redeemable: bool
) -> None:
    assert IN_STATE[state].redeemable(LATER, since=since) is redeemable


def test_an_approval_that_was_not_picked_up_in_time_cannot_be_redeemed() -> None:
    approved = IN_STATE[State.APPROVED]
    assert not approved.redeemable(approved.deadline, since=3)


def test_each_change_makes_a_new_version_and_leaves_the_old_one_alone() -> None:
    before = dataclasses.asdict(PENDING)
    versions = [PENDING.version, *(through(*PATH[:n]).version for n in (1, 2, 3))]
    assert versions == [1, 2, 3, 4]
    assert dataclasses.asdict(PENDING) == before


PATH: t.Final = (Event.SCAN, Event.APPROVE, Event.REDEEM)


def test_a_request_prints_without_its_hash_and_nonce() -> None:
    redeemed = IN_STATE[State.REDEEMED]
    assert redeemed.secret_hash not in repr(redeemed)
    assert "nonce" not in repr(redeemed)


@pytest.mark.parametrize("state", IN_STATE)
def test_a_second_scanner_is_noted_once_while_it_matters(state: State) -> None:
    request = IN_STATE[state]
    contested = contest(request, LATER)
    assert contested.state is state
    assert contested.contested is (state in (State.SCANNED, State.APPROVED))
    assert contest(contested, LATER) is contested
    assert contest(request, request.deadline) is request
