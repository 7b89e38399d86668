"""Verdicts of today against verdicts of before."""

from __future__ import annotations

import pytest

from suffice.decision.turning import turned
from suffice.records import Measure, Verdict, Word


def verdict(word: Word, request_type: str = "t") -> Verdict:
    return Verdict(
        type=request_type,
        baseline="big",
        candidate="small",
        pairs=9,
        measure=Measure.AGREEMENT,
        estimate=None,
        agreement=None,
        noise_floor=None,
        lower=None,
        upper=None,
        limit=0.9,
        verdict=word,
        reason="",
    )


@pytest.mark.parametrize(
    ("before", "now"),
    [(Word.SWITCH, Word.KEEP), (Word.SWITCH, Word.NOT_YET), (Word.NOT_YET, Word.KEEP)],
)
def test_a_verdict_that_lost_ground_says_what_it_was(before: Word, now: Word) -> None:
    change = turned([verdict(now)], [verdict(before)])

    [worse] = change.worse
    assert worse.verdict is now
    assert worse.sentence.startswith("Was ")


def test_a_verdict_that_gained_ground_or_stands_is_no_regression() -> None:
    change = turned(
        [verdict(Word.SWITCH), verdict(Word.KEEP, "u")],
        [verdict(Word.KEEP), verdict(Word.KEEP, "u")],
    )

    assert not change.worse
    assert (len(change.better), change.unchanged) == (1, 1)


def test_a_switch_that_is_not_compared_any_more_is_not_silently_fine() -> None:
    [gone] = turned([], [verdict(Word.SWITCH)]).worse

    assert (gone.verdict, gone.reason) == (Word.NOT_YET, "not_compared")


def test_a_type_not_compared_before_is_new() -> None:
    assert [one.type for one in turned([verdict(Word.KEEP, "new")], []).new] == ["new"]
