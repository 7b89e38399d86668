"""Measures whose evidence is a product of bets: graded scores, and differences watched live."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from suffice.decision.band import band_places, band_points
from suffice.records import BandPoint
from suffice.statistics.anytime import mean_band, mean_lower
from suffice.statistics.betting import (
    DIFFERENCE_BETS,
    Bets,
    Floats,
    graded_bets,
    log_wealth,
    tally,
)
from suffice.statistics.walk import Rule, pairs_to_settle_difference

_BAND_LEVELS = 64
_FEWEST_TO_FORESEE = 5


@dataclass(frozen=True)
class Side:
    """One direction of a graded question: scores turned so that more speaks for the claim."""

    scores: Floats
    null: float
    bets: Bets

    @cached_property
    def _tally(self) -> tuple[Floats, Floats]:
        return tally(self.scores)

    @cached_property
    def log_e(self) -> float:
        """Evidence that the mean exceeds the null."""
        scores, counts = self._tally
        return log_wealth(scores, counts, null=self.null, bets=self.bets)

    def lower(self, alpha: float) -> float:
        """Anytime lower bound of the mean."""
        scores, counts = self._tally
        return mean_lower(scores, counts, bets=self.bets, alpha=alpha)

    def band(self, at: Floats, alpha: float) -> Floats:
        """The same at growing numbers of pairs, from scores rounded down to 64 steps if need be."""
        distinct, codes = np.unique(self.scores, return_inverse=True)
        if len(distinct) > _BAND_LEVELS:
            rounded = np.floor(self.scores * _BAND_LEVELS) / _BAND_LEVELS
            distinct, codes = np.unique(rounded, return_inverse=True)
        seen = np.zeros((len(at), len(distinct)))
        start = 0
        for row, stop in enumerate(at.astype(int)):
            seen[row] = np.bincount(codes[start:stop], minlength=len(distinct))
            start = stop
        return mean_band(distinct, np.cumsum(seen, axis=0), bets=self.bets, alpha=alpha)


@dataclass(frozen=True)
class Graded:
    """
    Any measure with graded scores, or looked at while it runs: bets on both sides.

    Attributes:
        values: Per pair, in the measure's unit; shape (n,).
        up: Bets that the mean is above the limit, on ``(value - up_from) / up_unit``.
        down: Bets that it is below ``keep_below``, on ``(down_from - value) / down_unit``.
    """

    values: Floats
    limit: float
    keep_below: float
    up: Side
    down: Side
    up_scale: tuple[float, float]
    down_scale: tuple[float, float]

    @property
    def pairs(self) -> int:
        """Scored pairs."""
        return len(self.values)

    @cached_property
    def estimate(self) -> float:
        """Mean."""
        return float(self.values.mean())

    @property
    def log_e(self) -> float:
        """Against "not good enough"."""
        return self.up.log_e

    @property
    def p_value(self) -> float:
        """Evidence turned round."""
        return math.exp(min(0.0, -self.log_e))

    def lower(self, alpha: float) -> float:
        """Anytime lower bound."""
        start, unit = self.up_scale
        return start + unit * self.up.lower(alpha)

    def upper(self, alpha: float) -> float:
        """Anytime upper bound."""
        start, unit = self.down_scale
        return start - unit * self.down.lower(alpha)

    def keeps(self, alpha: float) -> bool:
        """Whether "good enough" is ruled out."""
        return self.down.log_e >= -math.log(alpha)

    def more(self, alpha: float, beta: float) -> int | None:
        """Bounds narrowing with the square root of the pairs."""
        if self.pairs < _FEWEST_TO_FORESEE:
            return None
        return pairs_to_settle_difference(
            self.estimate,
            float(self.values.std()) + 1 / (self.pairs + 1),
            pairs=self.pairs,
            widths=(self.estimate - self.lower(alpha), self.upper(beta) - self.estimate),
            limits=(self.limit, self.keep_below),
        )

    def band(self, alpha: float, beta: float) -> tuple[BandPoint, ...]:
        """Anytime bounds at growing numbers of pairs."""
        at = band_places(self.pairs)
        lower = self.up_scale[0] + self.up_scale[1] * self.up.band(at, alpha)
        upper = self.down_scale[0] - self.down_scale[1] * self.down.band(at, beta)
        return band_points(at, np.cumsum(self.values)[at.astype(int) - 1] / at, lower, upper)


def graded_difference(
    values: Floats, *, margin: float, highest: float = 1.0, bets: Bets | None = None
) -> Graded:
    """
    Bets on a difference in [-1, 1] against minus a margin.

    Args:
        values: Shape (n,).
        margin: Positive, as a share of 1.
        highest: The largest value the upward bets count on; a larger one only helps them.
        bets: Of the upward side.
    """
    unit = 1 + highest
    return Graded(
        values=values,
        limit=-margin,
        keep_below=-margin,
        up=Side((values + 1) / unit, (1 - margin) / unit, bets or DIFFERENCE_BETS),
        down=Side((1 - values) / 2, (1 + margin) / 2, DIFFERENCE_BETS),
        up_scale=(-1.0, unit),
        down_scale=(1.0, 2.0),
    )


def graded_agreement(values: Floats, *, rule: Rule) -> Graded:
    """
    Bets on agreement scores in [0, 1] against the floor, and against the target.

    Args:
        values: Shape (n,).
        rule: Floor and target.
    """
    return Graded(
        values=values,
        limit=rule.floor,
        keep_below=rule.target,
        up=Side(values, rule.floor, graded_bets(rule.share_up)),
        down=Side(1 - values, 1 - rule.target, graded_bets(rule.share_down)),
        up_scale=(0.0, 1.0),
        down_scale=(1.0, 1.0),
    )
