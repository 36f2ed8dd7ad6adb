"""Tests of each store."""

from __future__ import annotations
