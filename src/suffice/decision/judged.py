"""Agreement scored by a judge, where people labelled enough of it to say what its word is worth."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from suffice.records import BandPoint, Evidence
from suffice.statistics.judged import FEWEST_LABELS, JudgedCounts
from suffice.statistics.walk import Rule, pairs_to_settle_difference

_STEPS = 40
_LEAST_ALPHA = 1e-12


def is_judged(evidence: Evidence) -> bool:
    """Whether a judge scored the answers."""
    return evidence.scorer.split(":")[0] == "judge"


def is_calibrated(evidence: Evidence) -> bool:
    """Whether people labelled at least 200 pairs, some under each of the judge's verdicts."""
    seen = [evidence.judge_labels.get(word, (0, 0))[1] for word in ("agree", "differ")]
    return sum(seen) >= FEWEST_LABELS and min(seen) > 0


@dataclass(frozen=True)
class JudgedAgreement:
    """
    Agreement as people would judge it, from a judge's word on all and theirs on a part.

    The number of labels is fixed beforehand, so this is a fixed-n decision on both sides.
    """

    counts: JudgedCounts
    rule: Rule

    @property
    def pairs(self) -> int:
        """Judged pairs."""
        return self.counts.judged

    @property
    def estimate(self) -> float:
        """Agreement as people would judge it."""
        return self.counts.estimate

    @property
    def limit(self) -> float:
        """The floor."""
        return self.rule.floor

    @property
    def keep_below(self) -> float:
        """The target."""
        return self.rule.target

    @property
    def log_e(self) -> float | None:
        """None: a fixed-n test."""
        return None

    @cached_property
    def p_value(self) -> float:
        """The least alpha at which the lower bound still reaches the floor."""
        if self.counts.lower(_LEAST_ALPHA) >= self.limit:
            return _LEAST_ALPHA
        low, high = math.log(_LEAST_ALPHA), math.log(1 / 2)
        if self.counts.lower(1 / 2) < self.limit:
            return 1.0
        for _ in range(_STEPS):
            middle = (low + high) / 2
            reached = self.counts.lower(math.exp(middle)) >= self.limit
            low, high = (low, middle) if reached else (middle, high)
        return math.exp(high)

    def lower(self, alpha: float) -> float:
        """MOVER bound."""
        return self.counts.lower(alpha)

    def upper(self, alpha: float) -> float:
        """MOVER bound."""
        return self.counts.upper(alpha)

    def keeps(self, alpha: float) -> bool:
        """Whether even the upper bound is below the target."""
        return self.upper(alpha) < self.keep_below

    def more(self, alpha: float, beta: float) -> int | None:
        """Judged pairs, if labels grow along with them."""
        return pairs_to_settle_difference(
            self.estimate,
            math.sqrt(max(self.estimate * (1 - self.estimate), 1 / (self.pairs + 1))),
            pairs=self.pairs,
            widths=(self.estimate - self.lower(alpha), self.upper(beta) - self.estimate),
            limits=(self.limit, self.keep_below),
        )

    def band(self, alpha: float, beta: float) -> tuple[BandPoint, ...]:
        """Only where it stands: labels have no order."""
        lower, upper = self.lower(alpha), self.upper(beta)
        return (BandPoint(self.pairs, self.estimate, lower, upper),)


def judged_counts(evidence: Evidence) -> JudgedCounts:
    """The judge's verdicts on all pairs, and people's on the labelled ones."""
    agree_right, agree_labelled = evidence.judge_labels["agree"]
    differ_right, differ_labelled = evidence.judge_labels["differ"]
    return JudgedCounts(
        agree=evidence.agreement.count(1.0),
        judged=len(evidence.agreement),
        agree_right=agree_right,
        agree_labelled=agree_labelled,
        differ_right=differ_right,
        differ_labelled=differ_labelled,
    )
