"""Linked devices: in which browsers a person is logged in by QR code, and how that ends."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import itertools
import logging
import threading
from datetime import datetime
from datetime import timedelta
from datetime import UTC

from . import errors
from . import tokens
from . import transitions
from .linked_device import link
from .linked_device import LinkedDevice
from .linked_device import one_line
from .login_request import LoginRequest
from .ports import LinkedDeviceStore
from .repository import LoginRequests

logger: logging.Logger = logging.getLogger(__name__)

#: Old rows are kept this much longer: the clocks of the hosts differ.
_PURGE_DELAY = timedelta(seconds=60)
#: Every so many new devices, how many old rows make room.
_PURGE_EVERY = 10
_PURGE_AT_ONCE = 50
#: Why a browser that ended is not one of the person's own any more.
_DISTRUSTED = ("not_me", "ended", "approver_ended", "account")
#: Why one has ended of which the person has said nothing: by whoever sat there.
_UNSAID = ("logout", "replaced")
#: How exactly it is kept when a device was last seen, and how long after a failure to keep it.
_NOTED_EVERY = timedelta(minutes=5)
_NOTED_AGAIN = timedelta(minutes=1)
#: How many devices are remembered as live.
_CACHED = 10_000


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class DeviceLifetimes:
    """How long a linked device lasts, unused too, and for how long it is believed to live."""

    lifetime: timedelta = timedelta(days=30)
    idle: timedelta | None = None
    check: timedelta = timedelta()


class LinkedDevices:
    """The linked devices of all people.

    ``announce`` is called with each device that has ended, after it was written; it must not
    raise.
    """

    def __init__(
        self,
        store: LinkedDeviceStore,
        requests: LoginRequests,
        *,
        lifetimes: DeviceLifetimes,
        announce: c.Callable[[LinkedDevice], None],
    ) -> None:
        self._store = store
        self._requests = requests
        self._lifetimes = lifetimes
        self._announce = announce
        self.now: c.Callable[[], datetime] = requests.now
        self._links = itertools.count()
        self._lock = threading.Lock()
        #: Devices that were live when they were read, and until when that is believed.
        self._cache: dict[str, tuple[LinkedDevice, datetime]] = {}
        #: More often where few minutes matter.
        self._noted_every = min(_NOTED_EVERY, (lifetimes.idle or timedelta.max) / 10)
        self._next_note = datetime.min.replace(tzinfo=UTC)

    def link(
        self,
        request: LoginRequest,
        *,
        name: str,
        address: str,
        place: str | None,
        browser_id: str,
    ) -> LinkedDevice:
        """Keep the login that a redeemed request is about to bring about.

        Raises:
            NotAllowed: the device that approved it has ended meanwhile.
        """
        if next(self._links) % _PURGE_EVERY == 0:
            with self._logged("Old linked devices could not be deleted."):
                self.purge(_PURGE_AT_ONCE)
        user_id, approver_id = request.user_id or "", request.approver_device_id
        device = link(
            request,
            self.now(),
            lifetime=self._lifetimes.lifetime,
            name=name,
            address=address,
            place=place,
            browser_id=browser_id,
        )
        if approver_id is not None:
            # What a login has approved does not outlast it: else one could go on for ever.
            approver = self._require_live(approver_id, user_id)
            expires_at = min(device.expires_at, approver.expires_at)
            device = dataclasses.replace(device, expires_at=expires_at)
        try:
            self._store.add(device)
        except errors.StoreUnavailable:
            kept = self._store.get(device.id)
            if kept is None or kept.ended_at is None:
                raise
            raise errors.NotAllowed("The person has ended this login.") from None
        if approver_id is not None:
            # Once more: it may have ended just before this one could be found.
            try:
                self._require_live(approver_id, user_id)
            except errors.NotAllowed:
                self._end([device], "approver_ended")
                raise
        return device

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

    def of_person(self, user_id: str) -> list[LinkedDevice]:
        """Return the devices that a person is logged in with, the newest first."""
        now = self.now()
        return [d for d in self._store.find(user_id=user_id) if self._is_live(d, now)]

    def ended_lately(self, user_id: str, since: datetime) -> list[LinkedDevice]:
        """Return a person's logins that have ended since, not by the person's own word."""
        found = self._store.find(user_id=user_id)
        return [d for d in found if d.end_reason in _UNSAID and d.ended_at and d.ended_at >= since]

    def is_known_browser(self, *, user_id: str, browser_id: str) -> bool:
        """Tell whether a person has been logged in by QR code in a browser, and stands by it.

        The newest of these logins counts; one that "wasn't me" counts as long as it is kept.
        """
        found = [d for d in self._store.find(user_id=user_id) if d.browser_id == browser_id]
        reasons = [d.end_reason for d in sorted(found, key=lambda d: d.created_at, reverse=True)]
        return bool(reasons) and reasons[0] not in _DISTRUSTED and "not_me" not in reasons

    def get(self, id: str) -> LinkedDevice:
        """Return a device, ended ones included, whosever it is.

        Raises:
            DeviceNotFound
        """
        device = self._store.get(id) if tokens.is_id(id) else None
        if device is None:
            raise errors.DeviceNotFound
        return device

    def rename(self, id: str, *, user_id: str, name: str) -> None:
        """Give a device another name.

        Raises:
            DeviceNotFound, BadRequest
        """
        name = one_line(name, 100)
        if not name:
            raise errors.BadRequest(errors._("Give the device a name."))
        self._store.rename(self._of(user_id, id).id, name)

    def end(self, id: str, *, user_id: str, reason: str) -> None:
        """End a login, and what was approved with it.

        Raises:
            DeviceNotFound
        """
        self._end([self._of(user_id, id)], reason)

    def end_others(self, *, user_id: str, keep: str | None) -> None:
        """End all of a person's logins but one, and what is about to be one.

        The one that is kept ends too if one of the others has approved it.
        """
        # Else an attacker would wait with a login that was approved until all were ended.
        self._deny(user_id)
        while devices := [d for d in self._not_ended(user_id) if d.id != keep]:
            self._end(devices, "ended")

    def end_all(self, user_id: str) -> None:
        """End all of a person's logins: the account is gone or was deactivated."""
        self._deny(user_id)
        while devices := self._not_ended(user_id):
            self._end(devices, "account")

    def not_me(self, id: str, *, user_id: str) -> None:
        """The person says "This wasn't me", of a login or of what is about to be one.

        Ends it, what was approved with it, and all other requests that are under way.

        Raises:
            DeviceNotFound
        """
        with contextlib.suppress(errors.DeviceNotFound):
            if self._of(user_id, id).end_reason == "not_me":
                return  # A notice's link must not deny whatever comes later, too.
        # First what may be logged in at any moment.
        self._deny(user_id, reason="not_me")
        try:
            device = self._of(user_id, id)
        except errors.DeviceNotFound:
            if self._is_forestalled(self._request_of(user_id, id)):
                return
            device = self._of(user_id, id)
        self._end([device], "not_me")
        if device.ended_at is not None:
            # Whoever was faster to log out must not have left a browser that is known.
            self._store.give_reason(id, "not_me")

    def _is_forestalled(self, request: LoginRequest) -> bool:
        """See that a request which has no device yet gets none, and its browser is not known.

        A row that has ended stands in for it, so that the login cannot be linked. Return False if
        it was linked in this very moment.
        """
        now = self.now()
        row = dataclasses.replace(
            link(
                request,
                now,
                lifetime=self._lifetimes.lifetime,
                browser_id=request.browser_id or "",
            ),
            ended_at=now,
            end_reason="not_me",
        )
        try:
            self._store.add(row)
        except errors.StoreUnavailable:
            if self._store.get(request.id) is None:
                raise
            return False
        return True

    def purge(self, limit: int) -> int:
        """Delete at most ``limit`` devices whose time ran out, and return how many."""
        return self._store.delete_expired(self.now() - _PURGE_DELAY, limit)

    def _request_of(self, user_id: str, id: str) -> LoginRequest:
        request = None
        if tokens.is_id(id):
            with contextlib.suppress(errors.RequestNotFound):
                request = self._requests.get(id)
        if request is None or request.user_id != user_id:
            raise errors.DeviceNotFound
        return request

    def _of(self, user_id: str, id: str) -> LinkedDevice:
        device = self.get(id)
        if device.user_id != user_id:
            raise errors.DeviceNotFound
        return device

    def _not_ended(self, user_id: str) -> list[LinkedDevice]:
        return [d for d in self._store.find(user_id=user_id) if d.ended_at is None]

    def _require_live(self, id: str, user_id: str) -> LinkedDevice:
        device = self._store.get(id)
        if device is None or device.user_id != user_id or not self._is_live(device, self.now()):
            raise errors.NotAllowed("The login with which this was approved has ended.")
        return device

    def _end(self, devices: c.Collection[LinkedDevice], reason: str) -> None:
        """End devices of one person, then those that they approved, and so on."""
        dead: set[str] = set()
        user_id = next(iter(devices)).user_id
        while devices:
            now = self.now()
            ended = self._store.end([d.id for d in devices], now, reason=reason)
            dead |= {device.id for device in devices}
            self._forget(dead)
            for device in devices:
                if device.id in ended:
                    self._announce(dataclasses.replace(device, ended_at=now, end_reason=reason))
            # Looked for only now: one that is linked later sees that its approver has ended.
            devices = [
                d
                for d in self._store.find(user_id=user_id)
                if d.approver_device_id in dead and d.id not in dead and d.ended_at is None
            ]
            reason = "approver_ended"
        self._deny(user_id, reason="device_ended", phones=dead)

    def _deny(
        self, user_id: str, *, reason: str | None = None, phones: set[str] | None = None
    ) -> None:
        """Deny a person's requests that are under way: all, or those of some phones."""

        def step(request: LoginRequest, now: datetime) -> LoginRequest:
            if phones is not None and request.approver_device_id not in phones:
                return request
            return transitions.deny(request, now, user_id=user_id, reason=reason)

        seen: set[str] = set()
        # A store finds the newest only.
        while found := [r for r in self._requests.of_person(user_id) if r.id not in seen]:
            for request in found:
                seen.add(request.id)
                with contextlib.suppress(
                    errors.RequestNotFound, errors.RequestEnded, errors.RequestExpired
                ):
                    self._requests.change(request.id, step)

    def _is_live(self, device: LinkedDevice, now: datetime) -> bool:
        return device.is_live(now, idle=self._lifetimes.idle)

    def _remember(self, device: LinkedDevice, now: datetime) -> None:
        if self._lifetimes.check:
            with self._lock:
                self._cache.pop(device.id, None)
                self._cache[device.id] = device, now + self._lifetimes.check
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
