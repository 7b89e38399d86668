"""A template: the lines its requests share, and where something else may stand between them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable

import msgspec

GAP = "⋯"


class Template(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    One version of one prompt, as it was learnt.

    Attributes:
        key: The hash that names it for ever.
        app: The application it belongs to.
        rest: What `rest_key` says of its requests.
        units: The lines that stay, in their order.
        gaps: Before which of them, counted from 0, something else may stand.
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
    exact: bool = False
    opening: str = ""
    seen: int = 0
    related: str = ""

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
) -> tuple[tuple[str, ...], tuple[int, ...]]:
    """
    The units that stay, and before which of them something else stands.

    >>> skeleton(["a", "?", "?", "b"], lambda line: None if line == "?" else line)
    (('a', 'b'), (1,))
    """
    units: list[str] = []
    gaps: list[int] = []
    for line in lines:
        unit = unit_of(line)
        if unit is not None:
            units.append(unit)
        elif not gaps or gaps[-1] != len(units):
            gaps.append(len(units))
    return tuple(units), tuple(gaps)


def template_key(app: str, rest: str, text: str, *, opening: str = "") -> str:
    """
    The name of a template: the same wherever and whenever it is computed.

    >>> template_key("", "", "Sort it.") == template_key("", "", "Sort it.")
    True
    """
    parts = msgspec.json.encode([app, rest, opening, text.encode("utf-8", "backslashreplace")])
    return hashlib.blake2b(parts, digest_size=8).hexdigest()
