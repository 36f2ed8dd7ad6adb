"""Tests: real parts, named after behaviour."""

from __future__ import annotations
