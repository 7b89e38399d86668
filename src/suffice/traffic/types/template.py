"""A template: the lines its requests share, and where something else may stand between them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping

import msgspec

GAP = "⋯"
DOCUMENT_LINES = 3


class Template(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    One version of one prompt, as it was learnt.

    Attributes:
        key: The hash that names it for ever.
        app: The application it belongs to.
        rest: What `rest_key` says of its requests.
        units: The lines that stay, in their order.
        gaps: Before which of them, counted from 0, something else may stand.
        rooms: How many lines were seen there at most; aligned with ``gaps``.
        exact: ``units`` is one whole text, seen too seldom to say what in it stays.
        opening: It was learnt from first user turns, of the type with this key.
        seen: Requests it was learnt from.
        related: The key of the template it seems to be another version of; empty without one.
    """

    key: str
    app: str = ""
    rest: str = ""
    units: tuple[str, ...] = ()
    gaps: tuple[int, ...] = ()
    rooms: tuple[int, ...] = ()
    exact: bool = False
    opening: str = ""
    seen: int = 0
    related: str = ""

    def fits(self, gaps: Mapping[int, int]) -> bool:
        """
        Whether a prompt with the same units may have these gaps, by their lines.

        Where a value of one or two lines stood, one line more is an edit; where documents stood,
        any number may.

        >>> Template(key="k", units=("a",), gaps=(0,), rooms=(1,)).fits({0: 2})
        False
        """
        known = dict(zip(self.gaps, self.rooms, strict=True))
        return all(
            place in known and (lines <= known[place] or known[place] >= DOCUMENT_LINES)
            for place, lines in gaps.items()
        )

    def text(self) -> str:
        """The template as a person reads it, with a mark for each place where things change."""
        lines = []
        for place, unit in enumerate((*self.units, None)):
            if place in self.gaps:
                lines.append(GAP)
            if unit is not None:
                lines.append(unit)
        return "\n".join(lines)


def skeleton(
    lines: Iterable[str], unit_of: Callable[[str], str | None]
) -> tuple[tuple[str, ...], dict[int, int]]:
    """
    The units that stay, and before which of them how many lines of something else stand.

    >>> skeleton(["a", "?", "?", "b"], lambda line: None if line == "?" else line)
    (('a', 'b'), {1: 2})
    """
    units: list[str] = []
    gaps: dict[int, int] = {}
    for line in lines:
        unit = unit_of(line)
        if unit is not None:
            units.append(unit)
        else:
            gaps[len(units)] = gaps.get(len(units), 0) + 1
    return tuple(units), gaps


def template_key(app: str, rest: str, text: str, *, opening: str = "") -> str:
    """
    The name of a template: the same wherever and whenever it is computed.

    >>> template_key("", "", "Sort it.") == template_key("", "", "Sort it.")
    True
    """
    parts = msgspec.json.encode([app, rest, opening, text.encode("utf-8", "backslashreplace")])
    return hashlib.blake2b(parts, digest_size=8).hexdigest()
