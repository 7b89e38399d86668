"""Two JSON values -> how many of their fields agree, and which do not."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from typing import Any

import msgspec
import numpy as np
from rapidfuzz import fuzz

from suffice import scoring
from suffice.errors import BadOption
from suffice.scoring.dates import same_moment

_SHOWN_PATHS = 40
_MOST_TRIALS = 300_000
_LONGEST_FUZZY = 10_000
_INDEX = re.compile(r"\[\d+\]")
_SMALL = 1e-9


class JsonRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """
    When two fields agree.

    Attributes:
        fields: Only these paths count, e.g. ``["category", "items.price"]``; empty: all.
        ignore: These paths do not count.
        rel_tol: Largest difference of two numbers as a share of the larger, >= 0.
        abs_tol: Largest difference of two numbers that is always allowed, >= 0.
        dates: Whether two spellings of one date agree; an ambiguous day and month never do.
        string_ratio: Similarity in (0, 1] from which two texts agree; None: only the same text.
        ignore_case: Whether upper and lower case of texts are the same.
        order: ``keep``: arrays agree place by place; ``ignore``: in their best pairing;
            ``auto``: as ``ignore``, but arrays of numbers keep their order.
        number_text: Whether ``"9.00"`` agrees with 9.0.
        null_is_missing: Whether a null agrees with an absent key.
    """

    fields: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    rel_tol: float = 1e-9
    abs_tol: float = 1e-12
    dates: bool = True
    string_ratio: float | None = None
    ignore_case: bool = False
    order: str = "auto"
    number_text: bool = False
    null_is_missing: bool = False

    def __post_init__(self) -> None:
        """Refuse what no comparison could honour."""
        if self.order not in {"auto", "keep", "ignore"}:
            raise BadOption(f"order={self.order!r} is none of auto, keep, ignore.")
        if self.string_ratio is not None and not 0 < self.string_ratio <= 1:
            raise BadOption(f"string_ratio={self.string_ratio} lies outside (0, 1].")
        if min(self.rel_tol, self.abs_tol) < 0:
            raise BadOption("A tolerance is negative.")


class Difference(msgspec.Struct, frozen=True):
    """
    How two values compare.

    Attributes:
        matched: Fields that agree.
        total: Fields on either side; at least 1.
        paths: Where they differ, up to 40.
        in_order: Whether arrays too large to be paired were compared in order after all.
    """

    matched: int
    total: int
    paths: tuple[str, ...] = ()
    in_order: bool = False

    @property
    def score(self) -> float:
        """The share of fields that agree, in [0, 1]."""
        return self.matched / self.total


def compare_json(left: Any, right: Any, *, rules: JsonRules | None = None) -> Difference:
    """
    Compare two JSON values field by field.

    A field is a value that is no object and no array, or an empty one. A field on one side only
    counts as a difference, with all that lies below it. Symmetric, but for the indices in
    ``paths``, which are those of ``left``.

    Args:
        left: Any JSON value, nested at most 100 deep.
        right: The same.
        rules: When two fields agree.

    Source:
        Best pairing of array elements: Hungarian method (`scipy.optimize.linear_sum_assignment`),
        maximising agreeing fields, after equal elements have been paired.

    >>> difference = compare_json({"a": 1, "b": [2, "x"]}, {"b": ["x", 2], "a": 3})
    >>> difference.matched, difference.total, difference.paths
    (2, 3, ('a',))
    """
    rules = rules or JsonRules()
    found: list[str] = []
    try:
        matched, total = _Walk(rules).compare(left, right, "", found)
        in_order = False
    except _TooMany:
        found = []
        rules = msgspec.structs.replace(rules, order="keep")
        matched, total = _Walk(rules).compare(left, right, "", found)
        in_order = True
    if total == 0:
        return Difference(1, 1)
    return Difference(matched, total, tuple(dict.fromkeys(found))[:_SHOWN_PATHS], in_order)


class _TooMany(Exception):
    """Finding the best pairing would take longer than it is worth."""


class _Walk:
    def __init__(self, rules: JsonRules) -> None:
        self._rules = rules
        self._trials = 0

    def compare(self, left: Any, right: Any, path: str, paths: list[str] | None) -> tuple[int, int]:
        """Agreeing fields and all fields; differing paths are added to ``paths``."""
        if paths is None:
            self._trials += 1
            if self._trials > _MOST_TRIALS:
                raise _TooMany
        if isinstance(left, dict) and isinstance(right, dict) and (left or right):
            return self._objects(left, right, path, paths)
        if isinstance(left, list) and isinstance(right, list) and (left or right):
            return self._arrays(left, right, path, paths)
        if not self._counts(path):
            return 0, 0
        if isinstance(left, dict | list) or isinstance(right, dict | list):
            if left == right:
                return 1, 1
            return self._missed(path, max(self._size(left, path), self._size(right, path)), paths)
        same = self.same_leaf(left, right)
        if not same and paths is not None:
            paths.append(path or "$")
        return int(same), 1

    def _objects(
        self, left: dict[str, Any], right: dict[str, Any], path: str, paths: list[str] | None
    ) -> tuple[int, int]:
        matched = total = 0
        for key in sorted(left.keys() | right.keys()):
            below = f"{path}.{key}" if path else key
            if key in left and key in right:
                fields = self.compare(left[key], right[key], below, paths)
            else:
                only = left[key] if key in left else right[key]
                if only is None and self._rules.null_is_missing:
                    continue
                fields = self._missed(below, self._size(only, below), paths)
            matched, total = matched + fields[0], total + fields[1]
        return matched, total

    def _arrays(
        self, left: list[Any], right: list[Any], path: str, paths: list[str] | None
    ) -> tuple[int, int]:
        pairs = self._pairing(left, right, path)
        matched = total = 0
        for at, to in pairs:
            fields = self.compare(left[at], right[to], f"{path}[{at}]", paths)
            matched, total = matched + fields[0], total + fields[1]
        mine, theirs = {at for at, _ in pairs}, {to for _, to in pairs}
        lone = [(at, left[at]) for at in range(len(left)) if at not in mine]
        lone += [(to, right[to]) for to in range(len(right)) if to not in theirs]
        for at, value in lone:
            below = f"{path}[{at}]"
            total += self._missed(below, self._size(value, below), paths)[1]
        return matched, total

    def _pairing(self, left: list[Any], right: list[Any], path: str) -> list[tuple[int, int]]:
        numbers = all(isinstance(x, int | float) and not isinstance(x, bool) for x in left + right)
        in_order = list(zip(range(len(left)), range(len(right)), strict=False))
        if self._rules.order == "keep" or (self._rules.order == "auto" and numbers):
            return in_order
        pairs, rest_left, rest_right = _equal_elements(left, right)
        if not rest_left or not rest_right:
            return pairs
        if len(rest_left) * len(rest_right) > _MOST_TRIALS:
            raise _TooMany
        gain = np.empty((len(rest_left), len(rest_right)))
        for i, at in enumerate(rest_left):
            for j, to in enumerate(rest_right):
                matched, total = self.compare(left[at], right[to], f"{path}[0]", None)
                gain[i, j] = matched - _SMALL * total
        chosen = scoring.best_pairing(gain)  # loaded by the first array that needs it
        return pairs + [(rest_left[row], rest_right[column]) for row, column in chosen]

    def _missed(self, path: str, size: int, paths: list[str] | None) -> tuple[int, int]:
        if size and paths is not None:
            paths.append(path or "$")
        return 0, size

    def _size(self, value: Any, path: str) -> int:
        """How many counted fields a value holds."""
        if isinstance(value, dict) and value:
            return sum(
                self._size(inner, f"{path}.{key}" if path else key) for key, inner in value.items()
            )
        if isinstance(value, list) and value:
            return sum(self._size(inner, f"{path}[0]") for inner in value)
        return int(self._counts(path))

    def _counts(self, path: str) -> bool:
        rules = self._rules
        if not rules.fields and not rules.ignore:
            return True
        plain = _without_indices(path)
        if any(_covers(ignored, plain) for ignored in rules.ignore):
            return False
        return not rules.fields or any(_covers(field, plain) for field in rules.fields)

    def same_leaf(self, left: Any, right: Any) -> bool:
        """Whether two single values agree."""
        rules = self._rules
        if isinstance(left, str) and isinstance(right, str):
            return self._same_text(left, right)
        if isinstance(left, bool) or isinstance(right, bool) or left is None or right is None:
            return left is right
        if rules.number_text:
            left, right = _number_in(left), _number_in(right)
        if isinstance(left, int | float) and isinstance(right, int | float):
            return _close(left, right, rules)
        return False

    def _same_text(self, left: str, right: str) -> bool:
        rules = self._rules
        one, other = _plain(left), _plain(right)
        if rules.ignore_case:
            one, other = one.casefold(), other.casefold()
        if one == other or (rules.dates and same_moment(one, other)):
            return True
        if rules.number_text:
            numbers = _number_in(one), _number_in(other)
            if isinstance(numbers[0], float) and isinstance(numbers[1], float):
                return _close(numbers[0], numbers[1], rules)
        if rules.string_ratio is None or max(len(one), len(other)) > _LONGEST_FUZZY:
            return False
        return fuzz.ratio(one, other) >= 100 * rules.string_ratio


def _equal_elements(
    left: list[Any], right: list[Any]
) -> tuple[list[tuple[int, int]], list[int], list[int]]:
    """Pairs of equal elements, and the indices left over on each side."""
    places: dict[str, list[int]] = {}
    for to in range(len(right) - 1, -1, -1):
        places.setdefault(_key(right[to]), []).append(to)
    pairs, rest_left = [], []
    for at, value in enumerate(left):
        same = places.get(_key(value))
        if same:
            pairs.append((at, same.pop()))
        else:
            rest_left.append(at)
    rest_right = sorted(to for same in places.values() for to in same)
    return pairs, rest_left, rest_right


def _key(value: Any) -> str:
    return json.dumps(value, sort_keys=True)


def _plain(text: str) -> str:
    flat = " ".join(text.split())
    return flat if flat.isascii() else unicodedata.normalize("NFC", flat)


def _close(left: float, right: float, rules: JsonRules) -> bool:
    if left == right:
        return True
    try:
        return math.isclose(left, right, rel_tol=rules.rel_tol, abs_tol=rules.abs_tol)
    except OverflowError:
        return False


def _number_in(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        number = float(value.strip().replace(",", ""))
    except ValueError:
        return value
    return number if math.isfinite(number) else value


def _without_indices(path: str) -> str:
    return _INDEX.sub("", path)


def _covers(field: str, plain_path: str) -> bool:
    return plain_path == field or plain_path.startswith(field + ".")
