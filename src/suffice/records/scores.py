"""A score with its reason, and a pair: both models' answers to one case, scored."""

from __future__ import annotations

from typing import Any

import msgspec

from suffice.records.cases import Failure


class Score(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    How well an answer agrees with another answer, or with a reference.

    Attributes:
        value: In [0, 1]; meaningless where ``failure`` is set.
        reason: One short clause a reader can check.
        paths: Which parts differ, e.g. ``("items[2].price",)``.
        label: The class the scored answer names, where answers are labels.
        target_label: The class the target names, where answers are labels.
        flags: Remarks that do not change the value, e.g. ``("repaired",)``.
        failure: The scored answer was not usable (scores 0) or the scorer failed (missing).
        target_failure: The target was an answer that is not usable, so the two disagree.
    """

    value: float = 0.0
    reason: str = ""
    paths: tuple[str, ...] = ()
    label: str | None = None
    target_label: str | None = None
    flags: tuple[str, ...] = ()
    failure: Failure | None = None
    target_failure: Failure | None = None


class Reference(msgspec.Struct, frozen=True):
    """The right answer, as a target to score against."""

    value: Any


class Pair(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """
    Both models' answers to one case, scored every way the case allows.

    Attributes:
        case_id: The case.
        agreement: Candidate against the baseline's answer, in [0, 1]; None where missing.
        second_agreement: Candidate against the baseline's second run; None without one.
        self_agreement: The baseline's two runs against each other; None without two.
        baseline_quality: Baseline against the reference or its recorded grade; None without.
        candidate_quality: Likewise for the candidate.
        label: The case's class for the per-class gate: the reference's label, else the baseline's.
        label_hit: Whether the candidate named that class.
        baseline_label_hit: Whether the baseline did: its answer against the reference, or its
            second run against the first; None where neither is there to see.
        baseline_failure: Why the baseline's answer was not usable, if it was not.
        candidate_failure: Likewise for the candidate.
        baseline_usd: Dollars of the baseline's answer; None where unknown.
        candidate_usd: Likewise for the candidate.
        baseline_latency_s: Seconds; None where unknown.
        candidate_latency_s: Likewise.
        reason: Why the two differ, in one clause.
        paths: Which parts differ.
    """

    case_id: str
    agreement: float | None = None
    second_agreement: float | None = None
    self_agreement: float | None = None
    baseline_quality: float | None = None
    candidate_quality: float | None = None
    label: str | None = None
    label_hit: bool = False
    baseline_label_hit: bool | None = None
    baseline_failure: Failure | None = None
    candidate_failure: Failure | None = None
    baseline_usd: float | None = None
    candidate_usd: float | None = None
    baseline_latency_s: float | None = None
    candidate_latency_s: float | None = None
    reason: str = ""
    paths: tuple[str, ...] = ()
