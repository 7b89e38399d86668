"""What withholds a Switch, and what forbids deciding."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from suffice.decision import decide
from suffice.records import Evidence, Gate, GateState, Limits, Verdict, Word

Build = Callable[..., Evidence]


def gate(verdict: Verdict, name: str) -> Gate:
    return next(each for each in verdict.gates if each.name == name)


def test_every_gate_stands_in_every_verdict(agreeing: Build) -> None:
    names = [each.name for each in decide(agreeing(50, 0), Limits()).gates]

    assert names == ["multiplicity", "broken_reference", "classes", "missing", "judge"]


def test_three_percent_missing_withholds_a_switch(agreeing: Build) -> None:
    missing = {("small", "transport"): 5, ("big", "transport"): 5}

    verdict = decide(agreeing(300, 0, cases=310, missing=missing), Limits())

    assert (verdict.verdict, verdict.reason) == (Word.NOT_YET, "missing")
    assert gate(verdict, "missing").state is GateState.WITHHELD
    assert "10 of 310" in gate(verdict, "missing").detail


def test_eight_missing_on_one_side_only_are_not_by_chance(agreeing: Build) -> None:
    eight, seven = (
        decide(agreeing(800, 0, cases=800 + n, missing={("small", "scorer"): n}), Limits())
        for n in (8, 7)
    )

    assert (eight.verdict, eight.reason) == (Word.NOT_YET, "missing")
    assert seven.verdict is Word.SWITCH


def test_missing_answers_never_withhold_a_keep(agreeing: Build) -> None:
    missing = {("small", "transport"): 50}

    verdict = decide(agreeing(50, 50, cases=150, missing=missing), Limits())

    assert (verdict.verdict, verdict.reason) == (Word.KEEP, "worse")


def test_a_constant_answer_at_96_to_4_is_kept(agreeing: Build) -> None:
    """It agrees in 96% of the pairs, and never names the rare class."""
    evidence = agreeing(288, 12, classes={"common": (288, 288), "rare": (0, 12)})

    verdict = decide(evidence, Limits())

    assert verdict.lower is not None
    assert verdict.lower >= 0.90
    assert (verdict.verdict, verdict.reason) == (Word.KEEP, "class_gate")
    assert "rare: 0 of 12" in verdict.sentence


def test_an_undecided_class_is_not_yet_with_its_own_count(agreeing: Build) -> None:
    evidence = agreeing(300, 0, classes={"common": (288, 288), "rare": (12, 12)})

    verdict = decide(evidence, Limits())

    assert (verdict.verdict, verdict.reason) == (Word.NOT_YET, "class_gate")
    assert verdict.need_more == 8
    assert "8 more of rare" in gate(verdict, "classes").detail


def test_extra_draws_open_the_class_gate_and_do_not_touch_the_estimate(agreeing: Build) -> None:
    evidence = agreeing(
        291,
        9,
        classes={"common": (288, 288), "rare": (12, 12)},
        extra_classes={"rare": (8, 8)},
    )

    verdict = decide(evidence, Limits())

    assert (verdict.verdict, verdict.estimate, verdict.pairs) == (Word.SWITCH, 0.97, 300)


@pytest.mark.parametrize(
    ("hits", "seen", "passes"), [(19, 19, 0), (20, 20, 1), (30, 31, 1), (29, 30, 0)]
)
def test_a_class_needs_20_clean_pairs_or_31_with_one_miss(
    hits: int, seen: int, passes: int, agreeing: Build
) -> None:
    evidence = agreeing(300, 0, classes={"common": (300, 300), "rare": (hits, seen)})

    assert (decide(evidence, Limits()).verdict is Word.SWITCH) == bool(passes)


def test_a_class_below_one_percent_of_the_traffic_is_not_gated_unless_critical(
    agreeing: Build,
) -> None:
    classes = {"common": (598, 598), "rare": (0, 2)}
    plain = decide(agreeing(598, 2, classes=classes), Limits())
    critical = decide(
        agreeing(598, 2, classes=classes, critical_classes=frozenset({"rare"})), Limits()
    )

    assert plain.verdict is Word.SWITCH
    assert (critical.verdict, critical.reason) == (Word.NOT_YET, "class_gate")


def test_nobody_is_held_to_name_a_class_more_surely_than_the_baseline_does(
    agreeing: Build,
) -> None:
    """A class the baseline itself names half of the time is no reason to keep the baseline."""
    classes = {"common": (250, 250), "vague": (25, 50)}

    alone = decide(agreeing(291, 9, classes=classes), Limits())
    beside = decide(agreeing(291, 9, classes=classes, baseline_classes=classes), Limits())

    assert (alone.verdict, alone.reason) == (Word.KEEP, "class_gate")
    assert gate(beside, "classes").state is not GateState.FAILED
    assert "vague: 25 of 50" in gate(beside, "classes").detail


def test_a_critical_class_nobody_saw_is_undecided(agreeing: Build) -> None:
    evidence = agreeing(300, 0, classes={"a": (300, 300)}, critical_classes=frozenset({"fraud"}))

    verdict = decide(evidence, Limits())

    assert verdict.reason == "class_gate"
    assert "fraud: 0 of 0" in gate(verdict, "classes").detail


def test_a_baseline_that_is_almost_never_right_means_a_broken_reference(graded: Build) -> None:
    """8 of 270: no model is that bad at multiple choice; an extraction is."""
    verdict = decide(graded(lost=1, both=7, neither=262), Limits())

    assert (verdict.verdict, verdict.reason) == (Word.NOT_YET, "broken_reference")
    assert gate(verdict, "broken_reference").state is GateState.FAILED
    assert "3.0%" in verdict.sentence
    assert verdict.need_more is None


def test_guessing_among_four_options_is_no_better(graded: Build) -> None:
    at_chance = {"both": 60, "neither": 240}

    assert decide(graded(**at_chance, chance=0.25), Limits()).reason == "broken_reference"
    assert decide(graded(**at_chance), Limits()).verdict is Word.SWITCH


def test_a_candidate_ten_points_better_is_too_good_to_be_true(graded: Build) -> None:
    verdict = decide(graded(won=60, both=200, neither=40), Limits())

    assert verdict.reason == "broken_reference"
    assert "better than the model it should replace" in verdict.sentence


def test_a_broken_reference_takes_back_even_a_keep(graded: Build) -> None:
    verdict = decide(graded(lost=20, neither=480), Limits())

    assert verdict.upper is not None
    assert verdict.upper < -0.02
    assert (verdict.verdict, verdict.reason) == (Word.NOT_YET, "broken_reference")


def test_one_grade_for_everything_is_no_grade() -> None:
    half = [0.5] * 300
    evidence = Evidence(
        type="t", baseline="b", candidate="c", baseline_quality=half, candidate_quality=half
    )

    assert decide(evidence, Limits()).reason == "broken_reference"


def test_all_right_on_both_sides_may_be_true_and_is_remarked_upon(graded: Build) -> None:
    verdict = decide(graded(both=300), Limits())

    assert verdict.verdict is Word.SWITCH
    assert "make sure that the scorer can say no" in " ".join(verdict.notes)


def test_a_baseline_whose_answers_cannot_be_read_means_a_broken_scorer(graded: Build) -> None:
    unreadable = {("big", "unparseable"): 20, ("small", "unparseable"): 2}

    verdict = decide(graded(won=10, lost=2, both=250, neither=20, failed=unreadable), Limits())

    assert verdict.reason == "broken_reference"


def test_a_candidate_whose_answers_cannot_be_read_is_simply_worse(graded: Build) -> None:
    verdict = decide(graded(lost=60, both=240, failed={("small", "unparseable"): 60}), Limits())

    assert (verdict.verdict, verdict.reason) == (Word.KEEP, "worse")


def test_a_judge_nobody_checked_makes_the_verdict_provisional(agreeing: Build) -> None:
    verdict = decide(agreeing(291, 9, scorer="judge"), Limits())

    assert (verdict.verdict, verdict.provisional) == (Word.SWITCH, True)
    assert "0 of the judged pairs" in gate(verdict, "judge").detail


def test_with_200_labels_the_bounds_are_those_of_what_people_say(agreeing: Build) -> None:
    labels = {"agree": (145, 150), "differ": (30, 50)}

    raw = decide(agreeing(960, 40, scorer="judge"), Limits())
    checked = decide(agreeing(960, 40, scorer="judge", judge_labels=labels), Limits())

    assert not checked.provisional
    assert checked.estimate == pytest.approx(0.96 * 145 / 150 + 0.04 * 30 / 50)
    assert checked.lower is not None
    assert raw.lower is not None
    assert checked.lower < raw.lower
    assert gate(checked, "judge").state is GateState.PASSED


def test_labels_of_one_kind_only_do_not_calibrate(agreeing: Build) -> None:
    labels = {"agree": (250, 250)}

    assert decide(agreeing(960, 40, scorer="judge", judge_labels=labels), Limits()).provisional


def test_what_would_pass_alone_says_that_it_is_one_of_twelve(graded: Build) -> None:
    evidence = graded(lost=11, won=15, both=160, neither=14)

    alone, one_of_twelve = (decide(evidence, Limits(decisions=m)) for m in (1, 12))

    assert alone.verdict is Word.SWITCH
    assert one_of_twelve.verdict is Word.NOT_YET
    assert gate(one_of_twelve, "multiplicity").state is GateState.WITHHELD
    assert "Alone it would be a Switch" in one_of_twelve.sentence
