"""Exact agreement: the same characters, but for surrounding whitespace and Unicode spelling."""

from __future__ import annotations

import unicodedata

from typing_extensions import override

from suffice.records import Score
from suffice.scoring.reading import TextualScorer, clipped

_SAME = Score(value=1.0, reason="the same text")


def exact_form(text: str) -> str:
    r"""
    The text in Unicode's composed form, without whitespace around it.

    >>> exact_form("  Cafe\u0301 ") == "Café"
    True
    """
    trimmed = text.strip()
    return trimmed if trimmed.isascii() else unicodedata.normalize("NFC", trimmed)


class ExactScorer(TextualScorer):
    """1 where both texts are the same, else 0. Case, punctuation and inner spaces count."""

    @property
    @override
    def name(self) -> str:
        return "exact"

    @override
    def against_answer(self, text: str, target: str) -> Score:
        left, right = exact_form(text), exact_form(target)
        if left == right:
            return _SAME
        return Score(reason=f"“{clipped(left)}” is not “{clipped(right)}”")
