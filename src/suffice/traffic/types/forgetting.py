"""What was learnt from requests that are gone is forgotten; what others shared keeps its name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from suffice.traffic.types.changes import Change, in_force
from suffice.traffic.types.index import Layer, Learnt
from suffice.traffic.types.learning import Lines, mark_of
from suffice.traffic.types.template import Template
from suffice.traffic.types.words_tree import WordTree


def forget(learnt: Learnt, *, keys: Collection[str], names: Collection[str]) -> Learnt:
    """
    The index without every text that no remaining request holds.

    Types that remain keep their keys and names. A line that is forgotten leaves a hash, so that
    a prompt with it is still no request of a type that never had it.

    Args:
        learnt: Of a `TypeIndex`.
        keys: Of the templates that remaining requests are of.
        names: What remaining requests' types are or were called, tags among them.
    """
    layers = [_layer(layer, set(keys)) for layer in learnt.layers]
    kept = {template.key for layer in layers for template in layer.templates}
    remaining = {key: name for key, name in learnt.names.items() if key in kept}
    return msgspec.structs.replace(
        learnt,
        layers=tuple(layers),
        names=remaining,
        changes=tuple(_changes(in_force(learnt.changes), {*names, *remaining.values()})),
    )


def _layer(layer: Layer, keys: set[str]) -> Layer:
    # What was split off a prompt needs the prompt.
    parents = {one.opening for one in layer.templates if one.key in keys and one.opening}
    kept = [one for one in layer.templates if one.key in keys | parents]
    held = {one.key for one in kept}
    return Layer(
        lines=_each(layer.lines, [one for one in kept if not one.opening]),
        openings=_each(layer.openings, [one for one in kept if one.opening]),
        templates=tuple(
            one if one.related in held else msgspec.structs.replace(one, related="") for one in kept
        ),
    )


def _each(lines: Mapping[str, Lines], kept: Iterable[Template]) -> dict[str, Lines]:
    units: dict[str, set[str]] = {app: set() for app in lines}
    for template in kept:
        # A whole text that came once is no line; it is found by its template alone.
        if not template.exact:
            units.setdefault(template.app, set()).update(template.units)
    return {app: _lines(one, units[app]) for app, one in lines.items()}


def _lines(lines: Lines, units: set[str]) -> Lines:
    held = lines.constant & units
    return Lines(
        constant=held,
        branches=WordTree(lines.branches).pruned(held),
        forgotten=lines.forgotten | {mark_of(line) for line in lines.constant - held},
    )


def _changes(changes: Iterable[Change], names: set[str]) -> Iterable[Change]:
    """Those of types that are still there; a new name of one is one of its names."""
    for change in changes:
        if change.type in names:
            if change.into:
                names.add(change.into)
            yield change
