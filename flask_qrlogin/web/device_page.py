"""Describes a linked device on a page: as the API does, with its times in the person's words."""

from __future__ import annotations

import typing as t
from datetime import datetime

from .. import i18n
from ..app_state import current_state
from ..linked_device import LinkedDevice
from . import wire


def described(device: LinkedDevice, *, current: str | None = None) -> dict[str, t.Any]:
    """Say what a person recognises a login by; ``current`` is the device of this browser."""
    return wire.device(device, current=current) | {
        "logged_in": _told(device.created_at),
        "last_seen": _told(device.last_seen_at),
    }


def _told(when: datetime) -> dict[str, t.Any]:
    age = current_state().now() - when
    return {
        "datetime": wire.timestamp(when),
        "text": i18n.moment(when),
        "age": max(0, age.total_seconds()),
    }
