"""What holds when machines fail: real processes that are killed, and stores that break."""

from __future__ import annotations
