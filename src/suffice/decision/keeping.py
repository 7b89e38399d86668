"""How sure a Keep is: at which chance of a wrong one it would still be said."""

from __future__ import annotations

import math
from collections.abc import Callable

from suffice.decision.classes import class_gate
from suffice.decision.questions import Question
from suffice.records import Evidence, Word

_LEAST, _STEPS = 1e-12, 24


def keep_level(reason: str, question: Question, evidence: Evidence, *, beta: float) -> float | None:
    """
    The least chance of a wrong Keep at which the same pairs still say Keep, rounded up.

    Args:
        reason: Why it is one, as the verdict has it.
        question: What was asked.
        evidence: Of which pairs.
        beta: At this chance it was said.

    Returns:
        A chance in [1e-12, beta]; None where nothing was proven, at this chance or at all.
    """
    if reason == "worse":
        return _least(question.keeps, beta)
    if reason == "class_gate":
        return _least(lambda chance: class_gate(evidence, beta=chance).word is Word.KEEP, beta)
    return None


def _least(says_keep: Callable[[float], bool], beta: float) -> float | None:
    if not says_keep(beta):
        return None
    if says_keep(_LEAST):
        return _LEAST
    low, high = math.log(_LEAST), math.log(beta)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if says_keep(math.exp(middle)) else (middle, high)
    return min(math.exp(high), beta)
