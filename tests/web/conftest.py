"""Hosts for the tests over HTTP.

pytest-flask keeps a request context open during every test that uses a fixture named ``app``.
Flask then shares ``g`` between all requests of that test, which hides bugs; so the host is named
``host`` here, and ``app`` is for the tests that want it.
"""

from __future__ import annotations

import collections.abc as c
import itertools
import pathlib
import typing as t

import flask
import pytest

from .host import Host
from .parties import Browser

MakeHost: t.TypeAlias = c.Callable[..., Host]


@pytest.fixture
def make_host(tmp_path: pathlib.Path) -> c.Iterator[MakeHost]:
    """Make hosts, each with a database of its own; see :class:`Host` for the arguments."""
    numbers = itertools.count(1)
    hosts: list[Host] = []

    def make(**arguments: t.Any) -> Host:
        hosts.append(Host(tmp_path / f"host{next(numbers)}", **arguments))
        return hosts[-1]

    yield make
    for host in hosts:
        host.close()


@pytest.fixture
def host(make_host: MakeHost) -> Host:
    """A host as most are."""
    return make_host()


@pytest.fixture
def browser(host: Host) -> Browser:
    """A browser that shows a code."""
    browser = host.browser()
    browser.start()
    return browser


@pytest.fixture
def app(host: Host) -> flask.Flask:
    """The host's application, for pytest-flask."""
    return host.app
