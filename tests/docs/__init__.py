"""The documentation's blocks run, its tutorial works, and its pages can be built."""

from __future__ import annotations
