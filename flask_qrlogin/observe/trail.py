"""What a stored login request and its linked device went through, as far as the rows tell."""

from __future__ import annotations

import collections.abc as c
import dataclasses
import typing as t
from datetime import datetime
from datetime import UTC

from ..app_state import AppState
from ..core.linked_device import LinkedDevice
from ..core.login_request import LoginRequest
from ..core.login_request import State
from . import audit_log

#: When something happened, and what.
Step: t.TypeAlias = tuple[datetime, dict[str, t.Any]]

#: What nobody may read.
_SECRET = ("secret_hash", "nonce", "browser_id", "user_code")


@dataclasses.dataclass(frozen=True, slots=True)
class Trail:
    """The rows with one id: a request is deleted soon after its time, a device much later."""

    request: LoginRequest | None
    device: LinkedDevice | None
    now: datetime

    @classmethod
    def of(cls, id: str, state: AppState) -> Trail:
        """Read the rows."""
        return cls(
            state.store.get(id),
            state.opened_device_store().part.get(id),
            state.login_requests.now(),
        )

    @property
    def is_empty(self) -> bool:
        """Whether there is no such row."""
        return self.request is None and self.device is None

    def as_json(self) -> dict[str, t.Any]:
        """Return both rows with everything but secrets, and the steps."""
        return {
            "state": self._state(),
            "request": _shown(self.request),
            "device": _shown(self.device),
            "steps": [{"at": _written(at), **step} for at, step in self._steps()],
        }

    def as_text(self) -> str:
        """Return one line for each step, in the words of the audit trail, and how it stands."""
        lines = [f"{_written(at)} {audit_log.line(step)}" for at, step in self._steps()]
        if self.request is None:
            lines.append("The request itself has been deleted: its time ran out.")
        else:
            lines.append(f"state={self._state()} ends={_written(self.request.deadline)}")
        return "\n".join(lines)

    def _state(self) -> State | None:
        return None if self.request is None else self.request.state_at(self.now)

    def _steps(self) -> list[Step]:
        steps: list[Step] = []
        if self.request is not None:
            steps += _steps_of_request(self.request)
        if self.device is not None:
            steps += _steps_of_device(self.device)
        return sorted(steps, key=lambda step: step[0])


def _steps_of_request(request: LoginRequest) -> c.Iterator[Step]:
    yield (
        request.created_at,
        {
            "event": "login_started",
            "address": request.address,
            "user_agent": request.user_agent,
            "requested_by": request.requested_by,
        },
    )
    phone = {
        "address": request.approver_address,
        "user_agent": request.approver_user_agent,
        "approver_device_id": request.approver_device_id,
        "login": request.approver_login,
        "login_at": request.approver_login_at and _written(request.approver_login_at),
    }
    if request.scanned_at is not None:
        yield (
            request.scanned_at,
            {
                "event": "login_scanned",
                "user_id": request.user_id,
                "confirmation": str(request.confirmation),
                "warnings": request.warnings.split(),
                "contested": request.contested,
                # Only where the phone was seen last is kept.
                **(phone if request.decided_at is None else {}),
            },
        )
    if request.decided_at is not None:
        event = "login_denied" if request.state is State.DENIED else "login_approved"
        yield request.decided_at, {"event": event, "reason": request.reason, **phone}


def _steps_of_device(device: LinkedDevice) -> c.Iterator[Step]:
    yield (
        device.created_at,
        {
            "event": "device_linked",
            "user_id": device.user_id,
            "name": device.name,
            "user_agent": device.user_agent,
            "approver_device_id": device.approver_device_id,
            "remembered": device.remembered,
            "expires": _written(device.expires_at),
        },
    )
    yield (
        device.last_seen_at,
        {"event": "device_seen", "address": device.address, "place": device.place},
    )
    if device.ended_at is not None:
        yield device.ended_at, {"event": "device_ended", "reason": device.end_reason}


def _shown(row: LoginRequest | LinkedDevice | None) -> dict[str, t.Any] | None:
    if row is None:
        return None
    return {
        name: _written(value) if isinstance(value, datetime) else value
        for name, value in dataclasses.asdict(row).items()
        if name not in _SECRET
    }


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
