"""The phone that approves: its web pages, and the API of native apps."""

from __future__ import annotations
