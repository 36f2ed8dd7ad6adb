"""For an application of one process, whose own changes wake whoever waits in it."""

from __future__ import annotations

import collections.abc as c
import time

from ...core.ports import HEARTBEAT


class InProcessNotifier:
    """A :class:`~flask_qrlogin.Notifier` where there are no other processes."""

    def publish(self, id: str) -> None:
        """Tell nobody: there is nobody else."""

    def listen(self) -> c.Iterator[str | None]:
        """Yield a heartbeat only."""
        while True:
            yield None
            time.sleep(HEARTBEAT)
