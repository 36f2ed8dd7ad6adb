"""The guide's example of a store keeps what every store promises."""

from __future__ import annotations

import functools
import pathlib

import pytest

from flask_qrlogin.core.errors import StoreUnavailable
from flask_qrlogin.testing import FakeBrowser
from flask_qrlogin.testing import FakePhone
from flask_qrlogin.testing.store_contract import OpenStore
from flask_qrlogin.testing.store_contract import SharedStoreContract
from tests.web.host import Host
from tests.web.host import PEOPLE

from .own_store import OwnStore


class TestOwnStore(SharedStoreContract):
    @pytest.fixture
    def open_store(self, tmp_path: pathlib.Path) -> OpenStore:
        return functools.partial(OwnStore, str(tmp_path / "requests.sqlite3"))

    @pytest.fixture
    def store(self, open_store: OpenStore) -> OwnStore:
        store = open_store()
        assert isinstance(store, OwnStore)
        return store

    def test_says_that_it_cannot_tell(self, tmp_path: pathlib.Path) -> None:
        with pytest.raises(StoreUnavailable):
            OwnStore(str(tmp_path / "no such folder" / "requests.sqlite3"))

    def test_keeps_the_requests_of_an_app(self, tmp_path: pathlib.Path, store: OwnStore) -> None:
        host = Host(tmp_path, store=store)
        id, _ = PEOPLE["anna"]
        browser = FakeBrowser(host.app)
        browser.log_in_by(FakePhone(host.app, id))
        kept = store.get(browser.request["id"])
        assert kept is not None
        assert kept.state == browser.state == "redeemed"
        host.close()
