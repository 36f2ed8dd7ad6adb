"""The example app in a process of its own, and a real browser."""

from __future__ import annotations
