from __future__ import annotations

import collections.abc as c
import dataclasses
from datetime import datetime
from datetime import timedelta

import pytest

from flask_qrlogin.core import errors
from flask_qrlogin.core import tokens
from flask_qrlogin.core import user_code
from flask_qrlogin.core.confirmation import Assessment
from flask_qrlogin.core.confirmation import Confirmation
from flask_qrlogin.core.login_flow import LoginFlow
from flask_qrlogin.core.login_flow import Polled
from flask_qrlogin.core.login_request import Lifetimes
from flask_qrlogin.core.login_request import LoginRequest
from flask_qrlogin.core.login_request import Phone
from flask_qrlogin.core.login_request import Profile
from flask_qrlogin.core.login_request import State
from flask_qrlogin.core.repository import LoginRequests
from flask_qrlogin.stores.memory import MemoryStore
from flask_qrlogin.testing import Clock

ANN = Profile("Ann")
PHONE = Phone(user_agent="Phone\x00", address="192.0.2.7", login="fresh")


class Flow:
    """A flow with its store, its clock and what it announced."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.clock = Clock()
        self.assessment = Assessment()
        self.is_fresh = False
        self.store = store or MemoryStore()
        self.announced: list[State] = []
        login_requests = LoginRequests(
            self.store,
            clock=self.clock,
            announce=lambda request: self.announced.append(request.state),
        )
        self.flow = LoginFlow(login_requests, lifetimes=Lifetimes(), secret_keys=["key"])
        self.phone = self.flow
        self.request, self.secret = self.flow.draft(user_agent="Firefox", address="192.0.2.1")
        self.flow.start(self.request)
        self.token = self.flow.qr_token(self.request)[0]

    def scan(self, user_id: str = "7", proof: str | None = None) -> str:
        """Scan, and return the confirm token."""
        request = self.phone.scan(
            self.token,
            user_id=user_id,
            profile=ANN,
            authorize=lambda request: self.assessment,
            phone=PHONE,
            proof=proof,
        )
        confirm_token = self.phone.confirm_token(request)
        assert confirm_token is not None
        return confirm_token

    def approve(
        self, confirm_token: str, user_id: str = "7", *, number: str | None = None
    ) -> LoginRequest:
        return self.phone.approve(
            self.token,
            user_id=user_id,
            confirm_token=confirm_token,
            authorize=lambda request: self.assessment,
            is_fresh=lambda request: self.is_fresh,
            number=number,
            remember=True,
            phone=PHONE,
        )

    def number(self) -> str | None:
        """Return what the browser shows."""
        return self.flow.number(self.poll(since=0).request)

    def ask_for(self, confirmation: Confirmation, *warnings: str) -> None:
        """Say what is asked of whoever scans or approves from now on."""
        self.assessment = Assessment(confirmation, warnings)

    def deny(self, confirm_token: str, user_id: str = "7") -> LoginRequest:
        return self.phone.deny(self.token, user_id=user_id, confirm_token=confirm_token)

    def poll(self, since: int = 2) -> Polled[str | None]:
        return self.flow.poll(
            self.request.id, self.secret, since=since, authorize=lambda r: r.user_id
        )


@pytest.fixture
def f() -> Flow:
    return Flow()


def test_a_request_goes_from_the_start_to_one_login(f: Flow) -> None:
    assert f.poll().request.state is State.PENDING
    confirm_token = f.scan()
    assert f.poll().request.profile == ANN
    f.approve(confirm_token)
    polled = f.poll()
    assert (polled.user, polled.request.state) == ("7", State.REDEEMED)
    assert f.announced == [State.PENDING, State.SCANNED, State.APPROVED, State.REDEEMED]


def test_a_redeemed_request_never_logs_in_again(f: Flow) -> None:
    f.approve(f.scan())
    f.poll()
    polled = f.poll()
    assert (polled.user, polled.request.state) == (None, State.REDEEMED)


def test_a_poll_that_has_not_shown_the_scanner_does_not_redeem(f: Flow) -> None:
    f.approve(f.scan())
    polled = f.poll(since=1)
    assert (polled.user, polled.request.state, polled.request.profile) == (
        None,
        State.APPROVED,
        ANN,
    )
    assert f.poll(since=polled.request.version).user == "7"


def test_an_approval_that_is_not_picked_up_in_time_is_lost(f: Flow) -> None:
    f.approve(f.scan())
    f.clock.advance(120)
    polled = f.poll()
    assert polled.user is None
    assert polled.request.state_at(f.clock()) is State.EXPIRED


@pytest.mark.parametrize("secret", [None, "", "wrong"])
def test_only_the_browser_secret_polls_and_cancels(f: Flow, secret: str | None) -> None:
    with pytest.raises(errors.RequestNotFound):
        f.flow.poll(f.request.id, secret, since=0, authorize=lambda r: r)
    with pytest.raises(errors.RequestNotFound):
        f.flow.cancel(f.request.id, secret)


@pytest.mark.parametrize("id", ["0" * 32, "not an id"])
def test_an_unknown_request_is_answered_as_anothers(f: Flow, id: str) -> None:
    with pytest.raises(errors.RequestNotFound):
        f.flow.of_browser(id, f.secret)


def test_a_cancelled_request_can_be_approved_no_more(f: Flow) -> None:
    confirm_token = f.scan()
    f.flow.cancel(f.request.id, f.secret)
    with pytest.raises(errors.RequestEnded):
        f.approve(confirm_token)


def test_a_refused_login_uses_nothing_up(f: Flow) -> None:
    f.approve(f.scan())

    def refuse(request: LoginRequest) -> str:
        raise errors.NotAllowed("not now")

    with pytest.raises(errors.NotAllowed):
        f.flow.poll(f.request.id, f.secret, since=2, authorize=refuse)
    assert f.poll().user == "7"


def test_an_approval_can_be_taken_back_until_it_is_redeemed(f: Flow) -> None:
    confirm_token = f.scan()
    f.approve(confirm_token)
    f.deny(confirm_token)
    assert f.poll().user is None
    with pytest.raises(errors.RequestEnded):
        f.approve(confirm_token)


def test_a_login_cannot_be_taken_back_by_denying(f: Flow) -> None:
    confirm_token = f.scan()
    f.approve(confirm_token)
    f.poll()
    with pytest.raises(errors.RequestEnded) as refusal:
        f.deny(confirm_token)
    assert refusal.value.extra == {"state": "redeemed"}


def test_only_the_newest_confirm_token_decides(f: Flow) -> None:
    older = f.scan()
    newer = f.scan()
    for decide in (f.approve, f.deny):
        with pytest.raises(errors.ConfirmSuperseded):
            decide(older)
        with pytest.raises(errors.ConfirmInvalid):
            decide("x" * 27)
    assert f.approve(newer).state is State.APPROVED


def test_nothing_can_be_confirmed_before_the_scan(f: Flow) -> None:
    assert f.phone.confirm_token(f.request) is None
    with pytest.raises(errors.NotScanned):
        f.approve("x" * 27)


def test_a_second_scanner_is_refused(f: Flow) -> None:
    confirm_token = f.scan()
    with pytest.raises(errors.AlreadyScanned):
        f.scan(user_id="8")
    with pytest.raises(errors.AlreadyScanned):
        f.approve(confirm_token, user_id="8")


def test_a_stale_code_is_refused_without_asking_the_store() -> None:
    class Silent(MemoryStore):
        def get(self, id: str) -> LoginRequest | None:
            raise AssertionError("asked")

    f = Flow(Silent())
    f.clock.advance(61)
    with pytest.raises(errors.TokenExpired):
        f.phone.of_phone(f.token)
    with pytest.raises(errors.TokenInvalid):
        f.phone.of_phone("x" * 38)


def test_a_stale_code_still_leads_its_own_scanner_back(f: Flow) -> None:
    confirm_token = f.scan()
    f.clock.advance(61)
    assert f.phone.of_phone(f.token, user_id="7").user_id == "7"
    with pytest.raises(errors.TokenExpired):
        f.phone.of_phone(f.token, user_id="8")
    assert f.approve(confirm_token).state is State.APPROVED


def test_a_phone_that_opened_a_fresh_code_may_scan_it_later(f: Flow) -> None:
    proof = f.phone.prove_opened(f.token)
    f.clock.advance(100)
    with pytest.raises(errors.TokenExpired):
        f.scan()
    f.scan(proof=proof)


def with_user_code(f: Flow) -> str:
    """Show a new code, and return what can be typed."""
    f.request, f.secret = f.flow.draft(user_code=True)
    f.flow.start(f.request)
    assert f.request.user_code is not None
    return f.request.user_code


def test_a_user_code_leads_to_a_token_as_a_picture_does(f: Flow) -> None:
    assert f.request.user_code is None
    code = with_user_code(f)
    assert code not in repr(f.request)
    assert not f.phone.is_typed(f.token)
    assert not f.phone.is_typed("no token")
    f.clock.advance(200)
    f.token = f.phone.enter(f"{code[:4]}-{code[4:].lower()}")
    assert f.phone.is_typed(f.token)
    assert f.phone.id_in(f.token) == f.request.id
    assert f.poll(since=0).request == f.request
    proof = f.phone.prove_opened(f.token)
    f.clock.advance(61)
    with pytest.raises(errors.TokenExpired):
        f.scan()
    confirm_token = f.scan(proof=proof)
    assert f.approve(confirm_token).state is State.APPROVED
    # Typed again, it leads to the same request.
    assert f.phone.id_in(f.phone.enter(code)) == f.request.id


@pytest.mark.parametrize("code", ["", "no code", "ZZZZ-ZZZZ"])
def test_what_is_no_code_of_a_request_leads_nowhere(f: Flow, code: str) -> None:
    with_user_code(f)
    with pytest.raises(errors.CodeNotFound):
        f.phone.enter(code)


def test_of_requests_with_one_code_the_one_under_way_is_meant(
    f: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = with_user_code(f)
    # No two of one code can be found in the time of a test.
    monkeypatch.setattr(user_code.UserCodes, "matches", lambda *made: True)
    first, secret = f.request, f.secret
    twin = dataclasses.replace(
        first, id=tokens.new_id(), created_at=first.created_at + timedelta(seconds=1)
    )
    f.store.add(twin)
    with pytest.raises(errors.CodeNotFound):
        f.phone.enter(code)
    f.flow.cancel(first.id, secret)
    assert f.phone.id_in(f.phone.enter(code)) == twin.id
    # Of those that have ended, the newest: to tell what has become of it.
    f.clock.advance(300)
    assert f.phone.id_in(f.phone.enter(code)) == twin.id


def test_a_code_of_a_request_that_is_gone_is_not_found(f: Flow) -> None:
    f.store.delete_expired(f.request.expires_at.max.replace(tzinfo=f.clock().tzinfo), 10)
    with pytest.raises(errors.RequestNotFound):
        f.phone.of_phone(f.token)


def test_a_fresh_code_needs_no_write(f: Flow) -> None:
    f.clock.advance(30)
    assert f.flow.qr_due_in(f.request.created_at) == 0
    token, issued_at = f.flow.qr_token(f.request)
    assert token != f.token
    assert issued_at == f.clock()
    assert f.store.get(f.request.id) == f.request


def test_what_a_browser_sends_is_made_to_fit(f: Flow) -> None:
    request, _ = f.flow.draft(user_agent="a\x00b\ud800" + "c" * 300, address="x" * 99)
    assert request.user_agent == ("a b " + "c" * 300)[:255]
    assert len(request.address) == 45


@pytest.mark.parametrize("url", [None, "x" * 2001, "/a\x00"])
def test_what_a_profile_holds_is_made_to_fit(f: Flow, url: str | None) -> None:
    request = f.phone.scan(
        f.token, user_id="7", profile=Profile("\x07", url), authorize=lambda r: Assessment()
    )
    assert request.profile == Profile("Somebody")


def test_new_requests_take_old_ones_away_and_the_expired_are_announced(f: Flow) -> None:
    denied = Flow(f.store)
    denied.deny(denied.scan())
    f.clock.advance(300 + 59)
    for _ in range(10):
        f.flow.start(f.flow.draft()[0])
    assert f.store.get(f.request.id) is not None
    f.clock.advance(2)
    f.announced.clear()
    for _ in range(10):
        f.flow.start(f.flow.draft()[0])
    assert f.store.get(f.request.id) is None
    assert f.store.get(denied.request.id) is None
    assert f.announced.count(State.EXPIRED) == 1


class LosesAnswers(MemoryStore):
    """A store whose connection breaks in a swap: before it is carried out, after, or meanwhile.

    One that is ``late`` is carried out when the next one comes, since the server had not noticed.
    """

    def __init__(self) -> None:
        super().__init__()
        self.lose: list[str] = []
        self.late: list[tuple[LoginRequest, LoginRequest, datetime]] = []
        self.between: c.Callable[[], object] | None = None

    def swap(self, old: LoginRequest, new: LoginRequest, now: datetime) -> bool:
        between, self.between = self.between, None
        if between is not None:
            between()
        while self.late:
            super().swap(*self.late.pop())
        lose = self.lose.pop() if self.lose else None
        if lose == "late":
            self.late.append((old, new, now))
        swapped = lose in (None, "after") and super().swap(old, new, now)
        if lose is not None:
            raise errors.StoreUnavailable
        return swapped


@pytest.mark.parametrize("lost", ["before", "after", "late"])
def test_a_lost_answer_of_the_store_logs_in_once(lost: str) -> None:
    store = LosesAnswers()
    f = Flow(store)
    f.approve(f.scan())
    store.lose = [lost]
    assert f.poll().user == "7"
    assert f.poll().user is None
    assert f.announced.count(State.REDEEMED) == 1


@pytest.mark.parametrize("lost", ["before", "after", "late"])
def test_a_lost_answer_of_the_store_costs_no_approval(lost: str) -> None:
    store = LosesAnswers()
    f = Flow(store)
    confirm_token = f.scan()
    store.lose = [lost]
    assert f.approve(confirm_token).state is State.APPROVED
    assert f.announced.count(State.APPROVED) == 1


def test_a_change_that_is_lost_again_and_again_is_not_known_to_be_written() -> None:
    store = LosesAnswers()
    f = Flow(store)
    f.approve(f.scan())
    store.lose = ["before", "before"]
    with pytest.raises(errors.StoreUnavailable):
        f.poll()
    assert f.poll().user == "7"


def test_a_lost_answer_does_not_take_anothers_redemption_for_ours() -> None:
    store = LosesAnswers()
    f = Flow(store)
    f.approve(f.scan())
    winners = []
    store.lose, store.between = ["before"], lambda: winners.append(f.poll().user)
    # The other poll meets the broken connection first, and tries again.
    assert f.poll().user is None
    assert winners == ["7"]


def test_of_two_polls_that_redeem_at_once_one_logs_in() -> None:
    store = LosesAnswers()
    f = Flow(store)
    f.approve(f.scan())
    winners: list[str | None] = []
    store.between = lambda: winners.append(f.poll().user)
    assert f.poll() == Polled(f.flow.of_browser(f.request.id, f.secret), None)
    assert winners == ["7"]


def test_an_approval_that_a_denial_overtakes_is_refused() -> None:
    store = LosesAnswers()
    f = Flow(store)
    confirm_token = f.scan()
    store.between = lambda: f.deny(confirm_token)
    with pytest.raises(errors.RequestEnded):
        f.approve(confirm_token)
    assert f.poll().request.state is State.DENIED


def test_a_request_that_never_stands_still_is_given_up() -> None:
    class Busy(MemoryStore):
        def swap(self, old: LoginRequest, new: LoginRequest, now: datetime) -> bool:
            return False

    f = Flow(Busy())
    with pytest.raises(errors.StoreUnavailable):
        f.scan()


def test_a_check_that_outlasts_the_time_to_pick_up_logs_nobody_in(f: Flow) -> None:
    f.approve(f.scan())

    def slow(request: LoginRequest) -> str:
        f.clock.advance(120)
        return "7"

    polled = f.flow.poll(f.request.id, f.secret, since=2, authorize=slow)
    assert polled.user is None
    assert f.announced[-1] is State.APPROVED


def test_approving_twice_is_announced_once(f: Flow) -> None:
    confirm_token = f.scan()
    assert f.approve(confirm_token) == f.approve(confirm_token)
    assert f.announced.count(State.APPROVED) == 1


def test_the_phone_that_scans_and_approves_is_noted(f: Flow) -> None:
    confirm_token = f.scan()
    request = f.poll(since=0).request
    assert (request.approver_user_agent, request.approver_address) == ("Phone", "192.0.2.7")
    assert request.scanned_at == f.clock()
    f.clock.advance(5)
    request = f.approve(confirm_token)
    assert (request.approver_login, request.remember) == ("fresh", True)
    assert request.decided_at == f.clock()


def test_somebody_else_who_scans_is_noted_once(f: Flow) -> None:
    f.scan()
    for _ in range(2):
        with pytest.raises(errors.AlreadyScanned):
            f.scan(user_id="8")
    request = f.poll(since=0).request
    assert (request.contested, request.version, request.user_id) == (True, 3, "7")
    f.flow.cancel(f.request.id, f.secret)
    with pytest.raises(errors.AlreadyScanned):
        f.scan(user_id="8")
    assert f.poll(since=0).request.version == 4


def test_the_browser_shows_the_number_only_once_it_is_asked_for(f: Flow) -> None:
    f.ask_for(Confirmation.MATCH)
    assert f.number() is None
    confirm_token = f.scan()
    number = f.number()
    assert number is not None
    f.approve(confirm_token, number=number)
    assert f.number() is None


@pytest.mark.parametrize("confirmation", [Confirmation.MATCH, Confirmation.REAUTH])
def test_the_right_number_approves(f: Flow, confirmation: Confirmation) -> None:
    f.ask_for(confirmation)
    f.is_fresh = True
    confirm_token = f.scan()
    assert f.approve(confirm_token, number=f.number()).state is State.APPROVED
    # A second tap, as of somebody who goes back, has nothing to prove.
    assert f.approve(confirm_token, number="00").state is State.APPROVED


@pytest.mark.parametrize("wrong", ["", "00", "1", "\ud800", "number"])
def test_one_wrong_number_ends_the_request(f: Flow, wrong: str) -> None:
    f.ask_for(Confirmation.MATCH)
    confirm_token = f.scan()
    number = f.number()
    with pytest.raises(errors.NumberMismatch):
        f.approve(confirm_token, number=wrong)
    polled = f.poll()
    assert (polled.request.state, polled.request.reason) == (State.DENIED, "number_mismatch")
    with pytest.raises(errors.RequestEnded):
        f.approve(confirm_token, number=number)
    assert f.announced[-1] is State.DENIED


def test_the_choices_are_for_the_scanner_and_never_change(f: Flow) -> None:
    f.ask_for(Confirmation.MATCH)
    f.scan()
    before = f.poll(since=0).request
    f.scan()
    after = f.poll(since=0).request
    assert f.phone.choices(before) == f.phone.choices(after)
    assert f.number() in f.phone.choices(after)
    assert f.phone.choices(f.request) == []


def test_without_the_number_nothing_is_approved_and_nothing_lost(f: Flow) -> None:
    f.ask_for(Confirmation.MATCH)
    confirm_token = f.scan()
    with pytest.raises(errors.StepUpRequired) as refusal:
        f.approve(confirm_token)
    assert refusal.value.extra == {"confirmation": "match"}
    assert f.approve(confirm_token, number=f.number()).state is State.APPROVED


def test_a_typed_number_needs_a_fresh_login_too(f: Flow) -> None:
    f.ask_for(Confirmation.REAUTH)
    confirm_token = f.scan()
    number = f.number()
    for tried in (number, "00"):
        with pytest.raises(errors.StepUpRequired) as refusal:
            f.approve(confirm_token, number=tried)
        assert refusal.value.extra == {"confirmation": "reauth", "login": "fresh"}
    f.is_fresh = True
    assert f.approve(confirm_token, number=number).state is State.APPROVED


def test_what_is_asked_grows_and_never_shrinks(f: Flow) -> None:
    f.ask_for(Confirmation.MATCH, "new_browser")
    f.scan()
    f.ask_for(Confirmation.TAP, "old_request")
    confirm_token = f.scan()
    request = f.poll(since=0).request
    assert (request.confirmation, request.warnings) == ("match", "new_browser old_request")
    with pytest.raises(errors.StepUpRequired):
        f.approve(confirm_token)
    f.ask_for(Confirmation.REAUTH)
    number = f.number()
    with pytest.raises(errors.StepUpRequired):
        f.approve(confirm_token, number=number)
    assert f.poll(since=0).request.confirmation is Confirmation.REAUTH
    f.is_fresh = True
    # The same confirm token is still the newest one.
    assert f.approve(confirm_token, number=number).state is State.APPROVED


def test_a_login_that_became_unusual_since_the_scan_is_asked_about_again(f: Flow) -> None:
    confirm_token = f.scan()
    f.ask_for(Confirmation.MATCH, "scanned_by_others")
    with pytest.raises(errors.StepUpRequired):
        f.approve(confirm_token)
    assert f.poll(since=0).request.warnings == "scanned_by_others"
    assert f.approve(confirm_token, number=f.number()).state is State.APPROVED
