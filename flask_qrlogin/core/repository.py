"""How a login request is read and changed, whatever else happens to it at the same time."""

from __future__ import annotations

import collections.abc as c
import dataclasses
from datetime import datetime
from datetime import timedelta

from . import errors
from .login_request import LoginRequest
from .login_request import State
from .ports import LoginRequestStore

#: How often a change is tried while others change the same request.
_ATTEMPTS = 10
#: Old rows are kept this much longer: the clocks of the hosts differ.
_PURGE_DELAY = timedelta(seconds=60)


class LoginRequests:
    """The login requests of a store, each in one state at a time, and who is told of it.

    ``announce`` is called for each state that was reached, after it was written, with the request;
    it must not raise.
    """

    def __init__(
        self,
        store: LoginRequestStore,
        *,
        clock: c.Callable[[], datetime],
        announce: c.Callable[[LoginRequest], None],
    ) -> None:
        self._store = store
        self._announce = announce
        self.now = clock

    def add(self, request: LoginRequest) -> None:
        """Keep a new request."""
        self._store.add(request)
        self._announce(request)

    def get(self, id: str) -> LoginRequest:
        """Return the newest version of a request.

        Raises:
            RequestNotFound
        """
        request = self._store.get(id)
        if request is None:
            raise errors.RequestNotFound
        return request

    def of_person(self, user_id: str) -> list[LoginRequest]:
        """Return what a person has scanned and is under way: a hint, to look at again."""
        return self._store.find(self.now(), user_id=user_id)

    def of_code(self, user_code: str) -> list[LoginRequest]:
        """Return the requests that have a user code, ended ones too, the newest first."""
        return self._store.find_by_code(user_code)

    def change(
        self,
        id: str,
        step: c.Callable[[LoginRequest, datetime], LoginRequest],
        *,
        known: LoginRequest | None = None,
    ) -> LoginRequest:
        """Read, step and swap, until nobody else was faster; return what is kept now.

        A request that is ``known``, since it was just read, is not read again unless it has changed
        meanwhile. ``step`` is a transition, with whatever else forbids it; it may be called several
        times, and may return the request itself to leave it as it is.

        Raises:
            StoreUnavailable: it is not known to be written.
        """
        unsure: tuple[LoginRequest, LoginRequest] | None = None
        for _ in range(_ATTEMPTS):
            old, known = known or self.get(id), None
            if unsure is not None and old == unsure[1]:
                # The swap whose answer was lost has happened, for this is what we wrote: a redeemed
                # request holds our own nonce.
                return self._changed(*unsure)
            new = step(old, self.now())
            if new is old:
                return old
            try:
                if self._store.swap(old, new, self.now()):
                    return self._changed(old, new)
            except errors.StoreUnavailable:
                # It may have happened, or may still. Another try is safe, since only one of the two
                # can follow the old version.
                if unsure is not None:
                    raise
                unsure = old, new
        raise errors.StoreUnavailable

    def _changed(self, old: LoginRequest, new: LoginRequest) -> LoginRequest:
        if new.state is not old.state:
            self._announce(new)
        return new

    def purge(self, limit: int) -> int:
        """Delete at most ``limit`` old requests and return how many; announce the expired ones."""
        deleted = self._store.delete_expired(self.now() - _PURGE_DELAY, limit)
        for request in deleted:
            if not request.state.is_end:
                self._announce(dataclasses.replace(request, state=State.EXPIRED))
        return len(deleted)
