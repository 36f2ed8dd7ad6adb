"""Every endpoint of the app's URL map, with good, nearly good and absurd requests."""

from __future__ import annotations

import dataclasses

import flask
import pytest
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

from flask_qrlogin.config import budgets

from . import hostile
from .conftest import Fuzz
from .conftest import MakeWorld
from .oracle import Tables
from .shots import FORM
from .shots import JSON
from .shots import Shot
from .surface import endpoints
from .surface import requests
from .world import cookies_of
from .world import Values
from .world import World

# Werkzeug leaves the file of a form that is cut off to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")


def add_limiter(app: flask.Flask) -> None:
    Limiter(get_remote_address, app=app, storage_uri="memory://")


#: Codes can be typed, as often as one likes.
TYPED = {
    "prepare": add_limiter,
    "QRLOGIN_USER_CODE": True,
    "QRLOGIN_RATE_LIMITS": {**dict.fromkeys(budgets.DEFAULTS), "code_person": "999999 per second"},
}


@dataclasses.dataclass
class Scene:
    """A world with a request in each state, to which it can be put back."""

    world: World
    values: Values
    tables: Tables

    def send(self, shot: Shot) -> int:
        """Send a request to the world as it was; return the status of the answer."""
        self.world.oracle.restore(self.tables)
        return self.world.send(shot).status_code


@pytest.fixture(
    scope="module",
    params=[pytest.param(False, marks=pytest.mark.full), True],
    ids=["direct", "proxied"],
)
def scene(request: pytest.FixtureRequest, make_world: MakeWorld) -> Scene:
    world = make_world(proxied=request.param, **(TYPED if request.param else {}))
    codes = [world.start() for _ in range(7)]
    _, scanned, of_ben, approved, denied, cancelled, redeemed = codes
    for code in (scanned, approved, denied, redeemed):
        world.send(world.act("anna", "scan", code, app=True))
    world.send(world.act("ben", "scan", of_ben, app=True))
    for code, action in ((approved, "approve"), (redeemed, "approve"), (denied, "deny")):
        confirm_token = world.confirm_token(code)
        world.send(world.act("anna", action, code, app=True, confirm_token=confirm_token))
    world.send(world.cancel(cancelled))
    cookies = [*world.sessions.values(), *(code.secret for code in codes)]
    cookies += cookies_of(world.send(world.poll(redeemed, since=3)))
    values = world.values(codes, [world.confirm_token(code) for code in codes], cookies)
    return Scene(world, values, world.oracle.tables())


def test_every_endpoint(scene: Scene, fuzz: Fuzz) -> None:
    ways = endpoints(scene.world)

    @fuzz(requests(ways, scene.values), examples=150)
    def check(shot: Shot) -> None:
        scene.send(shot)


@pytest.mark.parametrize("scene", [True], ids=["proxied"], indirect=True)
def test_user_codes(scene: Scene, fuzz: Fuzz) -> None:
    names = ("qrlogin_code.enter", "qrlogin_api.enter_code")
    ways = [way for way in endpoints(scene.world) if way.rule.endpoint in names]
    answers: set[tuple[str, int]] = set()

    @fuzz(requests(ways, scene.values), examples=100)
    def check(shot: Shot) -> None:
        answers.add((shot.target.partition("?")[0], scene.send(shot)))

    # Some were good.
    assert answers >= {("/qrlogin/code", 303), ("/qrlogin/api/code", 200)}


@pytest.mark.parametrize("scene", [False], ids=["direct"], indirect=True)
def test_every_bad_body(scene: Scene) -> None:
    for endpoint in endpoints(scene.world):
        if endpoint.method == "POST" and endpoint.rule.endpoint != "login":
            for body in hostile.BODIES:
                for kind in (JSON, FORM):
                    scene.send(endpoint.good(scene.values, body=body, content_type=kind))


@pytest.mark.full
@pytest.mark.parametrize("scene", [False], ids=["direct"], indirect=True)
def test_every_lie_about_the_length(scene: Scene) -> None:
    for endpoint in endpoints(scene.world):
        if endpoint.rule.endpoint != "login":
            shot = endpoint.good(scene.values, body=b"{}", content_type=JSON)
            for length in hostile.LENGTHS:
                scene.send(dataclasses.replace(shot, length=length))


@pytest.mark.full
@pytest.mark.parametrize("scene", [True], ids=["proxied"], indirect=True)
def test_every_bad_header(scene: Scene) -> None:
    ways = {endpoint.rule.endpoint: endpoint for endpoint in endpoints(scene.world)}
    for name in ("qrlogin.start", "qrlogin_phone.open_code"):
        shot = ways[name].good(scene.values, body=b"{}", content_type=JSON)
        for header in hostile.HEADERS:
            scene.send(dataclasses.replace(shot, headers=(*shot.headers, header)))
