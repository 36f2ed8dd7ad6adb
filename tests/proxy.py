"""Stands before a server or its store, and breaks what goes through."""

from __future__ import annotations

import contextlib
import dataclasses
import random
import socket
import threading
import time
import typing as t

import sqlalchemy as sa


@dataclasses.dataclass(slots=True)
class _Cut:
    """What to look for in what the server sends, mark after mark, and when to cut."""

    marks: tuple[bytes, ...]
    answered: bool
    lasting: bool


class Proxy:
    """A TCP proxy to a port of this computer, running while the ``with`` statement does."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._cut: _Cut | None = None
        self._connections: set[_Connection] = set()
        self._plugged = True
        self._lock = threading.Lock()
        #: How many connections were cut.
        self.cuts = 0
        #: Seconds that everything takes longer on its way to the store.
        self.delay = 0.0
        #: The share of what is sent at which the connection is cut, before or after it arrives.
        self.flaw = 0.0
        #: Cleared, nothing gets through, and nobody is told.
        self.open = threading.Event()
        self.open.set()

    def __enter__(self) -> t.Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *failure: object) -> None:
        # Wakes the thread that accepts, which closing alone does not.
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.open.set()
        self.pull()

    def url(self, url: str) -> str:
        """Return the URL of what is behind this, through this."""
        port: int = self._listener.getsockname()[1]
        return sa.make_url(url).set(port=port).render_as_string(hide_password=False)

    def cut(self, *marks: bytes, answered: bool, lasting: bool = False) -> None:
        """Cut the next connection on which these marks are sent, one after the other.

        The last one does not arrive; or it is ``answered``, and the answer does not arrive. If it
        is ``lasting``, nothing gets through from then on, until it is mended.
        """
        self._cut = _Cut(marks, answered, lasting)

    def mend(self) -> None:
        """Let everything through again."""
        self._cut = None

    def pull(self) -> None:
        """End every connection, and let none through, as if a cable had been pulled."""
        with self._lock:
            self._plugged = False
            for connection in self._connections:
                connection.end()

    def plug(self) -> None:
        """Plug the cable in again."""
        self._plugged = True

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        try:
            store = socket.create_connection(("127.0.0.1", self._target))
        except OSError:
            client.close()
            return
        for side in (client, store):
            side.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = _Connection(client, store)
        with self._lock:
            if not self._plugged:
                connection.end()
            self._connections.add(connection)
        threading.Thread(target=self._answers, args=(connection,), daemon=True).start()
        with connection.closing():
            while data := client.recv(65536):
                if self.delay:
                    time.sleep(self.delay)
                self.open.wait()
                answered = self._is_cut(connection, data)
                if answered is False:
                    return
                connection.mute = answered is True
                store.sendall(data)

    def _answers(self, connection: _Connection) -> None:
        with connection.closing():
            while data := connection.store.recv(65536):
                if connection.mute:
                    return
                connection.client.sendall(data)

    def _is_cut(self, connection: _Connection, data: bytes) -> bool | None:
        """Tell whether to cut before or after the answer, or not at all: None."""
        if self.flaw and random.random() < self.flaw:
            self.cuts += 1
            return random.random() < 0.5
        with self._lock:
            cut = self._cut
            if cut is None:
                return None
            if connection.cut is not cut:
                connection.cut, connection.found = cut, 0
            while connection.found < len(cut.marks) and cut.marks[connection.found] in data:
                connection.found += 1
            if connection.found < len(cut.marks):
                return None
            self.cuts += 1
            self._cut = _Cut((), answered=False, lasting=True) if cut.lasting else None
            return cut.answered


@dataclasses.dataclass(slots=True, eq=False)
class _Connection:
    client: socket.socket
    store: socket.socket
    #: What is looked for, and how many of its marks were found.
    cut: _Cut | None = None
    found: int = 0
    mute: bool = False

    @contextlib.contextmanager
    def closing(self) -> t.Iterator[None]:
        """Close both sides at the end, whatever was wrong with one of them."""
        try:
            with contextlib.suppress(OSError):
                yield
        finally:
            self.end()
            self.client.close()
            self.store.close()

    def end(self) -> None:
        """Wake whoever waits for one of its sides."""
        for side in (self.client, self.store):
            with contextlib.suppress(OSError):
                side.shutdown(socket.SHUT_RDWR)
