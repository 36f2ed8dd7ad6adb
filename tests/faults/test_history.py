"""The checker finds what must not happen in histories that were made up."""

from __future__ import annotations

import typing as t

import pytest

from .history import Event
from .history import History


class Story:
    """A history of one request, one event after the other."""

    def __init__(self) -> None:
        self.history = History()
        self.now = 0.0
        self.add("start", status=201, state="pending", version=1)

    def add(
        self, action: str, *, lasts: float = 1.0, status: int | None = 200, **rest: t.Any
    ) -> None:
        """Note the next event; the one after it begins when it has returned, unless ``during``."""
        self.now += 1
        event = Event(
            action=action,
            id="a",
            invoked=self.now,
            returned=self.now + lasts,
            status=status,
            **rest,
        )
        self.history.add(event)
        self.now += lasts

    def scan(self, person: str = "7", **rest: t.Any) -> None:
        self.add("scan", person=person, state="scanned", version=2, **rest)

    def seen(self, profile: str = "Person 7") -> None:
        self.poll("scanned", 2, since=1, profile=profile)

    def approve(self, person: str = "7", **rest: t.Any) -> None:
        if rest.get("status", 200) == 200:
            rest |= {"state": "approved", "version": 3}
        self.add("approve", person=person, **rest)

    def deny(self, version: int = 3, **rest: t.Any) -> None:
        self.add("deny", person="7", state="denied", version=version, **rest)

    def poll(self, state: str, version: int, *, since: int = 2, **rest: t.Any) -> None:
        self.add("poll", state=state, version=version, since=since, **rest)

    def log_in(self, person: str | None = "7", *, version: int = 4, **rest: t.Any) -> None:
        self.poll("redeemed", version, **{"login": person, "location": True} | rest)

    def kinds(self) -> set[str]:
        return {anomaly.kind for anomaly in self.history.anomalies()}


@pytest.fixture
def story() -> Story:
    """One whose code was scanned, and whose browser has seen by whom."""
    story = Story()
    story.scan()
    story.seen()
    return story


def test_a_login_is_no_anomaly(story: Story) -> None:
    story.approve()
    story.log_in()
    story.poll("redeemed", 4)
    story.add("deny", person="7", status=409, code="request_ended", state="redeemed")
    assert story.kinds() == set()
    assert story.history.logins == 1
    story.history.check()


def test_a_denial_and_a_withdrawal_are_no_anomalies(story: Story) -> None:
    story.approve()
    story.deny(version=4)
    story.poll("denied", 4)
    other = Story()
    other.add("cancel", state="cancelled", version=2)
    assert story.kinds() == other.kinds() == set()


def test_two_logins(story: Story) -> None:
    story.approve()
    story.log_in()
    story.log_in()
    assert story.kinds() == {"several logins"}
    with pytest.raises(AssertionError, match="several logins"):
        story.history.check()


def test_a_login_that_nobody_has_approved(story: Story) -> None:
    story.log_in(version=3)
    story.approve(status=409, code="request_ended", state="redeemed")
    assert story.kinds() == {"login without approval"}


def test_a_login_whose_approval_was_refused(story: Story) -> None:
    story.approve(status=403, code="confirm_invalid")
    story.log_in(version=3)
    assert story.kinds() == {"login without approval"}


def test_a_login_whose_approval_was_not_answered(story: Story) -> None:
    story.approve(status=None)
    story.log_in()
    assert story.kinds() == set()


def test_a_login_as_another_person(story: Story) -> None:
    story.approve()
    story.log_in("8")
    assert story.kinds() == {"login as another person"}


def test_a_login_of_a_browser_that_has_not_seen_who(story: Story) -> None:
    story.approve()
    story.log_in(since=1)
    assert story.kinds() == {"login of a browser that has not seen who"}


