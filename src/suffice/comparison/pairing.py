"""One case, two arms -> a scored pair, failures counted by kind and arm."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import msgspec

from suffice.ports import JudgingScorer, Scorer
from suffice.records import Answer, Case, Failure, Pair, Reference, Score, Usage

Price = Callable[[str, Usage], Decimal | None]
"""Arm name and usage -> dollars, or None where no price is known and none is needed."""


class Arms(msgspec.Struct, frozen=True, kw_only=True):
    """
    Who is compared, by arm name.

    Attributes:
        baseline: The model in use.
        candidate: The cheaper one on trial.
        second: Another run of the baseline, which shows how often it agrees with itself.
    """

    baseline: str
    candidate: str
    second: str | None = None


class Grading(msgspec.Struct, frozen=True, kw_only=True):
    """
    How pairs of one type are scored.

    Attributes:
        scorer: None where only recorded grades are used.
        by_reference: Whether the scorer can hold an answer against ``case.reference``.
        alone: Whether it can grade an answer by the case itself, without a reference.
        price: Dollars of an answer, by arm.
        judge: Asks a model in the scorer's place, in a live run; None: the scorer decides.
    """

    scorer: Scorer | None
    by_reference: bool
    price: Price
    alone: bool = False
    judge: JudgingScorer | None = None


def pair_up(case: Case, arms: Arms, grading: Grading) -> Pair | None:
    """
    Score one case every way it allows.

    Grades that came with the case win over scoring against its reference. Where there are
    grades and no answers, two arms agree as far as their grades do.

    Returns:
        The pair, without any score where nothing can score it; None where the case does not
        hold both arms.
    """
    answers = case.answers
    baseline, candidate = answers.get(arms.baseline), answers.get(arms.candidate)
    of_baseline = of_candidate = second = None
    if case.outcomes or grading.alone or (grading.by_reference and case.reference is not None):
        of_baseline = _quality(case, arms.baseline, grading)
        of_candidate = _quality(case, arms.candidate, grading)
    again: Score | None = None
    agreement = _agreement(case, arms.candidate, arms.baseline, grading.scorer)
    if agreement is None and (of_baseline is None or of_candidate is None):
        return _unscored(case.id, baseline, candidate)
    if arms.second is not None:
        second = _agreement(case, arms.candidate, arms.second, grading.scorer)
        again = _agreement(case, arms.second, arms.baseline, grading.scorer)
    said = of_candidate or agreement
    assert said is not None  # noqa: S101 - one of the two was found above
    label = said.target_label
    return Pair(
        case_id=case.id,
        agreement=_value(agreement),
        second_agreement=_value(second),
        self_agreement=_value(again),
        baseline_quality=_value(of_baseline),
        candidate_quality=_value(of_candidate),
        label=label,
        label_hit=label is not None and said.label == label,
        baseline_label_hit=_names(of_baseline or again, label),
        baseline_failure=_failure(baseline, of_baseline)
        or (agreement.target_failure if agreement else None),
        candidate_failure=_failure(candidate, said),
        baseline_usd=_usd(baseline, arms.baseline, grading.price),
        candidate_usd=_usd(candidate, arms.candidate, grading.price),
        baseline_latency_s=baseline.latency_s if baseline else None,
        candidate_latency_s=candidate.latency_s if candidate else None,
        reason=said.reason,
        paths=said.paths,
    )


def _unscored(case_id: str, baseline: Answer | None, candidate: Answer | None) -> Pair | None:
    """Both arms answered or failed, and there is nothing to hold them against."""
    if baseline is None or candidate is None:
        return None
    if not (is_answered(baseline) and is_answered(candidate)):
        return None
    return Pair(
        case_id=case_id,
        baseline_failure=baseline.failure,
        candidate_failure=candidate.failure,
    )


def is_answered(answer: Answer) -> bool:
    """Whether there is something to score: text, blocks, or a failure that counts."""
    return bool(answer.text or answer.blocks or answer.failure)


def _quality(case: Case, arm: str, grading: Grading) -> Score | None:
    """A recorded grade, else the answer against the reference; None where neither exists."""
    grade = case.outcomes.get(arm)
    if grade is not None:
        return Score(value=grade, reason="graded in the file")
    referenced = grading.by_reference and case.reference is not None
    if grading.scorer is None or not (referenced or grading.alone):
        return None
    answer = case.answers.get(arm)
    if answer is None:
        return None
    if answer.failure is not None:
        return Score(reason=answer.failure.message, failure=answer.failure)
    return grading.scorer.score(answer, Reference(case.reference), case=case)


def _agreement(case: Case, arm: str, other: str, scorer: Scorer | None) -> Score | None:
    answer, target = case.answers.get(arm), case.answers.get(other)
    if scorer is not None and answer and target and is_answered(answer) and is_answered(target):
        if answer.failure is not None or target.failure is not None:
            return Score(failure=answer.failure, target_failure=target.failure)
        return scorer.score(answer, target, case=case)
    grades = case.outcomes.get(arm), case.outcomes.get(other)
    if grades[0] is None or grades[1] is None:
        return None
    return Score(value=1 - abs(grades[0] - grades[1]), reason="by the grades in the file")


def _names(score: Score | None, label: str | None) -> bool | None:
    """Whether an answer names the class; None where there is no answer to see it by."""
    return None if score is None or label is None else score.label == label


def _value(score: Score | None) -> float | None:
    """The score's value; a failed answer is 0, a missing one None."""
    if score is None:
        return None
    failures = [one for one in (score.failure, score.target_failure) if one is not None]
    if any(failure.kind.is_missing for failure in failures):
        return None
    return 0.0 if failures else score.value


def _failure(answer: Answer | None, score: Score | None) -> Failure | None:
    if answer is not None and answer.failure is not None:
        return answer.failure
    return score.failure if score is not None else None


def _usd(answer: Answer | None, arm: str, price: Price) -> float | None:
    if answer is None or answer.usage is None:
        return None
    usd = price(arm, answer.usage)
    return None if usd is None else float(usd)
