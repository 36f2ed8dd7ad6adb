"""The same hosts as the tests over HTTP have."""

from __future__ import annotations

from ..web.conftest import host as host
from ..web.conftest import make_host as make_host
