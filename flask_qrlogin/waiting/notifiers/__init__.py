"""Adapters that carry hints between processes: one file for each way."""

from __future__ import annotations
