"""The HTTP contract: one file for each party, and what they share."""

from __future__ import annotations
