"""Adapters that keep login requests: one file for each kind of store."""

from __future__ import annotations
