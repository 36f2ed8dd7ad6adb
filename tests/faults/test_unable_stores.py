"""Stores that are full, read-only or down: that is said, nothing is half done, and it passes."""

from __future__ import annotations

import collections.abc as c
import contextlib
import typing as t

import pytest
import redis
import sqlalchemy as sa

from .clients import Browser
from .conftest import Scene
from .wire import Connection

_TABLE = "qrlogin_login_request"


@contextlib.contextmanager
def pragma(scene: Scene, wrong: str, right: str) -> c.Iterator[None]:
    """Set a pragma of SQLite for all connections."""
    file = scene.folder / "pragmas"
    file.write_text(wrong)
    yield
    file.write_text(right)


@contextlib.contextmanager
def statements(scene: Scene, wrong: list[str], right: list[str]) -> c.Iterator[None]:
    """Change a database, and end all connections, which may remember how it was."""
    engine = sa.create_engine(
        scene.place.database, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool
    )
    with engine.connect() as connection:

        def change(texts: list[str]) -> None:
            for text in texts:
                connection.exec_driver_sql(text)
            if scene.place.name == "postgresql":
                connection.exec_driver_sql(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE datname = current_database() AND pid <> pg_backend_pid()"
                )
                return
            others = connection.exec_driver_sql(
                "SELECT id FROM information_schema.processlist"
                " WHERE db = database() AND id <> connection_id()"
            )
            for (id,) in others.all():
                connection.exec_driver_sql(f"KILL {id}")

        change(wrong)
        try:
            yield
        finally:
            change(right)


@contextlib.contextmanager
def command(scene: Scene, wrong: str, right: str) -> c.Iterator[None]:
    """Send a command to Redis."""
    assert scene.place.store
    with redis.Redis.from_url(scene.place.store) as client:
        client.execute_command(wrong)
        try:
            yield
        finally:
            client.execute_command(right)


WRITES = "BEFORE INSERT OR UPDATE ON " + _TABLE
BREAKS: list[tuple[str, t.Any, t.Any, t.Any]] = [
    ("sqlite", pragma, "query_only=ON", "query_only=OFF"),
    (
        "postgresql",
        statements,
        ["ALTER DATABASE faults SET default_transaction_read_only = on"],
        ["SET default_transaction_read_only = off", "ALTER DATABASE faults RESET ALL"],
    ),
    (
        "postgresql",
        statements,
        [
            "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END$$",
            f"CREATE TRIGGER full_disk {WRITES} EXECUTE FUNCTION full_disk()",
        ],
        [f"DROP TRIGGER full_disk ON {_TABLE}"],
    ),
    ("mariadb", statements, ["SET GLOBAL tx_read_only = 1"], ["SET GLOBAL tx_read_only = 0"]),
    (
        "mariadb",
        statements,
        [
            f"CREATE TRIGGER full_{when} BEFORE {when} ON {_TABLE} FOR EACH ROW"
            " SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'The table is full'"
            for when in ("INSERT", "UPDATE")
        ],
        [f"DROP TRIGGER full_{when}" for when in ("INSERT", "UPDATE")],
    ),
    ("redis", command, "CONFIG SET maxmemory 1", "CONFIG SET maxmemory 0"),
    ("redis", command, "REPLICAOF 127.0.0.1 1", "REPLICAOF NO ONE"),
]


@pytest.mark.parametrize(("place", "breaking", "wrong", "right"), BREAKS, indirect=["place"])
def test_a_store_that_takes_nothing(
    scene: Scene, breaking: t.Any, wrong: t.Any, right: t.Any
) -> None:
    scene.host_apart(worker=scene.place.worker)
    with going_on_after(scene) as changes, breaking(scene, wrong, right):
        pending, scanned = changes()
        # What is read still is.
        assert pending.poll().state == "pending"
        assert scanned.poll().state == "scanned"


@pytest.mark.parametrize("place", ["postgresql", "mariadb", "redis"], indirect=True)
def test_a_store_that_is_down(scene: Scene) -> None:
    proxy = scene.proxy()
    scene.host_apart(proxy, worker=scene.place.worker)
    with going_on_after(scene) as changes:
        proxy.cut(answered=False, lasting=True)
        for browser in changes():
            assert browser.poll().code == "store_unavailable"
        proxy.mend()


def test_an_sqlite_file_that_is_full(scene: Scene) -> None:
    scene.host_apart()
    browser, _ = scene.approved()
    with pragma(scene, "max_page_count=1", "max_page_count=1000000"):
        # Some pages have room for a few more rows.
        starting = [scene.new_browser().start() for _ in range(50)]
        assert starting[-1].code == "store_unavailable"
        assert {event.status for event in starting} <= {201, 503}
    assert scene.browser().poll().state == "pending"
    assert browser.poll().login == "7"


@contextlib.contextmanager
def going_on_after(scene: Scene) -> c.Iterator[c.Callable[[], tuple[Browser, Browser]]]:
    """Begin requests, and see at the end that they go on as if nothing had been.

    What it gives asks for all changes, which have to be unavailable, and returns the browsers of a
    pending and a scanned request.
    """
    pending, (scanned, undecided), (approved, _) = (
        scene.browser(),
        scene.scanned(),
        scene.approved(),
    )
    phone, starting = scene.phone(), scene.new_browser()

    def ask() -> tuple[Browser, Browser]:
        for client, change in (
            (starting, starting.start),
            (phone, lambda: phone.scan(pending)),
            (undecided, undecided.approve),
            (undecided, undecided.deny),
            (scanned, scanned.cancel),
            (approved, approved.poll),
        ):
            assert change().code == "store_unavailable"
            assert client.answer is not None
            assert client.answer.header("Retry-After") == "5"
        # The site itself goes on.
        site = Connection(scene.ports[0])
        assert site.exchange("GET", "/").body == b"welcome"
        site.close()
        return pending, scanned

    yield ask
    assert pending.poll().version == 1
    assert scanned.poll().version == 2
    assert approved.poll().login == "7"
    assert starting.start().done
    assert phone.scan(pending).done
    assert pending.poll().version == 2
    assert phone.approve().done
    assert pending.poll().login == "7"
    assert undecided.deny().done
