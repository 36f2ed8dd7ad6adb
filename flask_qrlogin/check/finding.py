"""What a check finds, and what it looks at."""

from __future__ import annotations

import dataclasses
import enum
import typing as t

import flask

from ..app_state import AppState
from .probe import Seen

#: What to do about what only a request through the proxy shows.
LOOK = "Look with: --probe https://example.com"


class Status(enum.StrEnum):
    """How one thing stands."""

    #: A check: it is as it should be; it is not; there is something to know.
    OK = "ok"
    PROBLEM = "problem"
    NOTE = "note"
    #: A mitigation: it works; it does not; somebody else has to do it.
    ON = "on"
    OFF = "off"
    OUTSIDE = "outside"
    #: It was not seen: never taken for good.
    UNKNOWN = "unknown"


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: how it stands, what was seen, and what to do, if anything."""

    name: str
    status: Status
    says: str
    advice: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class Evidence:
    """The application in the current context, and what a probe of the running site saw."""

    app: flask.Flask
    state: AppState
    seen: Seen | None = None

    @property
    def config(self) -> t.Mapping[str, t.Any]:
        """The application's configuration."""
        return self.app.config

    @property
    def is_https(self) -> bool | None:
        """Whether people open the site over HTTPS; None if nothing says so."""
        if self.seen is not None:
            return self.seen.url.startswith("https:")
        base_url = self.state.settings.base_url
        return None if base_url is None else base_url.startswith("https:")


def ok(name: str, says: str) -> Finding:
    """Say that something was looked at and is good."""
    return Finding(name, Status.OK, says)


def problem(name: str, says: str, advice: str) -> Finding:
    """Say that something is wrong, and what to do."""
    return Finding(name, Status.PROBLEM, says, advice)


def note(name: str, says: str, advice: str = "") -> Finding:
    """Say something that is neither good nor wrong."""
    return Finding(name, Status.NOTE, says, advice)


def unknown(name: str, says: str, advice: str) -> Finding:
    """Say that something was not seen, and how to see it."""
    return Finding(name, Status.UNKNOWN, says, advice)
