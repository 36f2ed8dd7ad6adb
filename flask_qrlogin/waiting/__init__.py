"""How a browser waits: who is held, for how long, and what wakes them."""

from __future__ import annotations
