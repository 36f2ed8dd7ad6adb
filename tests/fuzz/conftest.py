"""How much is tried: a little that is always the same, and, marked ``full``, much by chance."""

from __future__ import annotations

import collections.abc as c
import typing as t

import hypothesis
import pytest
from hypothesis import strategies as st

from .world import World

#: How many times as much.
_MUCH = 10

MakeWorld: t.TypeAlias = c.Callable[..., World]


class Fuzz:
    """Tries a property of one or more strategies."""

    def __init__(self, *, long: bool) -> None:
        self.long = long

    def __call__(
        self, *strategies: st.SearchStrategy[t.Any], examples: int, shrink: bool = True
    ) -> c.Callable[[c.Callable[..., None]], None]:
        """Run the function that it decorates, at once, with so many examples, or many more.

        ``shrink`` makes an example that fails smaller, for which a long one takes minutes.
        """
        # Without what explains a failure, which takes longer than to find it.
        phases = [hypothesis.Phase.generate, *([hypothesis.Phase.shrink] if shrink else [])]
        settings = hypothesis.settings(
            max_examples=examples * (_MUCH if self.long else 1),
            derandomize=not self.long,
            database=None,
            deadline=None,
            phases=phases,
            suppress_health_check=[hypothesis.HealthCheck.too_slow],
        )

        def run(check: c.Callable[..., None]) -> None:
            settings(hypothesis.given(*strategies)(check))()

        return run


@pytest.fixture(params=[False, pytest.param(True, marks=pytest.mark.full)], ids=["short", "long"])
def fuzz(request: pytest.FixtureRequest) -> Fuzz:
    return Fuzz(long=request.param)


@pytest.fixture(scope="module")
def make_world(tmp_path_factory: pytest.TempPathFactory) -> c.Iterator[MakeWorld]:
    """Make worlds, each with a database of its own; see :class:`World` for the arguments."""
    worlds: list[World] = []

    def make(**arguments: t.Any) -> World:
        worlds.append(World(tmp_path_factory.mktemp("fuzz"), **arguments))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


@pytest.fixture(scope="module")
def world(make_world: MakeWorld) -> World:
    """A world where a tap approves."""
    return make_world()
