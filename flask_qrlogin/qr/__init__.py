"""The picture of a code."""

from __future__ import annotations
