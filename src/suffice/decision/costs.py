"""What the candidate's answers cost and how long they took, beside the baseline's: measured."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from suffice.records import CostDifference, Evidence, Interval
from suffice.statistics.resampling import bca_interval

# Repeats the same interval for the same answers; no promise rests on which number it is.
_SEED = 20_261_122


def cost_difference(evidence: Evidence) -> CostDifference | None:
    """
    Dollars and seconds per answer, paired by case, each with a 95 % BCa interval.

    Returns:
        None where no case has dollars on both sides; the evidence's ``cost_note`` says why.

    >>> cost_difference(Evidence(type="t", baseline="a", candidate="b")) is None
    True
    """
    if not evidence.baseline_usd:
        return None
    baseline = _floats(evidence.baseline_usd)
    candidate = _floats(evidence.candidate_usd)
    saving = Interval(*bca_interval(baseline - candidate, seed=_SEED))
    baseline_usd = float(baseline.mean())
    return CostDifference(
        pairs=len(baseline),
        baseline_usd=baseline_usd,
        candidate_usd=float(candidate.mean()),
        saving_usd=saving,
        saving_share=saving.estimate / baseline_usd if baseline_usd > 0 else None,
        latency_s=_latency(evidence),
        note=evidence.cost_note,
    )


def _latency(evidence: Evidence) -> Interval | None:
    if not evidence.baseline_latency_s:
        return None
    slower = _floats(evidence.candidate_latency_s) - _floats(evidence.baseline_latency_s)
    return Interval(*bca_interval(slower, seed=_SEED))


def _floats(column: Sequence[float]) -> np.typing.NDArray[np.float64]:
    return np.asarray(column, dtype=np.float64)
