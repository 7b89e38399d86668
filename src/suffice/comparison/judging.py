"""A pair whose scores come from a judge: asked first, then paired like any other."""

from __future__ import annotations

import asyncio
from itertools import combinations

import msgspec

from suffice.comparison.pairing import Arms, Grading, is_answered, pair_up
from suffice.errors import BudgetReached, ProviderError
from suffice.ports import JudgingScorer
from suffice.records import Answer, Case, FailureKind, Pair, Reference, Score

_NOT_SCORED = Score(reason="not judged")


class NotJudged(Exception):
    """The run is ending and the judge could not be asked; the pair does not exist."""


async def judged_pair(case: Case, arms: Arms, grading: Grading) -> Pair | None:
    """
    As `pair_up`, by the grading's judge where it has one.

    Raises:
        NotJudged: A judge's call was not sent.
    """
    if grading.judge is None:
        return pair_up(case, arms, grading)
    scorer = await _asked(case, arms, grading, grading.judge)
    return pair_up(case, arms, msgspec.structs.replace(grading, scorer=scorer))


class _Judgements:
    """Scores that were asked for beforehand, as a scorer."""

    def __init__(self, name: str, scores: dict[tuple[int, int], Score]) -> None:
        self._name, self._scores = name, scores

    @property
    def name(self) -> str:
        return self._name

    def score(self, answer: Answer, target: Answer | Reference, *, case: Case) -> Score:  # noqa: ARG002 - the port's form
        return self._scores.get((id(answer), _mark(target)), _NOT_SCORED)


async def _asked(case: Case, arms: Arms, grading: Grading, judge: JudgingScorer) -> _Judgements:
    wanted: list[tuple[Answer, Answer | Reference]] = []
    names = [arms.candidate, arms.baseline, *([arms.second] if arms.second else [])]
    answers = [case.answers.get(name) for name in names]
    usable = [one for one in answers if one is not None and is_answered(one) and not one.failure]
    wanted += combinations(usable, 2)
    if grading.by_reference and case.reference is not None:
        wanted += [(answer, Reference(case.reference)) for answer in usable]
    try:
        scores = await asyncio.gather(
            *(judge.judge(answer, target, case=case) for answer, target in wanted)
        )
    except (BudgetReached, ProviderError) as error:
        raise NotJudged from error
    found = {}
    for (answer, target), score in zip(wanted, scores, strict=True):
        found[id(answer), _mark(target)] = score
        # `pair_up` holds the second run against the first, whichever order they were asked in.
        if isinstance(target, Answer):
            found[id(target), id(answer)] = score
    return _Judgements(judge.name, found)


def failed_to_judge(pair: Pair | None) -> bool:
    """Whether a pair lacks a score because its scorer failed."""
    return pair is not None and any(
        failure is not None and failure.kind is FailureKind.SCORER
        for failure in (pair.baseline_failure, pair.candidate_failure)
    )


def _mark(target: Answer | Reference) -> int:
    return -1 if isinstance(target, Reference) else id(target)
