"""The ``QRLOGIN_`` keys, what they may be, and what the application has to bring along."""

from __future__ import annotations

from .settings import Settings as Settings
