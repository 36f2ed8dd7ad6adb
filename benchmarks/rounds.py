"""Puts the same load on several servers, in turn and several times, and compares what was seen."""

from __future__ import annotations

import collections
import collections.abc as c
import dataclasses
import statistics

import hosting
import load
import servers


@dataclasses.dataclass(frozen=True, slots=True)
class Seen:
    """What one round has shown of one script on one server."""

    #: Requests in a second.
    rate: float
    #: The server's processor time for a request, without that of the database, in seconds.
    cpu: float


class Rounds:
    """What all rounds have shown, by the names of the server and of the script.

    A script asks one thing for ever, labelled with its name.

    Raises:
        RuntimeError: an answer was wrong, or there was none.
    """

    def __init__(
        self,
        running: c.Mapping[str, servers.Server],
        scripts: c.Mapping[str, c.Callable[[int], load.Script]],
        *,
        rounds: int,
        seconds: float,
        clients: int,
    ) -> None:
        self._seen = collections.defaultdict[tuple[str, str], list[Seen]](list)
        for number in range(1, rounds + 1):
            for name, server in running.items():
                hosting.say(f"round {number} of {rounds}: {name}")
                for label, script in scripts.items():
                    seen = _measure(server, label, script, seconds=seconds, clients=clients)
                    self._seen[name, label].append(seen)

    def rate(self, name: str, label: str) -> float:
        """Return the median of the requests in a second."""
        return statistics.median(seen.rate for seen in self._seen[name, label])

    def cpu(self, name: str, label: str) -> float:
        """Return the median of the processor time for a request, in microseconds."""
        return statistics.median(seen.cpu for seen in self._seen[name, label]) * 1e6

    def ratio(self, name: str, label: str, to: tuple[str, str]) -> float:
        """Return the median of the rounds' ratios of rates."""
        pairs = zip(self._seen[name, label], self._seen[to], strict=True)
        return statistics.median(this.rate / that.rate for this, that in pairs)


def _measure(
    server: servers.Server,
    label: str,
    script: c.Callable[[int], load.Script],
    *,
    seconds: float,
    clients: int,
) -> Seen:
    before = server.cpu()
    measured = load.Load(
        server.port,
        lambda: script(server.port),
        clients=clients,
        seconds=seconds,
        warm_up=seconds / 4,
    ).run()
    if measured.errors:
        raise RuntimeError(f"{label}: {measured.errors.most_common(3)}\n{server.log()}")
    return Seen(measured.rate(label), (server.cpu() - before) / measured.answers)
