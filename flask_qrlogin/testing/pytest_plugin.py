"""Fixtures beside those of pytest-flask: they need a fixture ``app``, which is yours.

Switch it on in your ``conftest.py``: ``pytest_plugins = ["flask_qrlogin.testing.pytest_plugin"]``.
pytest does not find it by itself, since an installed package is not to slow every run of pytest.
"""

from __future__ import annotations

import collections.abc as c
import typing as t

import flask
import pytest

from . import Clock
from . import FakeApp
from . import FakeBrowser
from . import FakePhone


@pytest.fixture
def qr_browser(app: flask.Flask) -> FakeBrowser:
    """A browser that nobody is logged in with."""
    return FakeBrowser(app)


@pytest.fixture
def qr_phone(app: flask.Flask) -> c.Callable[..., FakePhone]:
    """Make a phone's web browser in which a user is logged in: ``qr_phone(user)``."""

    def make(user: t.Any = None, **options: t.Any) -> FakePhone:
        return FakePhone(app, user, **options)

    return make


@pytest.fixture
def qr_app(app: flask.Flask) -> c.Callable[..., FakeApp]:
    """Make a native app that holds a token: ``qr_app("Bearer …")``."""

    def make(authorization: str, **options: t.Any) -> FakeApp:
        return FakeApp(app, authorization=authorization, **options)

    return make


@pytest.fixture
def qr_clock(app: flask.Flask) -> c.Iterator[Clock]:
    """The clock by which the app's QR login goes during the test; it stands until it is moved."""
    with Clock().set_in(app) as clock:
        yield clock
