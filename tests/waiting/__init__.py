"""Tests of waiting with real processes of each server."""

from __future__ import annotations
