"""Measures whose evidence is a few counts: binary agreement, and quality from grades of 0 and 1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from suffice.decision.band import band_places, band_points
from suffice.records import BandPoint
from suffice.statistics.anytime import agreement_band, agreement_lower, agreement_upper
from suffice.statistics.betting import Floats
from suffice.statistics.tango import (
    difference_band,
    difference_lower,
    difference_upper,
    non_inferiority_p_value,
)
from suffice.statistics.walk import Rule, pairs_to_settle, pairs_to_settle_difference


@dataclass(frozen=True)
class AgreementCounts:
    """Binary agreement: two counts say all."""

    scores: Sequence[float]
    rule: Rule

    @cached_property
    def pairs(self) -> int:
        """Scored pairs."""
        return len(self.scores)

    @cached_property
    def agreed(self) -> int:
        """Pairs that agree."""
        return self.scores.count(1.0)

    @property
    def disagreed(self) -> int:
        """Pairs that do not."""
        return self.pairs - self.agreed

    @property
    def estimate(self) -> float:
        """Share that agrees."""
        return self.agreed / self.pairs

    @property
    def limit(self) -> float:
        """The floor."""
        return self.rule.floor

    @property
    def keep_below(self) -> float:
        """The target."""
        return self.rule.target

    @cached_property
    def log_e(self) -> float:
        """Against "agreement is at most the floor"."""
        return self.rule.log_for(self.agreed, self.disagreed)

    @property
    def p_value(self) -> float:
        """Evidence turned round: valid, if never the smallest."""
        return math.exp(min(0.0, -self.log_e))

    def lower(self, alpha: float) -> float:
        """Anytime lower bound."""
        return agreement_lower(self.agreed, self.disagreed, share=self.rule.share_up, alpha=alpha)

    def upper(self, alpha: float) -> float:
        """Anytime upper bound."""
        return agreement_upper(self.agreed, self.disagreed, share=self.rule.share_down, alpha=alpha)

    def keeps(self, alpha: float) -> bool:
        """Whether the target is ruled out."""
        return self.rule.log_against(self.agreed, self.disagreed) >= -math.log(alpha)

    def more(self, alpha: float, beta: float) -> int | None:
        """Median under the posterior predictive."""
        rule = Rule(self.rule.floor, self.rule.target, alpha, beta)
        return pairs_to_settle(rule, self.agreed, self.disagreed)

    def band(self, alpha: float, beta: float) -> tuple[BandPoint, ...]:
        """Bounds at growing counts."""
        at = band_places(self.pairs)
        agreed = np.cumsum(np.asarray(self.scores, dtype=np.float64))[at.astype(int) - 1]
        disagreed = at - agreed
        lower = agreement_band(agreed, disagreed, share=self.rule.share_up, alpha=alpha)
        upper = 1 - agreement_band(disagreed, agreed, share=self.rule.share_down, alpha=beta)
        return band_points(at, agreed / at, lower, upper)


@dataclass(frozen=True)
class PairedCounts:
    """Quality from grades of 0 and 1, the number of cases fixed beforehand: Tango."""

    differences: Floats
    margin: float

    @property
    def pairs(self) -> int:
        """Graded cases."""
        return len(self.differences)

    @cached_property
    def lost(self) -> int:
        """Cases only the baseline got right."""
        return int((self.differences < 0).sum())

    @cached_property
    def won(self) -> int:
        """Cases only the candidate got right."""
        return int((self.differences > 0).sum())

    @property
    def estimate(self) -> float:
        """Candidate minus baseline."""
        return (self.won - self.lost) / self.pairs

    @property
    def limit(self) -> float:
        """Minus the margin."""
        return -self.margin

    @property
    def keep_below(self) -> float:
        """Minus the margin."""
        return -self.margin

    @property
    def log_e(self) -> float | None:
        """None: a fixed-n test."""
        return None

    @cached_property
    def p_value(self) -> float:
        """Tango's score test."""
        return non_inferiority_p_value(self.lost, self.won, self.pairs, margin=self.margin)

    def lower(self, alpha: float) -> float:
        """Tango's bound."""
        return difference_lower(self.lost, self.won, self.pairs, alpha=alpha)

    def upper(self, alpha: float) -> float:
        """Tango's bound."""
        return difference_upper(self.lost, self.won, self.pairs, alpha=alpha)

    def keeps(self, alpha: float) -> bool:
        """Whether even the upper bound is a drop beyond the margin."""
        return self.upper(alpha) < self.keep_below

    def more(self, alpha: float, beta: float) -> int | None:
        """Normal posterior predictive; for a Switch never fewer than clean pairs would take."""
        spread = (self.lost + self.won + 1) / (self.pairs + 1) - self.estimate**2
        found = pairs_to_settle_difference(
            self.estimate,
            math.sqrt(max(spread, 1e-9)),
            pairs=self.pairs,
            widths=(self.estimate - self.lower(alpha), self.upper(beta) - self.estimate),
            limits=(self.limit, self.keep_below),
        )
        if found is None or self.lost > self.won:
            return found
        clean = math.ceil(math.log(alpha) / math.log1p(-self.margin))
        return max(found, clean - self.pairs)

    def band(self, alpha: float, beta: float) -> tuple[BandPoint, ...]:
        """Tango's bounds at growing counts, each valid alone."""
        at = band_places(self.pairs)
        lost = np.cumsum(self.differences < 0, dtype=np.float64)[at.astype(int) - 1]
        won = np.cumsum(self.differences > 0, dtype=np.float64)[at.astype(int) - 1]
        cases = at
        lower = difference_band(lost, won, cases, alpha=alpha)
        upper = -difference_band(won, lost, cases, alpha=beta)
        return band_points(at, (won - lost) / at, lower, upper)