@pytest.mark.parametrize("action", ["deny", "cancel"])
def test_a_login_after_the_end(story: Story, action: str) -> None:
    story.approve()
    story.add(action)
    story.log_in()
    assert "login after the end" in story.kinds()


def test_a_login_and_a_denial_at_the_same_time(story: Story) -> None:
    story.approve()
    story.deny(version=4, lasts=10)
    story.now -= 10
    story.log_in()
    assert story.kinds() == {"several ends", "two states of one version"}


@pytest.mark.parametrize("half", [{"location": False}, {"login": None}])
def test_half_a_login(story: Story, half: dict[str, t.Any]) -> None:
    story.approve()
    story.log_in(**half)
    assert "half a login" in story.kinds()


def test_a_login_for_nobody(story: Story) -> None:
    story.approve()
    story.poll("redeemed", 4)
    assert story.kinds() == {"login for nobody"}


def test_a_login_whose_answer_was_lost(story: Story) -> None:
    story.approve()
    story.add("poll", since=2, status=None)
    story.poll("redeemed", 4)
    assert story.kinds() == set()


def test_a_lost_answer_that_could_not_log_in_explains_nothing(story: Story) -> None:
    story.approve()
    story.add("poll", since=1, status=None)
    story.poll("redeemed", 4)
    story.add("poll", since=2, status=None)
    assert story.kinds() == {"login for nobody"}


@pytest.mark.parametrize(
    "answer",
    [
        {"state": "approved", "version": 3},
        {"state": "scanned", "version": 2},
        {"state": "expired", "version": 3},
        {"state": "denied", "version": 4},
        {"status": 404, "code": "request_not_found"},
        {"status": 403, "code": "not_allowed"},
    ],
)
def test_a_lost_approval(story: Story, answer: dict[str, t.Any]) -> None:
    story.approve()
    story.add("poll", since=2, **answer)
    assert "lost approval" in story.kinds()


def test_an_approval_whose_time_ran_out(story: Story) -> None:
    story.approve()
    story.now += 120
    story.poll("expired", 3)
    assert story.kinds() == set()


def test_an_approval_that_may_have_been_taken_back(story: Story) -> None:
    story.approve()
    story.add("deny", person="7", status=None)
    story.poll("denied", 4)
    assert story.kinds() == set()


def test_a_state_that_goes_back(story: Story) -> None:
    story.approve()
    story.poll("scanned", 4, since=1)
    assert story.kinds() == {"state went back"}


def test_an_end_that_does_not_last(story: Story) -> None:
    story.deny()
    story.poll("scanned", 4)
    assert story.kinds() == {"the end did not last"}


def test_a_version_that_shrinks(story: Story) -> None:
    story.poll("scanned", 4)
    story.poll("scanned", 3)
    assert story.kinds() == {"version shrank"}


def test_two_states_of_one_version(story: Story) -> None:
    story.deny(lasts=10)
    story.now -= 10
    story.approve()
    assert story.kinds() == {"two states of one version"}


def test_two_scanners(story: Story) -> None:
    story.scan("8")
    assert story.kinds() == {"several scanners"}


def test_a_name_of_another(story: Story) -> None:
    story.seen("Person 8")
    assert story.kinds() == {"several scanners"}


def test_a_request_that_vanishes(story: Story) -> None:
    story.add("poll", since=2, status=404, code="request_not_found")
    assert story.kinds() == {"vanished"}


def test_an_answer_that_is_not_clear(story: Story) -> None:
    story.add("poll", since=2, status=503, code="store_unavailable")
    assert story.kinds() == set()
    story.add("poll", since=2, status=500)
    assert story.kinds() == {"unclear answer 500"}


def test_requests_do_not_mix(story: Story) -> None:
    story.approve()
    story.history.add(
        Event(
            action="poll",
            id="b",
            invoked=90,
            returned=91,
            since=2,
            status=200,
            state="approved",
            version=3,
        )
    )
    story.log_in()
    assert story.kinds() == set()
