"""
The question each measure asks of its pairs, and how its evidence answers.

Every question has the same two sides: is the drop beyond the limit ruled out (then Switch),
is being good enough ruled out (then Keep). Bounds are what is not ruled out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from suffice.decision.counted import AgreementCounts, PairedCounts
from suffice.decision.graded import graded_agreement, graded_difference
from suffice.decision.judged import (
    JudgedAgreement,
    is_calibrated,
    is_judged,
    judged_counts,
)
from suffice.decision.measure import choose_measure, floor_of, margin_of
from suffice.records import BandPoint, Evidence, Limits, Measure
from suffice.statistics.betting import Floats, ceiling_bets
from suffice.statistics.walk import Rule


class Question(Protocol):
    """What every measure can be asked."""

    @property
    def pairs(self) -> int:
        """Scored pairs, at least 1."""
        ...

    @property
    def estimate(self) -> float:
        """In the measure's unit."""
        ...

    @property
    def limit(self) -> float:
        """What the lower bound is held against."""
        ...

    @property
    def keep_below(self) -> float:
        """What the upper bound is held against."""
        ...

    @property
    def log_e(self) -> float | None:
        """Natural log of the evidence against "not good enough"; None for a fixed-n test."""
        ...

    @property
    def p_value(self) -> float:
        """Against "not good enough", one-sided."""
        ...

    def lower(self, alpha: float) -> float:
        """One-sided lower bound."""
        ...

    def upper(self, alpha: float) -> float:
        """One-sided upper bound."""
        ...

    def keeps(self, alpha: float) -> bool:
        """Whether "good enough" is ruled out."""
        ...

    def more(self, alpha: float, beta: float) -> int | None:
        """Pairs that would probably settle it; None where unknowable."""
        ...

    def band(self, alpha: float, beta: float) -> tuple[BandPoint, ...]:
        """The bounds as they narrowed, in the order of the pairs."""
        ...


def ask(evidence: Evidence, limits: Limits) -> Question | None:
    """
    The question that these pairs can answer under these limits; None without one pair.

    Raises:
        BadMargin: A margin was given, and neither quality nor a ceiling can be had.
    """
    measure = choose_measure(evidence, limits)
    match measure:
        case Measure.QUALITY:
            return _ask_quality(evidence, limits)
        case Measure.AGREEMENT_CEILING:
            margin = margin_of(measure, limits)
            bets = ceiling_bets((1 - margin) / 1.5)
            return graded_difference(
                ceiling_excess(evidence), margin=margin, highest=0.5, bets=bets
            )
        case Measure.AGREEMENT:
            rule = Rule(floor_of(limits), limits.target, limits.alpha, limits.beta)
            if not evidence.agreement:
                return None
            if is_judged(evidence) and is_calibrated(evidence) and is_binary(evidence.agreement):
                return JudgedAgreement(judged_counts(evidence), rule)
            if is_binary(evidence.agreement):
                return AgreementCounts(evidence.agreement, rule)
            return graded_agreement(_floats(evidence.agreement), rule=rule)


def ceiling_excess(evidence: Evidence) -> Floats:
    """Agreement with the baseline's two runs beyond the baseline's with itself; shape (k,)."""
    first, second, own = (
        _floats(column)
        for column in (
            evidence.first_agreement,
            evidence.second_agreement,
            evidence.self_agreement,
        )
    )
    return np.asarray((first + second) / 2 - own, dtype=np.float64)


def is_binary(scores: Sequence[float]) -> bool:
    """Whether every score is 0 or 1."""
    return scores.count(1.0) + scores.count(0.0) == len(scores)


def _ask_quality(evidence: Evidence, limits: Limits) -> Question | None:
    baseline, candidate = evidence.baseline_quality, evidence.candidate_quality
    if not baseline:
        return None
    differences = _floats(candidate) - _floats(baseline)
    margin = margin_of(Measure.QUALITY, limits)
    if limits.sequential or not (is_binary(baseline) and is_binary(candidate)):
        return graded_difference(differences, margin=margin)
    return PairedCounts(differences, margin)


def _floats(column: Sequence[float]) -> Floats:
    return np.asarray(column, dtype=np.float64)
