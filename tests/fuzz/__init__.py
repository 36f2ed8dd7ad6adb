"""Whatever is sent: never an error of the server, and never a change that the rules forbid."""

from __future__ import annotations
