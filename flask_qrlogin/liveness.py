"""Whether a login by QR code still counts, and when it was last seen: asked by each request."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import logging
import threading
from datetime import datetime
from datetime import timedelta
from datetime import UTC

from . import errors
from .linked_device import LinkedDevice
from .linked_device import one_line
from .ports import LinkedDeviceStore

logger: logging.Logger = logging.getLogger(__name__)

#: How exactly it is kept when a device was last seen, and how long after a failure to keep it.
_NOTED_EVERY = timedelta(minutes=5)
_NOTED_AGAIN = timedelta(minutes=1)
#: How many devices are remembered as live.
_CACHED = 10_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How long a linked device lasts, unused too, and for how long it is believed to live."""

    lifetime: timedelta = timedelta(days=30)
    idle: timedelta | None = None
    check: timedelta = timedelta()


class Liveness:
    """Asks a store which linked devices are live, and remembers the answer for a while."""

    def __init__(
        self, store: LinkedDeviceStore, *, limits: Limits, clock: c.Callable[[], datetime]
    ) -> None:
        self._store = store
        self._limits = limits
        self.now = clock
        self._lock = threading.Lock()
        #: Devices that were live when they were read, and until when that is believed.
        self._cache: dict[str, tuple[LinkedDevice, datetime]] = {}
        #: More often where few minutes matter.
        self._noted_every = min(_NOTED_EVERY, (limits.idle or timedelta.max) / 10)
        self._next_note = datetime.min.replace(tzinfo=UTC)

    def live(self, id: str, *, user_id: str) -> LinkedDevice | None:
        """Return a device whose login still counts, or None: one read, or none if it is cached."""
        now = self.now()
        device, until = self._cache.get(id, (None, now))
        if device is None or now >= until or not self._is_live(device, now):
            device = self._store.get(id)
            if device is None or not self._is_live(device, now):
                self._forget([id])
                return None
            self._remember(device, now)
        return device if device.user_id == user_id else None

    def is_note_due(self, device: LinkedDevice) -> bool:
        """Tell whether it is time to keep that a device was seen."""
        now = self.now()
        return now >= self._next_note and now - device.last_seen_at >= self._noted_every

    def note(self, device: LinkedDevice, *, address: str, place: str | None) -> None:
        """Keep when and where a device was seen; where that fails, it is tried again later."""
        now = self.now()
        if not address:
            address, place = device.address, device.place
        address, place = one_line(address, 45), one_line(place or "", 200) or None
        self._next_note = now + _NOTED_AGAIN
        with self._logged("When a linked device was last seen could not be kept."):
            self._store.touch(device.id, now, address=address, place=place)
            self._next_note = now
            with self._lock:
                if device.id in self._cache:
                    seen = dataclasses.replace(
                        device, last_seen_at=now, address=address, place=place
                    )
                    self._cache[device.id] = seen, self._cache[device.id][1]

    def _is_live(self, device: LinkedDevice, now: datetime) -> bool:
        return device.is_live(now, idle=self._limits.idle)

    def _remember(self, device: LinkedDevice, now: datetime) -> None:
        if self._limits.check:
            with self._lock:
                self._cache.pop(device.id, None)
                self._cache[device.id] = device, now + self._limits.check
                if len(self._cache) > _CACHED:
                    del self._cache[next(iter(self._cache))]

    def _forget(self, ids: c.Iterable[str]) -> None:
        with self._lock:
            for id in ids:
                self._cache.pop(id, None)

    @contextlib.contextmanager
    def _logged(self, message: str) -> c.Iterator[None]:
        try:
            yield
        except errors.QRLoginError:
            logger.exception(message)
