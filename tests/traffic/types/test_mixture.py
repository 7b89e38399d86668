"""Recorded texts in sixty templates, with near versions and slots, find their templates again."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from suffice.traffic.types import Shape, TypeIndex, shape_of


@pytest.mark.parametrize("seed", [1, 5])
def test_sixty_templates_are_found_again_whatever_fills_their_slots(
    mixture: Callable[..., Any], likeness: Callable[..., Any], seed: int
) -> None:
    world = mixture(seed=seed, requests=5_000)
    index = TypeIndex.learn(world.shapes)

    found = likeness(world.truth, [index.type_of(shape) for shape in world.shapes])

    assert found.ari >= 0.98
    assert found.completeness >= 0.999
    assert found.homogeneity >= 0.999


def test_near_versions_are_never_the_same_type(mixture: Callable[..., Any]) -> None:
    """
    One edited or added line makes another type, and it says which it is related to.
    """
    world = mixture(seed=2, requests=5_000)
    index = TypeIndex.learn(world.shapes)
    names: dict[str, set[str]] = {}
    for shape, which in zip(world.shapes, world.truth, strict=True):
        names.setdefault(world.names[which], set()).add(index.type_of(shape))

    pairs = [(names[name], names[name + "'"]) for name in names if name + "'" in names]

    assert len(pairs) >= 15
    assert not any(original & edited for original, edited in pairs)


def test_what_was_learnt_holds_for_requests_that_come_later(
    mixture: Callable[..., Any], likeness: Callable[..., Any]
) -> None:
    """
    New values in known slots are the known types; only what a slot never held before is new.
    """
    world = mixture(seed=3, requests=6_000)
    index = TypeIndex.learn(world.shapes[:4_000])
    later = [index.find(shape) for shape in world.shapes[4_000:]]

    assert sum(found.known for found in later) / len(later) > 0.97
    assert likeness(world.truth[4_000:], [found.name for found in later]).homogeneity > 0.999


def test_requests_with_different_tools_are_never_of_the_same_type(
    bfcl: list[dict[str, Any]],
) -> None:
    """
    The recorded tool calls: two categories share a type only where their tools are the same.
    """
    shapes = [
        shape_of({"system": "Use a tool.", "messages": row["prompt"], "tools": row["tools"]})
        for row in bfcl
    ]
    index = TypeIndex.learn(shapes)
    tools_of: dict[str, set[str]] = {}
    for shape in shapes:
        tools_of.setdefault(index.find(shape).key, set()).add(_canonical(shape))

    assert all(len(tools) == 1 for tools in tools_of.values())
    assert len(tools_of) == len({_canonical(shape) for shape in shapes}) > 1_000


def _canonical(shape: Shape) -> str:
    tools = json.loads(shape.tools or b"[]")
    return json.dumps(sorted(json.dumps(tool, sort_keys=True) for tool in tools))
