"""What a verdict says beside its word: counts, failures, money, remarks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from suffice.decision.costs import cost_difference
from suffice.decision.judged import is_calibrated, is_judged
from suffice.decision.questions import ceiling_excess, is_binary
from suffice.records import Evidence, Limits, Measure
from suffice.statistics.betting import Floats

UNCALIBRATED = "a judge scored the answers, and too few were checked by people"


def context(evidence: Evidence, limits: Limits, measure: Measure) -> dict[str, Any]:
    """The fields of a `Verdict` that do not depend on what is decided."""
    provisional = provisional_because(evidence)
    return {
        **_counts(evidence, measure),
        "agreement": _agreement(evidence, measure),
        "noise_floor": _mean(evidence.self_agreement),
        "noise_floor_pairs": len(evidence.self_agreement) or None,
        "baseline_quality": _mean(evidence.baseline_quality),
        "candidate_quality": _mean(evidence.candidate_quality),
        "provisional": bool(provisional),
        "provisional_because": provisional,
        "failed": {f"{arm}:{kind}": count for (arm, kind), count in evidence.failed.items()},
        "missing": {f"{arm}:{kind}": count for (arm, kind), count in evidence.missing.items()},
        "scorer": evidence.scorer,
        "scorer_reason": evidence.scorer_reason,
        "cost": cost_difference(evidence),
        "cost_note": evidence.cost_note,
        "notes": notes(evidence, limits, measure),
    }


def provisional_because(evidence: Evidence) -> tuple[str, ...]:
    """Why the verdict cannot ramp by itself; empty if it can."""
    said = any("judge" in reason for reason in evidence.provisional)
    if is_judged(evidence) and not is_calibrated(evidence) and not said:
        return (*evidence.provisional, UNCALIBRATED)
    return evidence.provisional


def notes(evidence: Evidence, limits: Limits, measure: Measure) -> tuple[str, ...]:
    """Remarks a careful reader wants, each a sentence with its counts."""
    return (*_notes_on_cases(evidence, measure), *_notes_on_measure(evidence, limits, measure))


def _notes_on_cases(evidence: Evidence, measure: Measure) -> list[str]:
    found = []
    graded = len(evidence.baseline_quality)
    if measure is Measure.QUALITY and graded < evidence.cases:
        found.append(f"Graded: {graded} of {evidence.cases} cases; the verdict rests on those.")
    if evidence.unrecorded:
        found.append(f"{evidence.unrecorded} cases lack a grade or an answer of one model.")
    if evidence.grouped_out:
        found.append(f"{evidence.grouped_out} cases are left out: one case a group counts.")
    if evidence.identical_requests:
        found.append(f"{evidence.identical_requests} requests equal an earlier one; all count.")
    return found


def _notes_on_measure(evidence: Evidence, limits: Limits, measure: Measure) -> list[str]:
    found = []
    if measure is Measure.AGREEMENT_CEILING and limits.floor is not None:
        found.append(
            f"The floor of {limits.floor:g} is not used: the baseline has two runs, so agreement is"
            " held against its agreement with itself."
        )
    if measure is Measure.QUALITY and not limits.sequential and not _both_binary(evidence):
        found.append(
            "The grades are not only 0 and 1: the bounds come from a betting process at the final"
            " counts, valid for any grades in [0, 1] and wider than a formula for 0 and 1."
        )
    if measure is Measure.QUALITY and evidence.baseline_quality and _all_right(evidence):
        found.append("Every grade of both models is 1: make sure that the scorer can say no.")
    return found


def _both_binary(evidence: Evidence) -> bool:
    return is_binary(evidence.baseline_quality) and is_binary(evidence.candidate_quality)


def _all_right(evidence: Evidence) -> bool:
    columns = evidence.baseline_quality, evidence.candidate_quality
    return all(column.count(1.0) == len(column) for column in columns)


def _agreement(evidence: Evidence, measure: Measure) -> float | None:
    if measure is Measure.AGREEMENT_CEILING:
        first, second = _mean(evidence.first_agreement), _mean(evidence.second_agreement)
        return None if first is None or second is None else (first + second) / 2
    return _mean(evidence.agreement)


def _counts(evidence: Evidence, measure: Measure) -> dict[str, int]:
    """Lost, won, both and neither, as `Verdict` defines them."""
    if measure is Measure.QUALITY:
        baseline = _floats(evidence.baseline_quality)
        change = _floats(evidence.candidate_quality) - baseline
        level = change == 0
        right = int((level & (baseline >= 1 / 2)).sum())
        return _split(change, both=right, neither=int(level.sum()) - right)
    if measure is Measure.AGREEMENT_CEILING:
        excess = ceiling_excess(evidence)
        return _split(excess, both=int((excess == 0).sum()), neither=0)
    agreed = evidence.agreement.count(1.0)
    return {"lost": len(evidence.agreement) - agreed, "won": 0, "both": agreed, "neither": 0}


def _split(change: Floats, *, both: int, neither: int) -> dict[str, int]:
    return {
        "lost": int((change < 0).sum()),
        "won": int((change > 0).sum()),
        "both": both,
        "neither": neither,
    }


def _mean(column: Sequence[float]) -> float | None:
    return float(np.mean(_floats(column))) if column else None


def _floats(column: Sequence[float]) -> Floats:
    return np.asarray(column, dtype=np.float64)
