"""Where a person is logged in by QR code, and how that is ended."""

from __future__ import annotations
