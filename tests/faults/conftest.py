"""The stores to break, and the hosts that keep their login requests there."""

from __future__ import annotations

import collections.abc as c
import contextlib
import dataclasses
import pathlib
import typing as t

import pytest
import redis
import sqlalchemy as sa

from tests.proxy import Proxy
from tests.servers import SQLServer

from .clients import Browser
from .clients import Phone
from .history import History
from .hosts import Host

STORES = ("sqlite", "postgresql", "mariadb", "redis")


@dataclasses.dataclass(frozen=True, slots=True)
class Place:
    """Where a host keeps its data, and where its login requests, if that is elsewhere."""

    name: str
    database: str
    store: str | None = None

    @property
    def port(self) -> int:
        """Of the store's server."""
        return t.cast(int, sa.make_url(self.store or self.database).port)

    @property
    def worker(self) -> str:
        """The kind of server that suits it."""
        return "gevent" if self.name in ("redis", "postgresql") else "gthread"


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: pathlib.Path) -> Place:
    """An empty store of the kind that the test names, SQLite if none."""
    name = getattr(request, "param", "sqlite")
    file = f"sqlite:///{tmp_path}/host.sqlite3"
    if name == "sqlite":
        return Place(name, file)
    if name == "redis":
        server = request.getfixturevalue("redis_server")
        with redis.Redis.from_url(server.url) as client:
            client.flushall()
        return Place(name, file, server.url)
    server = t.cast(SQLServer, request.getfixturevalue(name))
    return Place(name, server.new_database("faults"))


class Scene:
    """Hosts on one place, and their clients."""

    def __init__(self, folder: pathlib.Path, place: Place, stack: contextlib.ExitStack) -> None:
        self.history = History()
        self.place = place
        self.folder = folder
        self.hosts: list[Host] = []
        self._stack = stack
        self.enter = stack.enter_context

    def host(self, **options: t.Any) -> Host:
        """Start a host."""
        options = {"database": self.place.database, "store": self.place.store} | options
        host = self.enter(Host(self.folder, **options))
        self.hosts.append(host)
        return host

    def host_apart(self, proxy: Proxy | None = None, **options: t.Any) -> Host:
        """Start a host whose own data is elsewhere than its login requests, and so not broken."""
        store = self.place.store or self.place.database
        return self.host(
            database=f"sqlite:///{self.folder}/own.sqlite3",
            store=proxy.url(store) if proxy else store,
            **options,
        )

    def proxy(self) -> Proxy:
        """Return a way to the store that can be broken."""
        return self.enter(Proxy(self.place.port))

    @property
    def ports(self) -> list[int]:
        """Of all hosts."""
        return [host.port for host in self.hosts]

    def new_browser(self, port: int | None = None) -> Browser:
        """Return a browser that shows nothing yet."""
        browser = Browser(self.history, self.ports if port is None else [port])
        self._stack.callback(browser.close)
        return browser

    def browser(self, port: int | None = None) -> Browser:
        """Return a browser that shows a code."""
        browser = self.new_browser(port)
        assert browser.start().done, browser.answer
        return browser

    def phone(self, person: int = 7) -> Phone:
        """Return a person's phone."""
        phone = Phone(self.history, self.ports, person)
        self._stack.callback(phone.close)
        return phone

    def scanned(self, person: int = 7) -> tuple[Browser, Phone]:
        """Return a browser that has seen who scanned, and the phone that did."""
        browser, phone = self.browser(), self.phone(person)
        assert phone.scan(browser).done, phone.answer
        assert browser.poll().profile == f"Person {person}"
        return browser, phone

    def approved(self, person: int = 7) -> tuple[Browser, Phone]:
        """Return a browser that could pick its login up, and the phone that approved."""
        browser, phone = self.scanned(person)
        assert phone.approve().done, phone.answer
        return browser, phone


@pytest.fixture
def scene(tmp_path: pathlib.Path, place: Place) -> c.Iterator[Scene]:
    """One whose history is checked at the end."""
    with contextlib.ExitStack() as stack:
        scene = Scene(tmp_path, place, stack)
        yield scene
        scene.history.check()
