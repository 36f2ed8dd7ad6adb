"""Puts load on a web server from one process, cheaply, and measures how it answers.

Each client is a script: a generator that yields requests and is sent their answers, over a
connection of its own that is kept as long as the server keeps it. A script that repeats one
request measures throughput; one that goes through a whole login measures that. Only the answers
that were expected count.

Run alone, it measures its own limit, so that nobody takes that for a server's:

    python benchmarks/load.py
"""

from __future__ import annotations

import collections
import collections.abc as c
import dataclasses
import functools
import heapq
import itertools
import json
import math
import resource
import selectors
import socket
import sys
import time
import typing as t

import servers

#: How long requests under way may still take after the end, in seconds.
GRACE = 10.0


class Answer(t.NamedTuple):
    """What a server answered."""

    status: int
    head: bytes
    body: bytes

    def json(self) -> t.Any:
        """Read the body."""
        return json.loads(self.body)

    def header(self, name: str) -> str:
        """Return the value of a header, or an empty text."""
        return next(self._values(name), "")

    def cookies(self) -> str:
        """Return the cookies that the answer sets, as a browser sends them back."""
        return "; ".join(value.partition(";")[0] for value in self._values("set-cookie"))

    def _values(self, name: str) -> c.Iterator[str]:
        for line in self.head.decode("latin-1").split("\r\n"):
            found, _, value = line.partition(":")
            if found.lower() == name:
                yield value.strip()


def is_ok(answer: Answer) -> bool:
    """Tell whether an answer is a plain success."""
    return answer.status == 200


class Ask(t.NamedTuple):
    """A step of a script: one request, and which answers to it are right."""

    label: str
    request: bytes
    right: c.Callable[[Answer], bool] = is_ok


class Alongside(t.NamedTuple):
    """A step of a script: another script, which runs from now on with its own connection."""

    script: Script


#: A number is a pause, in seconds.
Step: t.TypeAlias = "Ask | Alongside | float"
#: Each of its asks is sent the answer; everything else None.
Script: t.TypeAlias = c.Generator[Step, t.Any, None]


def request(
    method: str, path: str, *, port: int, body: bytes = b"", headers: c.Mapping[str, str] = {}
) -> bytes:
    """Write a request."""
    fields = {"Host": f"127.0.0.1:{port}", **headers}
    if method == "POST":
        fields["Content-Length"] = str(len(body))
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body


@dataclasses.dataclass(slots=True)
class Measured:
    """What a load has shown. Latencies are in seconds, by the label of the request."""

    seconds: float
    #: Right answers within these seconds.
    counts: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    latencies: dict[str, list[float]] = dataclasses.field(
        default_factory=lambda: collections.defaultdict(list)
    )
    #: What went wrong, and how often.
    errors: collections.Counter[str] = dataclasses.field(default_factory=collections.Counter)
    #: Right answers at any time.
    answers: int = 0
    #: The processor time that the load program itself took.
    cpu: float = 0.0

    def rate(self, label: str) -> float:
        """Return the right answers in a second."""
        return self.counts[label] / self.seconds

    def quantile(self, label: str, share: float) -> float:
        """Return the latency that this share of the requests did not exceed."""
        ordered = sorted(self.latencies[label])
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else math.nan


class Load:
    """Clients that run a script each against 127.0.0.1.

    For ``warm_up`` seconds nothing is counted, then for ``seconds`` everything. A script that ends,
    or gets a wrong answer, is begun again until then; without ``repeat`` each runs once.
    """

    def __init__(
        self,
        port: int,
        make_script: c.Callable[[], Script],
        *,
        clients: int,
        seconds: float,
        warm_up: float = 0.0,
        repeat: bool = True,
    ) -> None:
        self.port = port
        self.selector = selectors.DefaultSelector()
        self._make_script = make_script if repeat else None
        self._measured = Measured(seconds)
        self._active = 0
        self._timers: list[tuple[float, int, _Client]] = []
        self._order = itertools.count()
        self._begin = time.perf_counter() + warm_up
        self._end = self._begin + seconds
        for _ in range(clients):
            self.start(make_script())

    def run(self) -> Measured:
        """Run to the end, and return what was seen."""
        before = resource.getrusage(resource.RUSAGE_SELF)
        last = self._end + GRACE
        while self._active and (now := time.perf_counter()) < last:
            while self._timers and self._timers[0][0] <= now:
                heapq.heappop(self._timers)[2].go_on(None)
            until = self._timers[0][0] if self._timers else last
            for key, _ in self.selector.select(max(0.0, until - now)):
                key.data.read()
        if self._active:
            self._measured.errors["no answer until the end"] += self._active
        for key in list(self.selector.get_map().values()):
            key.data.disconnect()
        self.selector.close()
        after = resource.getrusage(resource.RUSAGE_SELF)
        self._measured.cpu = sum(after[:2]) - sum(before[:2])
        return self._measured

    def start(self, script: Script, *, repeat: bool = True) -> None:
        """Let a new client run a script."""
        self._active += 1
        _Client(self, script, repeat).go_on(None)

    def pause(self, client: _Client, seconds: float) -> None:
        """Wake a client later."""
        heapq.heappush(self._timers, (time.perf_counter() + seconds, next(self._order), client))

    def is_over(self) -> bool:
        """Tell whether no more requests are to be sent."""
        return self._make_script is not None and time.perf_counter() >= self._end

    def count(self, label: str, sent: float) -> None:
        """Count a right answer to what was sent at that time."""
        now = time.perf_counter()
        self._measured.answers += 1
        if now >= self._begin:
            self._measured.latencies[label].append(now - sent)
            self._measured.counts[label] += now < self._end

    def ended(self, client: _Client, error: str | None = None) -> None:
        """Begin the next script of a client whose script has ended."""
        if error is not None:
            self._measured.errors[error] += 1
        if self._make_script and client.repeat and not self.is_over():
            client.script = self._make_script()
            client.go_on(None)
        else:
            self._active -= 1
            client.disconnect()


