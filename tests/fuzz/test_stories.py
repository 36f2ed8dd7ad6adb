"""Browsers, phones and apps in any order: nothing happens but by the rules."""

from __future__ import annotations

import typing as t

import pytest
from hypothesis import strategies as st

from .conftest import Fuzz
from .conftest import MakeWorld
from .shots import Picks
from .story import Story
from .surface import endpoints

# Werkzeug leaves the file of a form that is cut off to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:Unclosed file:ResourceWarning")


@pytest.mark.parametrize(
    "config",
    [
        pytest.param({"QRLOGIN_CONFIRMATION": "tap"}, marks=pytest.mark.full),
        pytest.param(
            {"QRLOGIN_CONFIRMATION": "tap", "QRLOGIN_REQUIRE_LOGIN": True}, marks=pytest.mark.full
        ),
        {"QRLOGIN_CONFIRMATION": "auto"},
        {"QRLOGIN_CONFIRMATION": "reauth", "QRLOGIN_APPROVE_FROM_LINKED": True},
    ],
    ids=lambda config: "-".join(map(str, config.values())),
)
def test_nothing_happens_but_by_the_rules(
    make_world: MakeWorld, config: dict[str, t.Any], fuzz: Fuzz
) -> None:
    world = make_world(**config)
    ways = endpoints(world)

    @fuzz(st.data(), examples=10, shrink=fuzz.long)
    def check(data: st.DataObject) -> None:
        story = Story(world, ways, Picks(data.draw))
        for _ in range(40):
            story.step()

    # Else the oracle would have had little to judge.
    assert {"start", "scan", "approve", "redeem"} <= {*world.oracle.seen}
