"""What people decided about types: renamed, merged, split, pinned; kept, never overwritten."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Literal

import msgspec

from suffice.errors import BadOption

Action = Literal["rename", "merge", "split", "pin", "unpin", "undo"]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """
    One decision about a type.

    Attributes:
        action: ``rename`` gives another name, ``merge`` makes it a part of another type,
            ``split`` takes it apart by what the first user turn says; ``pin`` refuses all of
            these until ``unpin``; ``undo`` takes back the last of all that still holds.
        type: The type's name at that time.
        into: The new name, or the type it becomes a part of; empty for the others.
        at: When, ISO 8601 with its zone.
        by: Who.
        reason: Why, in their words.
    """

    action: Action
    type: str
    into: str = ""
    at: str = ""
    by: str = ""
    reason: str = ""


class Changes:
    """
    All decisions in their order, and what they make of a name.

    >>> renamed = Change(action="rename", type="a", into="b")
    >>> Changes([renamed, Change(action="merge", type="b", into="c")]).final("a")
    'c'
    """

    def __init__(self, changes: Sequence[Change] = ()) -> None:
        self._all = tuple(in_force(changes))
        self._names: dict[str, str] = {}

    @property
    def last(self) -> Change | None:
        """The last one that still holds."""
        return self._all[-1] if self._all else None

    def final(self, name: str) -> str:
        """What a type that was once named ``name`` is called now."""
        known = self._names.get(name)
        if known is None:
            known = name
            for change in self._all:
                if change.action in {"rename", "merge"} and change.type == known:
                    known = change.into
            if len(self._names) < 100_000:  # noqa: PLR2004 - a bound, so that new names cannot fill memory
                self._names[name] = known
        return known

    def pinned(self) -> set[str]:
        """The names, as they are now, of types that are pinned."""
        found: set[str] = set()
        for change in self._all:
            if change.action == "pin":
                found.add(self.final(change.type))
            elif change.action == "unpin":
                found.discard(self.final(change.type))
        return found

    def split_keys(self, names: Mapping[str, str]) -> set[str]:
        """The keys of templates whose type was split."""
        split = {change.type for change in self._all if change.action == "split"}
        return {key for key, name in names.items() if {name, self.final(name)} & split}

    def check(self, change: Change, *, known: Collection[str]) -> None:
        """
        Refuse a change that would make no sense.

        Raises:
            BadOption: There is no such type, the name is taken, or it would be its own part.
        """
        if change.action == "undo":
            if self.last is None:
                raise BadOption("There is no change to take back.", effect="Nothing was changed.")
            return
        if change.type not in known:
            raise BadOption(
                f"There is no type {change.type!r}.",
                effect="Nothing was changed.",
                next_step="`suffice types` lists them.",
            )
        if change.action == "rename" and (not change.into or change.into in known):
            raise BadOption(
                f"The name {change.into!r} is taken." if change.into else "A type needs a name.",
                effect="Nothing was renamed.",
                next_step="To make two types one, `suffice types merge`.",
            )
        if change.action == "merge" and (change.into not in known or change.into == change.type):
            raise BadOption(
                f"{change.type!r} cannot be merged into {change.into!r}.",
                effect="Nothing was merged.",
                next_step="Name another type that `suffice types` lists.",
            )
        is_pinned = change.type in self.pinned()
        if is_pinned and change.action != "unpin":
            raise BadOption(
                f"{change.type!r} is pinned.",
                effect="Nothing was changed.",
                next_step=f"First `suffice types unpin {change.type}`.",
            )
        if not is_pinned and change.action == "unpin":
            raise BadOption(f"{change.type!r} is not pinned.", effect="Nothing was changed.")


def in_force(changes: Sequence[Change]) -> list[Change]:
    """
    Those that nobody took back.

    >>> renamed = Change(action="rename", type="a", into="b")
    >>> Changes([renamed, Change(action="undo", type="b")]).final("a")
    'a'
    """
    kept: list[Change] = []
    for change in changes:
        if change.action != "undo":
            kept.append(change)
        elif kept:
            kept.pop()
    return kept
