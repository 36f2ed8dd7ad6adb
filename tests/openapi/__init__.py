"""Tests of the description at ``/openapi.json``, and of all answers against it."""

from __future__ import annotations
