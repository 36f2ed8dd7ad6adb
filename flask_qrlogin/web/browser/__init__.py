"""The browser that waits: its code, its polls and its login."""

from __future__ import annotations
