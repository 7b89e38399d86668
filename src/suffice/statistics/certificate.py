"""What a rule does at given truths, computed or simulated, beside the rule most people use."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import bdtr, bdtrc

from suffice.statistics.betting import Bets, Floats
from suffice.statistics.tango import switch_chance
from suffice.statistics.walk import Course, Rule, course, edges

USUAL_CASES = 50
USUAL_MATCHES = 48


@dataclass(frozen=True, slots=True)
class CertificateRow:
    """
    What becomes of the rule, and of "50 cases, 95 % match", at one truth.

    Attributes:
        truth: In the unit of the measure: agreement, or a difference.
        course: Of one decision under our rule.
        switch_any: Chance that at least one of all decisions switches, all at this truth.
        usual: Chance that the usual rule accepts.
        usual_any: Chance that it accepts at least one of all.
    """

    truth: float
    course: Course
    switch_any: float
    usual: float
    usual_any: float


def usual_rule(agreement: float) -> float:
    """
    How often "50 cases, at least 95 % match" accepts.

    >>> [round(usual_rule(p), 3) for p in (0.80, 0.85, 0.90, 0.92, 0.95, 0.97, 0.99)]
    [0.001, 0.014, 0.112, 0.226, 0.541, 0.811, 0.986]
    """
    return float(bdtrc(USUAL_MATCHES - 1, USUAL_CASES, agreement))


def agreement_row(rule: Rule, truth: float, *, decisions: int, cap: int) -> CertificateRow:
    """
    Agreement, looked at after every pair: exact.

    Args:
        rule: Of one decision, alpha already shared.
        truth: True agreement.
        decisions: How many share the promise.
        cap: Most pairs.
    """
    return _row(truth, course(rule, truth, cap=cap), usual_rule(truth), decisions)


def agreement_row_once(rule: Rule, truth: float, *, decisions: int, pairs: int) -> CertificateRow:
    """Agreement, looked at once after a fixed number of pairs: exact."""
    most, fewest = edges(rule).at(pairs)
    switch = float(bdtr(most, pairs, 1 - truth)) if most >= 0 else 0.0
    fewest = max(fewest, most + 1)
    keep = float(bdtrc(fewest - 1, pairs, 1 - truth)) if fewest <= pairs else 0.0
    found = Course(float(pairs), switch, keep, max(0.0, 1 - switch - keep))
    return _row(truth, found, usual_rule(truth), decisions)


def quality_row_once(
    truth: float, *, margin: float, alpha: float, decisions: int, pairs: int, discordant: float
) -> CertificateRow:
    """
    Quality from grades of 0 and 1 after a fixed number of cases: exact.

    Args:
        truth: True difference, candidate minus baseline.
        margin: Positive, as a share of 1.
        alpha: Of one decision, already shared.
        decisions: How many share the promise.
        pairs: Graded cases.
        discordant: Share of cases that only one of the two gets right.
    """
    discordant = max(discordant, abs(truth))
    switch = switch_chance(
        pairs, difference=truth, discordant=discordant, margin=margin, alpha=alpha
    )
    # Keep mirrors Switch: the roles of lost and won, and of the margin's sign, change places.
    keep = _keep_chance(pairs, truth, discordant, margin, alpha)
    found = Course(float(pairs), switch, keep, max(0.0, 1 - switch - keep))
    return _row(truth, found, usual_rule(1 - discordant), decisions)


def simulated_row(
    draws: NDArray[np.int64],
    truth: float,
    *,
    sides: tuple[tuple[Floats, float, Bets, float], tuple[Floats, float, Bets, float]],
    once: bool,
    decisions: int,
    usual: float,
) -> CertificateRow:
    """
    A rule that bets on differences: simulated.

    Args:
        draws: Which of k kinds each simulated pair is; shape (runs, pairs), integers 0..k-1.
        truth: The true mean the draws were made with.
        sides: For Switch and for Keep: score per kind, null, bets, alpha.
        once: Looked at only after the last pair, rather than after every one.
        decisions: How many share the promise.
        usual: Chance that the usual rule accepts.
    """
    pairs = draws.shape[1]
    switch_at, keep_at = (_first_crossing(draws, *side, once=once) for side in sides)
    switch = float(((switch_at <= keep_at) & (switch_at < pairs)).mean())
    keep = float(((keep_at < switch_at) & (keep_at < pairs)).mean())
    stopped = np.minimum(np.minimum(switch_at, keep_at) + 1, pairs)
    found = Course(float(stopped.mean()), switch, keep, 1 - switch - keep)
    return _row(truth, found, usual, decisions)


def _first_crossing(
    draws: NDArray[np.int64], scores: Floats, null: float, bets: Bets, alpha: float, *, once: bool
) -> Floats:
    """Index of the first pair at which wealth reaches 1/alpha; the number of pairs if never."""
    wealth: Floats = np.full(draws.shape, -np.inf)
    for fraction, weight in zip(bets.fractions, bets.weights, strict=True):
        growth = np.log1p(fraction * (scores / null - 1))
        wealth = np.logaddexp(wealth, np.cumsum(growth[draws], axis=1) + math.log(weight))
    reached = wealth >= -math.log(alpha)
    if once:
        reached[:, :-1] = False
    first = np.where(reached.any(axis=1), reached.argmax(axis=1), draws.shape[1])
    return np.asarray(first, dtype=np.float64)


def _keep_chance(pairs: int, truth: float, discordant: float, margin: float, alpha: float) -> float:
    return switch_chance(
        pairs, difference=-truth, discordant=discordant, margin=-margin, alpha=alpha
    )


def _row(truth: float, found: Course, usual: float, decisions: int) -> CertificateRow:
    return CertificateRow(
        truth, found, _any_of(found.switch, decisions), usual, _any_of(usual, decisions)
    )


def _any_of(chance: float, decisions: int) -> float:
    return 1 - (1 - chance) ** decisions
