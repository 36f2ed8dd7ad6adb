"""Plays the browser and the phone in the tests of an app, and says what a store has to promise.

Nothing here needs pytest but the contracts and the plugin, which are modules of their own.
"""

from __future__ import annotations

import contextlib

from .browser import FakeBrowser as FakeBrowser
from .clock import Clock as Clock
from .native_app import FakeApp as FakeApp
from .phone import FakePhone as FakePhone
from .refused import Refused as Refused

# So that a contract that fails shows values, as a test does.
with contextlib.suppress(ImportError):
    import pytest

    pytest.register_assert_rewrite(
        *(f"{__name__}.{name}_contract" for name in ("store", "device_store", "notifier"))
    )
