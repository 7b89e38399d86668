"""How sure a Keep is: the least chance of a wrong one at which the same pairs say it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.decision import decide
from suffice.decision.classes import class_gate
from suffice.records import Evidence, Limits, Verdict, Word


def agreeing(agreed: int, disagreed: int) -> Evidence:
    scores = [1.0] * agreed + [0.0] * disagreed
    return Evidence(type="t", baseline="b", candidate="c", agreement=scores)


def classed(**classes: tuple[int, int]) -> Evidence:
    return Evidence(
        type="t", baseline="b", candidate="c", agreement=[1.0] * 300, classes=dict(classes)
    )


def at(evidence: Evidence, beta: float) -> Verdict:
    return decide(evidence, Limits(beta=beta))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 150), st.integers(5, 60))
def test_at_its_own_level_a_keep_is_still_said_and_just_below_it_no_more(
    agreed: int, disagreed: int
) -> None:
    evidence = agreeing(agreed, disagreed)
    said = at(evidence, 0.05)

    if said.verdict is not Word.KEEP:
        assert said.keep_level is None
        return
    assert said.keep_level is not None
    assert at(evidence, said.keep_level).verdict is Word.KEEP
    if said.keep_level > 1e-11:
        assert at(evidence, said.keep_level * 0.999).verdict is not Word.KEEP


def test_a_switch_has_none() -> None:
    assert decide(agreeing(100, 0), Limits()).keep_level is None


def test_neither_has_a_keep_for_want_of_proof_alone() -> None:
    said = decide(agreeing(93, 7), Limits(sequential=True, n_max=100))

    assert (said.verdict, said.reason) == (Word.KEEP, "not_proven")
    assert said.keep_level is None


def test_quality_knows_its_level_too() -> None:
    grades = [1.0] * 20 + [1.0] * 180
    evidence = Evidence(
        type="t",
        baseline="b",
        candidate="c",
        baseline_quality=grades,
        candidate_quality=[0.0] * 20 + [1.0] * 180,
    )

    said = at(evidence, 0.05)

    assert said.verdict is Word.KEEP
    assert said.keep_level is not None
    assert 1e-6 < said.keep_level < 0.01


def test_of_a_class_that_is_given_up_the_level_is_that_of_all_classes_together() -> None:
    evidence = classed(usual=(260, 260), rare=(20, 40))

    said = at(evidence, 0.05)

    assert (said.verdict, said.reason) == (Word.KEEP, "class_gate")
    assert said.keep_level is not None
    assert at(evidence, said.keep_level).verdict is Word.KEEP
    assert at(evidence, said.keep_level * 0.99).verdict is Word.NOT_YET


def test_where_few_wrong_keeps_are_promised_classes_share_the_chance() -> None:
    """
    A re-check's chance is a small part of a year's: a class at 5 % a look would exceed it alone.
    """
    alone = classed(rare=(20, 40))
    beside = classed(rare=(20, 40), **{f"class {number}": (60, 60) for number in range(9)})

    one, ten = (at(evidence, 0.04).keep_level for evidence in (alone, beside))

    assert class_gate(beside).word is Word.KEEP
    assert class_gate(beside, beta=1e-4).word is Word.NOT_YET
    assert one is not None
    assert ten == pytest.approx(10 * one, rel=1e-4)
