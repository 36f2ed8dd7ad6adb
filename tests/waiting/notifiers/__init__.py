"""Tests of each notifier."""

from __future__ import annotations
