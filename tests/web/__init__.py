"""Tests over HTTP: real applications, a browser that waits, and phones that decide."""

from __future__ import annotations
