"""The example app, without a browser; with one it is tested in ``tests/e2e``."""

from __future__ import annotations
