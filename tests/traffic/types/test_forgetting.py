"""Forgetting some types leaves the others as they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from suffice.traffic.types import Change, Shape, TypeIndex, forget


def test_types_that_remain_are_read_as_before_and_no_text_of_the_others_is_left(
    mixture: Callable[..., Any],
) -> None:
    world = mixture(seed=4, requests=3_000)
    index = TypeIndex.learn(world.shapes)
    found = [(shape, index.find(shape)) for shape in world.shapes]
    keys = sorted({one.key for _, one in found if one.known})
    kept = set(keys[::2])

    after = TypeIndex(forget(index.learnt, keys=kept, names=()))

    remaining = [(shape, one) for shape, one in found if one.key in kept]
    same = [after.find(shape).key == one.key for shape, one in remaining]
    assert sum(same) / len(same) > 0.999
    assert not any(after.find(shape).known for shape, one in found if one.key in set(keys) - kept)
    held = _lines(index, kept)
    told = after.to_bytes().decode()
    assert not [line for line in _lines(index, set(keys) - kept) - held if f'"{line}"' in told]


def _lines(index: TypeIndex, keys: set[str]) -> set[str]:
    templates = [index.template(key) for key in keys]
    return {line for template in templates if template for line in template.units}


def test_a_name_that_somebody_gave_lasts_as_long_as_its_type() -> None:
    sort, mail = (Shape(system=f"{verb} it.\nBe brief.") for verb in ("Sort", "Mail"))
    index = TypeIndex.learn([sort, mail] * 5)
    index = index.changed(Change(action="rename", type=index.type_of(sort), into="a"))
    index = index.changed(Change(action="rename", type=index.type_of(mail), into="b"))
    index = index.changed(Change(action="rename", type="a", into="c"))

    after = TypeIndex(forget(index.learnt, keys={index.find(sort).key}, names=()))

    assert after.type_of(sort) == "c"
    assert [change.into for change in after.learnt.changes] == ["a", "c"]
    assert not after.find(mail).known
