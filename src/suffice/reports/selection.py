"""Which verdicts a page has room for: all of a few, the first of each word of many."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from suffice.records import Comparison, ShownCase, Verdict, Word

CasesByVerdict = dict[tuple[str, str, str, str], list[ShownCase]]
ORDER = (Word.SWITCH, Word.KEEP, Word.NOT_YET)


@dataclasses.dataclass(frozen=True, slots=True)
class Selection:
    """
    The verdicts to show, and how many of each word are left out.

    Attributes:
        rows: In the order of the run where all are shown, else grouped by word.
        hidden: Word -> how many more there are; empty where all are shown.
    """

    rows: tuple[Verdict, ...]
    hidden: dict[Word, int]


def select(verdicts: Sequence[Verdict], *, most: int, per_word: int) -> Selection:
    """
    All verdicts up to ``most``; beyond, the ``per_word`` heaviest of each word.

    Heaviest: a Switch by its proven saving in dollars, the others by their lost cases.
    """
    if len(verdicts) <= most:
        return Selection(tuple(verdicts), {})
    rows: list[Verdict] = []
    hidden: dict[Word, int] = {}
    for word in ORDER:
        group = sorted((row for row in verdicts if row.verdict is word), key=_weight, reverse=True)
        rows += group[:per_word]
        if len(group) > per_word:
            hidden[word] = len(group) - per_word
    return Selection(tuple(rows), hidden)


def _weight(verdict: Verdict) -> tuple[float, int]:
    saved = 0.0
    if verdict.verdict is Word.SWITCH and verdict.cost is not None:
        saved = verdict.cost.saving_usd.estimate * verdict.cost.pairs
    return saved, verdict.lost


def several_arms(verdicts: Sequence[Verdict]) -> bool:
    """Whether a row needs its models beside it, since they are not the same in all rows."""
    return len({(row.baseline, row.candidate) for row in verdicts}) > 1


def counts(comparison: Comparison) -> dict[Word, int]:
    """How many verdicts of each word, in the order they are told."""
    return {word: sum(row.verdict is word for row in comparison.types) for word in ORDER}


def cases_by_verdict(comparison: Comparison) -> CasesByVerdict:
    """The kept texts by `key_of`, worst first."""
    found: CasesByVerdict = {}
    for case in comparison.shown:
        found.setdefault(key_of(case, case.outcome), []).append(case)
    for cases in found.values():
        cases.sort(key=lambda case: -case.weight)
    return found


def key_of(row: Verdict | ShownCase, outcome: str) -> tuple[str, str, str, str]:
    """What a case and the verdict it belongs to have in common."""
    return row.type, row.baseline, row.candidate, outcome
