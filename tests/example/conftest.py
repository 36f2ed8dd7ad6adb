from __future__ import annotations

import collections.abc as c
import functools
import pathlib
import shutil
import threading

import flask
import pytest
import werkzeug.serving
from flask.testing import FlaskClient
from werkzeug.security import generate_password_hash

from example_app import create_app
from example_app import seed
from example_app.models import db

from . import steps


@pytest.fixture(scope="session", autouse=True)
def quick_hashes() -> c.Iterator[None]:
    """Hash passwords in no time: how slow that is, is Werkzeug's affair."""
    quick = functools.partial(generate_password_hash, method="pbkdf2:sha256:1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(seed, "generate_password_hash", quick)
        yield


@pytest.fixture(scope="session")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """An instance folder after the first start."""
    folder = tmp_path_factory.mktemp("instance")
    _dispose(create_app(instance_path=str(folder)))
    return folder


@pytest.fixture
def site(
    request: pytest.FixtureRequest, seeded: pathlib.Path, tmp_path: pathlib.Path
) -> c.Iterator[flask.Flask]:
    """The application. Not named ``app``: pytest-flask would share one context among all.

    A parameter is configuration that differs from the usual.
    """
    folder = shutil.copytree(seeded, tmp_path / "instance")
    config = {"TESTING": True, "RATELIMIT_ENABLED": False} | getattr(request, "param", {})
    site = create_app(config, instance_path=str(folder))
    yield site
    _dispose(site)


@pytest.fixture
def browser(site: flask.Flask) -> FlaskClient:
    return site.test_client()


@pytest.fixture
def bearer(site: flask.Flask) -> dict[str, str]:
    """What a phone sends that Ann is logged in on."""
    return steps.bearer(site.test_client(), "ann")


@pytest.fixture
def server(site: flask.Flask) -> c.Iterator[str]:
    """The application behind a real socket; its URL."""
    server = werkzeug.serving.make_server("127.0.0.1", 0, site, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=[0.01])
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def _dispose(site: flask.Flask) -> None:
    with site.app_context():
        db.engine.dispose()
