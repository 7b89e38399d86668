"""What may withhold a Switch although the pairs speak for it, and what forbids deciding at all."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from suffice.decision.classes import class_gate
from suffice.decision.judged import is_calibrated, is_judged
from suffice.decision.questions import Question, is_binary
from suffice.records import Evidence, Gate, GateState, Limits, Measure, Word
from suffice.statistics.anytime import mean_lower
from suffice.statistics.betting import DIFFERENCE_BETS, tally
from suffice.statistics.judged import FEWEST_LABELS
from suffice.statistics.proportions import clopper_pearson_upper, even_split_p_value

MISSING_SHARE = 0.02
_ARMS_DIFFER = 0.01
_ABOVE_CHANCE = 0.05
_LEAST_ACCURACY = 0.10
_TOO_GOOD = 0.10
_GATE_ALPHA = 0.05
_FEWEST_CONSTANT = 20


@dataclass(frozen=True, slots=True)
class Ruling:
    """
    A gate, and what it makes of a verdict it does not let through.

    Attributes:
        gate: For display.
        word: What the verdict becomes; None where the gate lets it through.
        reason: The verdict's reason then.
        overrides_keep: Whether even a Keep is taken back.
        need_more: Further draws that would open the gate; None where unknown.
    """

    gate: Gate
    word: Word | None = None
    reason: str = ""
    overrides_keep: bool = False
    need_more: int | None = None


def all_gates(
    evidence: Evidence, limits: Limits, measure: Measure, question: Question
) -> tuple[Ruling, ...]:
    """Every gate but multiplicity, most forbidding first."""
    state = class_gate(evidence, beta=limits.beta)
    return (
        reference_gate(evidence, limits, measure, question),
        Ruling(state.gate, state.word, "class_gate", need_more=state.need_more),
        missing_gate(evidence, question.pairs),
        judge_gate(evidence),
    )


def missing_gate(evidence: Evidence, pairs: int) -> Ruling:
    """
    Withholds a Switch where more than 2 % of the pairs are missing, or one arm is missing oftener.

    Answers that are missing may not be missing by chance: the hard ones time out.
    """
    by_arm = [
        sum(count for (arm, _), count in evidence.missing.items() if arm == name)
        for name in (evidence.baseline, evidence.candidate)
    ]
    missing = evidence.missing_pairs or sum(evidence.missing.values())
    tried = max(evidence.cases - evidence.unrecorded, pairs + missing, 1)
    share = missing / tried
    counts = f"{missing} of {tried} pairs are missing ({100 * share:.1f}%"
    if share > MISSING_SHARE:
        return _withheld("missing", f"{counts}, limit 2%).", "missing")
    if even_split_p_value(*by_arm) < _ARMS_DIFFER:
        return _withheld(
            "missing",
            f"The baseline lacks {by_arm[0]} answers and the candidate {by_arm[1]}: not by chance.",
            "missing",
        )
    return Ruling(_gate("missing", GateState.PASSED, f"{counts}; limit 2%)."))


def reference_gate(
    evidence: Evidence, limits: Limits, measure: Measure, question: Question
) -> Ruling:
    """
    Refuses to decide where the grades, rather than the models, look broken.

    It fires where the baseline is proven to do no better than guessing, where the candidate is
    proven 10 points better than the model it should replace, where every grade is the same and
    not right, or where the baseline's answers cannot be read far oftener than the candidate's.
    """
    if measure is not Measure.QUALITY:
        return Ruling(_gate("broken_reference", GateState.SKIPPED, "No grades are used."))
    accuracy = float(np.mean(np.asarray(evidence.baseline_quality, dtype=np.float64)))
    limit = max(evidence.chance + _ABOVE_CHANCE, _LEAST_ACCURACY)
    known = (
        f"The baseline scores {100 * accuracy:.1f}% over {question.pairs} cases; guessing with a"
        f" margin reaches {100 * limit:.0f}%."
    )
    problem = ""
    if accuracy < limit and _accuracy_upper(evidence, limits) < limit:
        problem = known
    elif question.estimate > _TOO_GOOD and (gain := question.lower(_GATE_ALPHA)) > _TOO_GOOD:
        problem = (
            f"The candidate is at least {100 * gain:.1f} points better than the model it should"
            f" replace, over {question.pairs} cases: limit 10."
        )
    elif _is_constant(evidence):
        problem = f"All {question.pairs} cases have the same grade for both models."
    elif _unreadable_baseline(evidence):
        problem = "The baseline's answers cannot be read far oftener than the candidate's."
    if not problem:
        return Ruling(_gate("broken_reference", GateState.PASSED, known))
    gate = _gate("broken_reference", GateState.FAILED, f"{problem} Check references and scorer.")
    return Ruling(gate, Word.NOT_YET, "broken_reference", overrides_keep=True)


def judge_gate(evidence: Evidence) -> Ruling:
    """Says whether a judge's word was checked by people; makes provisional, withholds nothing."""
    if not is_judged(evidence):
        return Ruling(_gate("judge", GateState.SKIPPED, "No judge was asked."))
    labels = sum(seen for _, seen in evidence.judge_labels.values())
    if is_calibrated(evidence):
        detail = (
            f"People labelled {labels} of the judged pairs; the bounds are those of their word."
        )
        return Ruling(_gate("judge", GateState.PASSED, detail))
    detail = (
        f"People labelled {labels} of the judged pairs; {FEWEST_LABELS} are needed, some under each"
        " of the judge's verdicts. Until then the verdict is provisional."
    )
    return Ruling(_gate("judge", GateState.SKIPPED, detail))


