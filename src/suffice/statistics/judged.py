"""Agreement as people would judge it, where a judge saw every pair and people a part of them."""

from __future__ import annotations

import math
from dataclasses import dataclass

from suffice.statistics.proportions import clopper_pearson_lower, clopper_pearson_upper

FEWEST_LABELS = 200


@dataclass(frozen=True, slots=True)
class JudgedCounts:
    """
    A judge's verdicts, and people's on a sample stratified by them.

    Attributes:
        agree: Pairs the judge calls equally good.
        judged: Pairs the judge gave a verdict on.
        agree_right: Of the labelled pairs it calls equally good, how many people do too.
        agree_labelled: Labelled pairs that it calls equally good.
        differ_right: Of the labelled pairs it calls different, how many people call equally good.
        differ_labelled: Labelled pairs that it calls different.
    """

    agree: int
    judged: int
    agree_right: int
    agree_labelled: int
    differ_right: int
    differ_labelled: int

    @property
    def labelled(self) -> int:
        """Pairs that people looked at."""
        return self.agree_labelled + self.differ_labelled

    @property
    def estimate(self) -> float:
        """Agreement as people would judge it, in [0, 1]."""
        agree, differ = self._strata
        share = self.agree / self.judged
        return share * agree + (1 - share) * differ

    @property
    def _strata(self) -> tuple[float, float]:
        return (
            self.agree_right / self.agree_labelled if self.agree_labelled else 0.0,
            self.differ_right / self.differ_labelled if self.differ_labelled else 0.0,
        )

    def lower(self, alpha: float) -> float:
        """
        One-sided lower bound of the agreement people would find.

        A stratum without labels counts as disagreement throughout.

        Args:
            alpha: Chance that the bound lies above the truth.

        Source:
            MOVER: Zou & Donner (2008), Statistics in Medicine 27(10), 1693-1702, over
            Clopper-Pearson bounds of the strata and of the judge's own share.

        >>> counts = JudgedCounts(950, 1000, 196, 200, 10, 50)
        >>> counts.lower(0.05) < counts.estimate < counts.upper(0.05)
        True
        """
        return max(0.0, self.estimate - self._reach(alpha, upward=False))

    def upper(self, alpha: float) -> float:
        """
        One-sided upper bound of the agreement people would find.

        A stratum without labels counts as agreement throughout.
        """
        share = self.agree / self.judged
        unseen = (0.0 if self.agree_labelled else share) + (
            0.0 if self.differ_labelled else 1 - share
        )
        return min(1.0, self.estimate + unseen + self._reach(alpha, upward=True))

    def _reach(self, alpha: float, *, upward: bool) -> float:
        agree, differ = self._strata
        share = self.agree / self.judged
        parts = (
            share * _distance(self.agree_right, self.agree_labelled, alpha, upward=upward),
            (1 - share) * _distance(self.differ_right, self.differ_labelled, alpha, upward=upward),
            (agree - differ)
            * _distance(self.agree, self.judged, alpha, upward=upward == (agree >= differ)),
        )
        return math.hypot(*parts)


def _distance(passed: int, graded: int, alpha: float, *, upward: bool) -> float:
    """From the observed share to its Clopper-Pearson bound."""
    if not graded:
        return 0.0
    share = passed / graded
    if upward:
        return clopper_pearson_upper(passed, graded, alpha=alpha) - share
    return share - clopper_pearson_lower(passed, graded, alpha=alpha)
