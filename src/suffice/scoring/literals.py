"""Values: answers that are a literal, as Python or JSON writes it."""

from __future__ import annotations

import ast
import json
import warnings
from typing import Any

import msgspec
from typing_extensions import override

from suffice.records import Score
from suffice.scoring.answer_field import answer_field
from suffice.scoring.reading import TextualScorer, as_text, clipped

_LONGEST = 20_000
_QUOTES = "\"'`"


class Literal(msgspec.Struct, frozen=True):
    """A value, and the text it was written as without quotes."""

    value: Any
    text: str


def read_literal(text: str) -> Literal:
    """
    The value a text writes; text that is no literal stands for itself.

    >>> read_literal("[(1, 'a')]").value
    [(1, 'a')]
    >>> read_literal("plain words").value
    'plain words'
    """
    stripped = text.strip()
    bare = stripped
    if len(bare) > 1 and bare[0] == bare[-1] and bare[0] in _QUOTES:
        bare = bare[1:-1]
    if len(stripped) > _LONGEST:
        return Literal(bare, bare)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an odd escape in an answer is not our warning
            return Literal(ast.literal_eval(stripped), bare)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        pass
    try:
        return Literal(json.loads(stripped, parse_constant=str), bare)
    except (ValueError, RecursionError):
        return Literal(bare, bare)


class LiteralScorer(TextualScorer):
    """
    1 where both sides write the same value, else 0.

    A marked answer is read first (see `answer_field`). Spacing, the kind of quotes and the order
    of keys do not count; types do (``1`` is not ``True``), but quotes left off around a whole
    text do not.
    """

    @property
    @override
    def name(self) -> str:
        return "literal"

    @override
    def against_answer(self, text: str, target: str) -> Score:
        return _compared(_marked(text), _marked(target))

    @override
    def against_reference(self, text: str, reference: Any) -> Score:
        mine = _marked(text)
        if not isinstance(reference, str):
            return _compared(mine, Literal(reference, as_text(reference)))
        return _compared(mine, read_literal(reference))


def _compared(mine: Literal, right: Literal) -> Score:
    if _same(mine, right):
        return Score(value=1.0, reason=f"both {clipped(right.text)}")
    return Score(reason=f"{clipped(mine.text)}, not {clipped(right.text)}")


def _marked(text: str) -> Literal:
    found = answer_field(text)
    if found is None:
        return read_literal(text)
    value = found[0]
    return read_literal(value) if isinstance(value, str) else Literal(value, as_text(value))


def _same(one: Literal, other: Literal) -> bool:
    if same_value(one.value, other.value):
        return True
    # '2' written without its quotes reads as a number, though it is the same text.
    return isinstance(one.value, str) != isinstance(other.value, str) and one.text == other.text


def same_value(one: Any, other: Any) -> bool:
    """
    Whether two literals are the same value, telling ``True`` from ``1`` at any depth.

    >>> same_value({"a": [1]}, {"a": [1.0]}), same_value([True], [1])
    (True, False)
    """
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, int | float) and isinstance(other, int | float):
        return one == other or (one != one and other != other)  # noqa: PLR0124 - nan is nan here
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same_value(one[k], other[k]) for k in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same_value, one, other))
    return bool(one == other)
