"""The same hosts as the tests over HTTP have."""

from __future__ import annotations

from tests.web.conftest import host as host
from tests.web.conftest import make_host as make_host
