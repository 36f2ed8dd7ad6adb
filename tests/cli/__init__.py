"""Tests of the commands, as a person and as a program run them."""

from __future__ import annotations
