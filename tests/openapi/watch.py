"""Holds every answer that the tests of this process see against the description."""

from __future__ import annotations

import flask

from . import contract

_faults: list[str] = []


def begin() -> None:
    """Look at each answer from now on, in whatever thread it is made."""
    flask.request_finished.connect(_look)


def take() -> list[str]:
    """Return what was wrong since the last time."""
    found = _faults[:]
    del _faults[: len(found)]
    return found


def _look(sender: flask.Flask, response: flask.Response, **extra: object) -> None:
    _faults.extend(contract.faults(response))
