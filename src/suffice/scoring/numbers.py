"""Numbers: which number an answer gives, however it is written."""

from __future__ import annotations

import math
import re
from typing import Any

import msgspec
from typing_extensions import override

from suffice.records import Score
from suffice.scoring.answer_field import answer_field
from suffice.scoring.reading import TextualScorer, clipped, target_unparseable, unparseable

_LONGEST_TOKEN = 60
_GROUP = "[,\u00a0\u2009\u202f'’]"
_TOKEN = re.compile(
    # Not inside a word (gpt-4, x2) nor after a digit (the 3 of 5-3 is positive).
    r"(?<![\w.])(?P<sign>[-−+]?)\s?(?P<currency>[$€£¥₹]|USD\s|EUR\s|US\$)?\s?(?P<sign2>[-−]?)"
    rf"(?P<digits>\d{{1,3}}(?:{_GROUP}\d{{3}})+(?!\d)(?:\.\d+)?|\d{{1,3}}(?:\.\d{{3}})+,\d+"
    r"|\d+,\d{1,2}(?!\d)|\d+(?:\.\d+)?|\.\d+)"
    r"(?P<exponent>[eE][-+]?\d{1,3})?"
    r"(?:\s?/\s?(?P<divisor>\d+(?:\.\d+)?))?"
    r"\s?(?P<percent>%|percent\b)?"
)
_LATEX = (
    (re.compile(r"\\[dt]?frac\{([^{}]+)\}\{([^{}]+)\}"), r"\1/\2"),
    (re.compile(r"\\[,;!: ]|\\(?:text|mathrm|left|right)\b"), " "),
    (re.compile(r"\\([$%#])"), r"\1"),
)


class Number(msgspec.Struct, frozen=True):
    """A number as read: its value, and whether it was written as a percentage."""

    value: int | float
    percent: bool = False


def read_number(text: str) -> Number | None:
    """
    The number an answer gives.

    A marked answer first (see `answer_field`), else the whole text; of several numbers the last.
    Currency signs and units are dropped; ``1,234``, ``1 234``, ``1.234,50`` and ``1'234`` are
    grouped digits; ``3,5`` is a decimal comma; ``3/4`` is divided; ``45%`` stays marked.

    >>> read_number("She makes 9 * $2 = $18 every day.").value
    18
    >>> read_number('{"reasoning": "7 of 10", "answer": "$1,234.50"}').value
    1234.5
    >>> read_number("no number here") is None
    True
    """
    marked = answer_field(text)
    if marked is not None:
        found = _number_of(marked[0])
        if found is not None:
            return found
    return _last_number(text)


def _number_of(value: Any) -> Number | None:
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return Number(value) if math.isfinite(value) else None
    return _last_number(value) if isinstance(value, str) else None


def _last_number(text: str) -> Number | None:
    for pattern, plain in _LATEX:
        text = pattern.sub(plain, text) if "\\" in text else text
    tokens = list(_TOKEN.finditer(text))
    return _value_of(tokens[-1]) if tokens else None


def _value_of(token: re.Match[str]) -> Number | None:
    digits = token["digits"]
    if len(digits) > _LONGEST_TOKEN:
        return None
    if re.search(r"\.\d{3},\d+$", digits) or re.fullmatch(r"\d+,\d{1,2}", digits):
        digits = digits.replace(".", "").replace(",", ".")
    else:
        digits = re.sub(_GROUP, "", digits)
    whole = digits.isdecimal() and token["exponent"] is None
    value: int | float = int(digits) if whole else float(digits + (token["exponent"] or ""))
    if token["divisor"] is not None:
        divisor = float(token["divisor"])
        if divisor == 0:
            return None
        value = value / divisor
    if "-" in (token["sign"] + token["sign2"]).replace("−", "-"):
        value = -value
    return Number(value, token["percent"] is not None) if math.isfinite(value) else None


class NumberScorer(TextualScorer):
    """
    1 where both sides give the same number within a tolerance, else 0.

    A percentage equals its number and its share: ``45%`` agrees with ``45`` and with ``0.45``.

    Args:
        rel_tol: Largest difference as a share of the larger number, >= 0.
        abs_tol: Largest difference that is always allowed, >= 0.
    """

    def __init__(self, *, rel_tol: float = 1e-9, abs_tol: float = 1e-12) -> None:
        super().__init__()
        self._rel_tol = rel_tol
        self._abs_tol = abs_tol
        # Long identifiers must not agree since they are close as floats.
        self._whole_are_exact = rel_tol <= 1e-6 and abs_tol < 1  # noqa: PLR2004
        self._read: dict[str, Number | None] = {}

    @property
    @override
    def name(self) -> str:
        return "number"

    @override
    def against_answer(self, text: str, target: str) -> Score:
        mine, right = self._number(text), self._number(target)
        if mine is None:
            return unparseable(f"no number in “{clipped(text)}”")
        if right is None:
            return target_unparseable(f"no number in “{clipped(target)}”")
        same = self._same(mine, right)
        return Score(
            value=float(same),
            reason=f"both {_shown(mine)}" if same else f"{_shown(mine)}, not {_shown(right)}",
        )

    def _number(self, text: str) -> Number | None:
        if text in self._read:
            return self._read[text]
        found = read_number(text)
        if len(text) <= 100 and len(self._read) < 100_000:  # noqa: PLR2004 - a memory bound
            self._read[text] = found
        return found

    def _same(self, one: Number, other: Number) -> bool:
        if self._close(one.value, other.value):
            return True
        if one.percent == other.percent:
            return False
        share, plain = (one, other) if one.percent else (other, one)
        return self._close(share.value / 100, plain.value)

    def _close(self, one: float, other: float) -> bool:
        if one == other:
            return True
        if isinstance(one, int) and isinstance(other, int) and self._whole_are_exact:
            return False
        try:
            return math.isclose(one, other, rel_tol=self._rel_tol, abs_tol=self._abs_tol)
        except OverflowError:
            return False


def _shown(number: Number) -> str:
    return f"{number.value}{'%' if number.percent else ''}"
