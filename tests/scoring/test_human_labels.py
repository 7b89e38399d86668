"""People's labels: read, counted by the judge's verdict, and used to set a threshold."""

from __future__ import annotations

import random

import pytest

from suffice.errors import NotEnoughEvidence
from suffice.records import Answer, Case
from suffice.scoring import (
    Human,
    HumanLabel,
    calibrate_threshold,
    judge_counts,
    labelled_similarities,
    read_labels,
    scorer_named,
)
from suffice.scoring.similarity import similarity


def label(case_id: str, human: Human) -> HumanLabel:
    return HumanLabel(case_id=case_id, type="t", human=human)


def test_broken_lines_are_named_and_the_rest_is_read() -> None:
    lines = [
        '{"case_id": "1", "type": "t", "human": "same", "note": "kept out"}',
        "",
        '{"case_id": "2", "type": "t", "human": "perhaps"}',
        "\ud800",
        '{"case_id": "3", "type": "t", "human": "baseline", "candidate": "m"}',
    ]

    labels, broken = read_labels(lines)

    assert [(found.case_id, found.human.value) for found in labels] == [
        ("1", "same"),
        ("3", "baseline"),
    ]
    assert [line.line for line in broken] == [3, 4]


def test_a_label_is_about_its_type_and_arms() -> None:
    found = HumanLabel(case_id="1", type="t", human=Human.SAME, candidate="small")

    assert found.is_about("t", baseline="big", candidate="small")
    assert not found.is_about("t", baseline="big", candidate="other")
    assert not found.is_about("u", baseline="big", candidate="small")


def test_labels_are_counted_by_what_the_judge_said() -> None:
    judged = {"1": 1.0, "2": 1.0, "3": 1.0, "4": 0.0, "5": 0.0}
    labels = [
        label("1", Human.SAME),
        label("2", Human.BASELINE),
        label("4", Human.CANDIDATE),
        label("5", Human.BOTH_BAD),
        label("9", Human.SAME),
    ]

    counts = judge_counts(judged, labels)

    assert (counts.good, counts.bad) == (3, 2)
    assert (counts.good_labelled, counts.good_confirmed) == (2, 1)
    assert (counts.bad_labelled, counts.bad_overturned) == (2, 1)
    assert (counts.labelled, counts.agreement) == (4, 0.5)


def test_the_last_label_of_a_case_counts_and_an_undecided_one_does_not() -> None:
    labels = [label("1", Human.SAME), label("1", Human.BASELINE), label("2", Human.CHECKER_WRONG)]

    counts = judge_counts({"1": 1.0, "2": 1.0}, labels)

    assert (counts.labelled, counts.good_confirmed) == (1, 0)


def test_without_labels_there_is_no_agreement_to_speak_of() -> None:
    assert judge_counts({"1": 1.0}, []).agreement is None


def test_similarities_are_paired_with_what_people_said() -> None:
    answers = {"big": Answer(text="the cat"), "small": Answer(text="The cat")}
    cases = [Case(id=str(n), type="t", answers=answers) for n in range(3)]
    labels = [label("0", Human.SAME), label("1", Human.BASELINE), label("2", Human.CHECKER_WRONG)]

    found = labelled_similarities(cases, labels, baseline="big", candidate="small")

    assert found == ((1.0, True), (1.0, False))


def test_a_threshold_separates_and_its_error_is_that_of_labels_it_has_not_seen() -> None:
    dice = random.Random(7)
    pairs = [(dice.gauss(0.8, 0.1), True) for _ in range(100)]
    pairs += [(dice.gauss(0.5, 0.1), False) for _ in range(100)]

    threshold = calibrate_threshold(pairs)

    assert 0.55 < threshold.value < 0.75
    assert 0.02 < threshold.error < 0.15
    assert threshold.false_same < threshold.false_same_upper


def test_where_similarity_tells_nothing_the_error_says_so() -> None:
    dice = random.Random(7)
    pairs = [(dice.random(), dice.random() < 0.5) for _ in range(200)]

    assert calibrate_threshold(pairs).error > 0.35


@pytest.mark.parametrize("pairs", [[(0.9, True)] * 29, [(0.9, True)] * 100, []])
def test_too_few_labels_or_all_alike_give_no_threshold(pairs: list[tuple[float, bool]]) -> None:
    with pytest.raises(NotEnoughEvidence):
        calibrate_threshold(pairs)


def test_similarity_without_a_threshold_is_flagged_and_with_one_decides(case: Case) -> None:
    one, other = Answer(text="the cat sat on the mat"), Answer(text="the cat sat on a mat")
    raw = scorer_named("text").score(one, other, case=case)
    pairs = [(0.95, True)] * 20 + [(0.2, False)] * 20

    decided = scorer_named(
        "text",
        options={
            "threshold": {
                "value": calibrate_threshold(pairs).value,
                "error": 0.0,
                "false_same": 0.0,
                "false_same_upper": 0.14,
                "labelled": 40,
            }
        },
    ).score(one, other, case=case)

    assert 0.5 < raw.value < 1
    assert raw.flags == ("uncalibrated",)
    assert (decided.value, decided.flags) == (1, ())


def test_similarity_is_symmetric_and_sees_a_changed_word() -> None:
    one, other = "pay 100 euros by Monday", "pay 900 euros by Monday"

    assert similarity(one, other) == similarity(other, one)
    assert 0.5 < similarity(one, other) < 1
    assert similarity("", "") == 1
    assert similarity("", "a") == 0