class _Client:
    """One browser or phone: its script, and the connection that it keeps."""

    def __init__(self, load: Load, script: Script, repeat: bool) -> None:
        self.script = script
        self.repeat = repeat
        self._load = load
        self._socket: socket.socket | None = None
        self._ask: Ask | None = None
        self._data = b""
        self._sent = 0.0
        self._reused = False

    def go_on(self, answer: Answer | None) -> None:
        """Run the script up to its next request or pause."""
        try:
            step = self.script.send(answer)
            while isinstance(step, Alongside):
                self._load.start(step.script, repeat=False)
                step = self.script.send(None)
        except StopIteration:
            self._load.ended(self)
            return
        if not isinstance(step, Ask):
            self._load.pause(self, step)
        elif self._load.is_over():
            self._load.ended(self)
        else:
            self._ask = step
            self._sent = time.perf_counter()
            self._reused = self._socket is not None
            self._send(step)

    def _send(self, ask: Ask) -> None:
        if self._socket is None:
            self._socket = socket.socket()
            self._socket.settimeout(GRACE)
            self._socket.connect(("127.0.0.1", self._load.port))
            self._socket.setblocking(False)
            self._load.selector.register(self._socket, selectors.EVENT_READ, self)
        try:
            self._socket.send(ask.request)
        except ConnectionError:
            self._lost()

    def read(self) -> None:
        """Take in what the server has sent."""
        assert self._socket is not None
        try:
            data = self._socket.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            self._lost()
            return
        self._data += data
        answer = read_answer(self._data)
        if answer is None or self._ask is None:
            return
        ask, self._ask, self._data = self._ask, None, b""
        if b"\r\nconnection: close" in answer.head.lower():
            self.disconnect()
        if ask.right(answer):
            self._load.count(ask.label, self._sent)
            self.go_on(answer)
        else:
            self._load.ended(self, f"{ask.label}: {answer.status} {answer.body[:200]!r}")

    def _lost(self) -> None:
        """The server has closed the connection: legal between two requests, as browsers know."""
        self.disconnect()
        if self._ask is None:
            return
        ask = self._ask
        if self._reused and not self._data:
            self._reused = False
            self._send(ask)
        else:
            self._ask, self._data = None, b""
            self._load.ended(self, f"{ask.label}: connection closed")

    def disconnect(self) -> None:
        """Close the connection, if there is one."""
        if self._socket is not None:
            self._load.selector.unregister(self._socket)
            self._socket.close()
            self._socket = None


def read_answer(data: bytes) -> Answer | None:
    """Read an HTTP/1.1 answer, or return None if there is more to come."""
    head, found, body = data.partition(b"\r\n\r\n")
    if not found:
        return None
    fields = head.lower()
    _, found, length = fields.partition(b"\r\ncontent-length:")
    if found:
        if len(body) < int(length.partition(b"\r\n")[0]):
            return None
    elif b"\r\ntransfer-encoding: chunked" in fields:
        whole = _join_chunks(body)
        if whole is None:
            return None
        body = whole
    return Answer(int(data[9:12]), head, body)


def _join_chunks(data: bytes) -> bytes | None:
    parts: list[bytes] = []
    while True:
        size, found, data = data.partition(b"\r\n")
        length = int(size, 16) if found else 0
        if not found or len(data) < length + 2:
            return None
        if not length:
            return b"".join(parts)
        parts.append(data[:length])
        data = data[length + 2 :]


def repeated(ask: Ask) -> Script:
    """Ask the same again and again."""
    while True:
        yield ask


def main() -> None:
    for way in ("keep", "close"):
        port = servers.free_port()
        ask = Ask("empty", request("GET", "/", port=port))
        with servers.Server([sys.executable, servers.__file__, str(port), way], port=port):
            script = functools.partial(repeated, ask)
            measured = Load(port, script, clients=32, seconds=3, warm_up=0.5).run()
        print(
            f"connection: {way}: {measured.rate('empty'):,.0f} requests/s,"
            f" {measured.cpu / measured.answers * 1e6:.0f} µs of processor time each,"
            f" p99 {measured.quantile('empty', 0.99) * 1000:.1f} ms,"
            f" {measured.errors.total()} errors"
        )


if __name__ == "__main__":
    main()
