"""The rule tried on itself: how often it would be wrong, at these very limits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from suffice.decision.measure import check_limits, floor_of, margin_of
from suffice.records import Limits, Measure
from suffice.statistics.betting import DIFFERENCE_BETS, Floats, ceiling_bets
from suffice.statistics.certificate import (
    CertificateRow,
    agreement_row,
    agreement_row_once,
    quality_row_once,
    simulated_row,
    usual_rule,
)
from suffice.statistics.walk import Rule

_RUNS = 2000
_SEED = 20_261_122
_RECORDED_PAIRS = 300
_SIMULATED = f"simulated, {_RUNS:,} runs a row, fixed seed"


@dataclass(frozen=True, slots=True)
class Certificate:
    """
    What the rule does at a range of truths.

    Attributes:
        measure: What is measured.
        pairs: Most pairs of a live run, or the fixed number of recorded ones.
        rows: By truth, ascending; the rule's limit and its "as good" are among them.
        wrong_switch: Chance of a Switch exactly at the limit, of one decision.
        wrong_switch_any: The same of at least one decision, all of them at their limit.
        missed_saving: Chance of no Switch where the candidate is as good.
        usual_wrong: Chance that "50 cases, 95 % match" accepts at the limit.
        usual_missed: Chance that it rejects where the candidate is as good.
        method: ``exact``, or how it was simulated.
        assumes: What the figures rest on besides independent pairs.
    """

    measure: Measure
    pairs: int
    rows: tuple[CertificateRow, ...]
    wrong_switch: float
    wrong_switch_any: float
    missed_saving: float
    usual_wrong: float
    usual_missed: float
    method: str
    assumes: str = ""


def certificate(
    limits: Limits,
    *,
    measure: Measure = Measure.AGREEMENT,
    pairs: int | None = None,
    discordant: float = 0.06,
    self_agreement: float = 0.944,
) -> Certificate:
    """
    How often the rule at these limits is wrong, beside "50 cases, 95 % match".

    Agreement, and quality from a fixed number of cases, are computed exactly; what bets on
    differences is simulated with a fixed seed, 2,000 runs a row.

    Args:
        limits: As for `decide`; ``decisions`` shares alpha.
        measure: What would be measured.
        pairs: Of a recorded run; 300 if not given. A live run looks after every pair up to
            ``limits.n_max``.
        discordant: For quality: share of cases that only one model gets right.
        self_agreement: For the ceiling: the baseline's agreement with itself, above 1/2.

    Raises:
        BadOption: A limit outside its range.

    >>> ours = certificate(Limits(sequential=True))
    >>> f"{ours.wrong_switch:.3f} instead of {ours.usual_wrong:.3f}"
    '0.041 instead of 0.112'
    """
    check_limits(limits)
    fixed = limits.n_max if limits.sequential else pairs or _RECORDED_PAIRS
    match measure:
        case Measure.AGREEMENT:
            return _of_agreement(limits, fixed)
        case Measure.QUALITY:
            return _of_quality(limits, fixed, discordant)
        case Measure.AGREEMENT_CEILING:
            return _of_ceiling(limits, fixed, self_agreement)


def _of_agreement(limits: Limits, pairs: int) -> Certificate:
    floor, target = floor_of(limits), limits.target
    decisions = max(limits.decisions, 1)
    rule = Rule(floor, target, limits.alpha / decisions, limits.beta)
    step = target - floor
    truths = (floor - step, floor, (floor + target) / 2, target, (1 + target) / 2)
    rows = tuple(
        agreement_row(rule, truth, decisions=decisions, cap=pairs)
        if limits.sequential
        else agreement_row_once(rule, truth, decisions=decisions, pairs=pairs)
        for truth in truths
        if 0 <= truth <= 1
    )
    return _certificate(Measure.AGREEMENT, pairs, rows, (floor, target), "exact")


def _of_quality(limits: Limits, pairs: int, discordant: float) -> Certificate:
    margin = margin_of(Measure.QUALITY, limits)
    decisions = max(limits.decisions, 1)

    def row(truth: float) -> CertificateRow:
        if limits.sequential:
            return _live_quality_row(limits, margin, discordant, truth, pairs)
        return quality_row_once(
            truth,
            margin=margin,
            alpha=limits.alpha / decisions,
            decisions=decisions,
            pairs=pairs,
            discordant=discordant,
        )

    rows = tuple(row(share * margin) for share in (-3, -2, -1, -1 / 2, 0, 1 / 2))
    method = _SIMULATED if limits.sequential else "exact"
    assumes = f"{100 * discordant:g}% of the cases are right for only one model"
    return _certificate(Measure.QUALITY, pairs, rows, (-margin, 0.0), method, assumes)


def _live_quality_row(
    limits: Limits, margin: float, discordant: float, truth: float, pairs: int
) -> CertificateRow:
    discordant = max(discordant, abs(truth))
    lost, won = (discordant - truth) / 2, (discordant + truth) / 2
    kinds = np.array([-1.0, 0.0, 1.0]), np.array([lost, 1 - lost - won, won])
    shape = (truth, pairs, 1.0)
    return _simulated(kinds, shape, limits=limits, margin=margin, usual=usual_rule(1 - discordant))


def _of_ceiling(limits: Limits, pairs: int, self_agreement: float) -> Certificate:
    margin = margin_of(Measure.AGREEMENT_CEILING, limits)
    off = (1 - (2 * self_agreement - 1) ** 0.5) / 2
    rows = []
    for share in (-3, -2, -1, -1 / 2, 0):
        truth = share * margin
        kinds = _triples(off, min((1 - off - self_agreement - truth) / (1 - 2 * off), 1.0))
        shape = (truth, pairs, 0.5)
        usual = usual_rule(self_agreement + truth)
        rows.append(_simulated(kinds, shape, limits=limits, margin=margin, usual=usual))
    assumes = (
        "a case has two possible answers, and the baseline agrees with itself in"
        f" {100 * self_agreement:g}%"
    )
    return _certificate(
        Measure.AGREEMENT_CEILING, pairs, tuple(rows), (-margin, 0.0), _SIMULATED, assumes
    )


def _triples(off: float, candidate_off: float) -> tuple[Floats, Floats]:
    """Excess agreement and its chances where an answer strays from the usual one by chance."""
    values, chances = [], []
    for first in (0, 1):
        for second in (0, 1):
            for candidate in (0, 1):
                agree = ((candidate == first) + (candidate == second)) / 2
                values.append(agree - (first == second))
                chance = candidate_off if candidate else 1 - candidate_off
                for run in (first, second):
                    chance *= off if run else 1 - off
                chances.append(chance)
    return np.array(values, dtype=np.float64), np.array(chances, dtype=np.float64)


def _simulated(
    kinds: tuple[Floats, Floats],
    shape: tuple[float, int, float],
    *,
    limits: Limits,
    margin: float,
    usual: float,
) -> CertificateRow:
    """One row by simulation; shape: the truth, the most pairs, the highest value bet on."""
    values, chances = kinds
    truth, pairs, highest = shape
    unit = 1 + highest
    null = (1 - margin) / unit
    decisions = max(limits.decisions, 1)
    draws = np.random.default_rng(_SEED).choice(len(values), size=(_RUNS, pairs), p=chances)
    return simulated_row(
        draws,
        truth,
        sides=(
            (
                (values + 1) / unit,
                null,
                DIFFERENCE_BETS if highest == 1 else ceiling_bets(null),
                limits.alpha / decisions,
            ),
            ((1 - values) / 2, (1 + margin) / 2, DIFFERENCE_BETS, limits.beta),
        ),
        once=not limits.sequential,
        decisions=decisions,
        usual=usual,
    )


def _at(rows: tuple[CertificateRow, ...], truth: float) -> CertificateRow:
    return min(rows, key=lambda row: abs(row.truth - truth))


def _certificate(
    measure: Measure,
    pairs: int,
    rows: tuple[CertificateRow, ...],
    limit_and_good: tuple[float, float],
    method: str,
    assumes: str = "",
) -> Certificate:
    limit, good = (_at(rows, value) for value in limit_and_good)
    return Certificate(
        measure=measure,
        pairs=pairs,
        rows=rows,
        wrong_switch=limit.course.switch,
        wrong_switch_any=limit.switch_any,
        missed_saving=1 - good.course.switch,
        usual_wrong=limit.usual,
        usual_missed=1 - good.usual,
        method=method,
        assumes=assumes,
    )
