"""The same tests in three engines: Chromium's, Firefox's and WebKit's."""

from __future__ import annotations