def multiplicity_gate(
    question: Question, *, switches: bool, alpha: float, each: float, decisions: int, promise: str
) -> Gate:
    """Says at which level this decision was taken, and whether it would have passed alone."""
    if decisions <= 1:
        return _gate("multiplicity", GateState.SKIPPED, "One decision: nothing to share.")
    rule = "Benjamini-Hochberg" if promise == "fdr" else "Bonferroni"
    level = f"{decisions} decisions share {alpha:g} ({rule}): p must be <= {each:.2g}"
    p_value = question.p_value
    if not switches and p_value <= alpha:
        return _gate(
            "multiplicity",
            GateState.WITHHELD,
            f"{level}, and is {p_value:.2g}; alone it would be a Switch.",
        )
    state = GateState.PASSED if switches else GateState.SKIPPED
    return _gate("multiplicity", state, f"{level}; it is {p_value:.2g}.")


def _accuracy_upper(evidence: Evidence, limits: Limits) -> float:
    """One-sided 95 % upper bound of the baseline's mean grade, anytime where there is peeking."""
    grades = evidence.baseline_quality
    if not limits.sequential and is_binary(grades):
        return clopper_pearson_upper(grades.count(1.0), len(grades), alpha=_GATE_ALPHA)
    scores, counts = tally(1 - np.asarray(grades, dtype=np.float64))
    return 1 - mean_lower(scores, counts, bets=DIFFERENCE_BETS, alpha=_GATE_ALPHA)


def _is_constant(evidence: Evidence) -> bool:
    """One grade for every answer of both arms, short of fully right: a scorer that cannot tell."""
    grades = (*evidence.baseline_quality[:1], *evidence.candidate_quality[:1])
    size = len(evidence.baseline_quality)
    return (
        size >= _FEWEST_CONSTANT
        and grades[0] == grades[1] < 1
        and evidence.baseline_quality.count(grades[0]) == size
        and evidence.candidate_quality.count(grades[0]) == size
    )


def _unreadable_baseline(evidence: Evidence) -> bool:
    baseline, candidate = (
        evidence.failed.get((arm, "unparseable"), 0)
        for arm in (evidence.baseline, evidence.candidate)
    )
    return baseline > candidate and even_split_p_value(baseline, candidate) < _ARMS_DIFFER


def _withheld(name: str, detail: str, reason: str) -> Ruling:
    return Ruling(_gate(name, GateState.WITHHELD, detail), Word.NOT_YET, reason)


def _gate(name: str, state: GateState, detail: str) -> Gate:
    return Gate(name=name, state=state, detail=detail)
