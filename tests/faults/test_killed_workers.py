"""Server processes that are killed: another one goes on, and nobody is logged in twice."""

from __future__ import annotations

import collections.abc as c
import contextlib
import os
import random
import signal

import psutil  # type: ignore[import-untyped]
import pytest

from .clients import Client
from .conftest import Scene
from .conftest import STORES
from .history import History
from .hosts import Host
from .race import Race


def worker_of(client: Client) -> int:
    """Return the process that gave a client its newest answer."""
    assert client.answer is not None
    return int(client.answer.header("X-Worker") or "")


@pytest.mark.parametrize("place", STORES, indirect=True)
def test_another_worker_goes_on(scene: Scene) -> None:
    host = scene.host(worker=scene.place.worker)

    # Between the approval and the login.
    browser, phone = scene.approved()
    approved_by = worker_of(phone)
    os.kill(approved_by, signal.SIGKILL)
    browser.close()
    assert browser.poll(copies=3).login == "7"
    assert worker_of(browser) != approved_by

    # Before an approval is written, and before a login is.
    browser, phone = scene.scanned()
    with dying(host, "before scanned", browser, phone):
        assert phone.approve().unknown
    assert browser.poll().state == "scanned"
    assert phone.approve().done
    with dying(host, "before approved", browser, phone):
        assert browser.poll().unknown
    assert browser.poll().login == "7"

    # After an approval was written, and after a login was. Nobody can tell whether the answer
    # arrived, so that it is not given again.
    browser, phone = scene.scanned()
    with dying(host, "after approved", browser, phone):
        assert phone.approve().unknown
    assert browser.poll(since=1).state == "approved"
    with dying(host, "after redeemed", browser, phone):
        assert browser.poll().unknown
    redeemed = browser.poll()
    assert (redeemed.state, redeemed.login) == ("redeemed", None)
    assert phone.deny().state == "redeemed"


@contextlib.contextmanager
def dying(host: Host, moment: str, *clients: Client) -> c.Iterator[None]:
    """Let the worker die that comes to a moment, and its clients connect to another."""
    trap = host.set_trap(moment)
    yield
    assert not trap.exists()
    for client in clients:
        client.close()


@pytest.mark.parametrize("place", STORES, indirect=True)
def test_a_race_on_workers_that_are_killed(scene: Scene) -> None:
    host = scene.host(worker=scene.place.worker, workers=4)
    killed = 0

    def kill_now_and_then(history: History) -> bool:
        nonlocal killed
        workers = psutil.Process(host.pid).children()
        # They need some time to begin.
        if workers and history.logins >= 5 * (killed + 1):
            random.choice(workers).kill()
            killed += 1
        return killed == 3

    Race([host.port], browsers=40, phones=160).run(kill_now_and_then).check()
