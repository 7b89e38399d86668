"""Labels: which class is named, what lies outside the set, what is only suggested."""

from __future__ import annotations

import pytest

from suffice.errors import BadOption
from suffice.records import Answer, Case, FailureKind, Reference
from suffice.scoring import LabelScorer, suggest_aliases

SET = ["billing", "tech_support", "sales"]


def said(text: str) -> Answer:
    return Answer(text=text)


@pytest.mark.parametrize(
    "text",
    [
        "tech_support",
        "Tech Support",
        " TECH-SUPPORT. ",
        "**Label:** tech_support",
        "Category: “Tech support”",
        "the category is tech support",
        '{"label": "tech_support"}',
        '```json\n{"category": "Tech Support"}\n```',
        "tech_support\n\nThe customer cannot log in.",
        "The customer cannot log in.\n\n**tech_support**",
        "ｔｅｃｈ＿ｓｕｐｐｏｒｔ",
    ],
)
def test_a_label_is_read_through_what_models_wrap_around_it(text: str, case: Case) -> None:
    score = LabelScorer(SET).score(said(text), Reference("tech_support"), case=case)

    assert (score.value, score.label, score.target_label) == (1, "tech_support", "tech_support")


def test_a_label_inside_a_sentence_is_not_looked_for(case: Case) -> None:
    text = "It could be billing, but rather sales."

    score = LabelScorer(SET).score(said(text), Reference("sales"), case=case)

    assert score.failure is not None
    assert score.failure.kind is FailureKind.UNPARSEABLE


def test_an_answer_outside_the_set_is_counted_apart_and_a_near_label_named(case: Case) -> None:
    score = LabelScorer(SET).score(said("biling"), Reference("billing"), case=case)

    assert score.value == 0
    assert score.flags == ("out_of_set",)
    assert score.reason == "“biling” is none of the 3 labels (nearest: billing)"


@pytest.mark.parametrize(("outside", "value"), [("fails", 0), ("unless_same", 1), ("label", 1)])
def test_two_sides_that_name_the_same_unknown_label_agree_unless_the_set_is_closed(
    outside: str, value: int, case: Case
) -> None:
    scorer = LabelScorer(SET, outside=outside)

    assert scorer.score(said("refund"), said("refund"), case=case).value == value


@pytest.mark.parametrize(("outside", "fails"), [("unless_same", True), ("label", False)])
def test_an_unknown_label_is_only_wrong_where_the_set_was_learnt_from_too_few(
    outside: str, fails: bool, case: Case
) -> None:
    score = LabelScorer(SET, outside=outside).score(said("refund"), said("sales"), case=case)

    assert score.value == 0
    assert (score.failure is not None) is fails


def test_a_baseline_that_names_no_label_is_blamed_not_the_candidate(case: Case) -> None:
    score = LabelScorer(SET).score(said("sales"), said("I am not sure about this"), case=case)

    assert score.failure is None
    assert score.target_failure is not None
    assert score.target_failure.kind is FailureKind.UNPARSEABLE


def test_a_reference_is_in_the_set_by_being_the_reference(case: Case) -> None:
    score = LabelScorer(SET).score(said("Returns"), Reference("returns"), case=case)

    assert score.value == 1


def test_any_of_several_references_is_right(case: Case) -> None:
    score = LabelScorer(SET).score(said("sales"), Reference(["billing", "sales"]), case=case)

    assert score.value == 1


def test_labels_that_differ_only_in_signs_stay_apart(case: Case) -> None:
    scorer = LabelScorer(["+", "-", "!"])

    assert scorer.score(said("+"), Reference("-"), case=case).value == 0
    assert scorer.score(said("-"), Reference("-"), case=case).value == 1


@pytest.mark.parametrize(("one", "other"), [("C", "C++"), ("C#", "C"), ("-1", "1")])
def test_signs_that_carry_meaning_are_not_stripped(one: str, other: str, case: Case) -> None:
    assert LabelScorer().score(said(one), said(other), case=case).value == 0


@pytest.mark.parametrize("text", ["B", "(B)", "B. Paris", "Answer: B) Paris", "**B**"])
def test_an_option_letter_is_read_with_or_without_its_text(text: str, case: Case) -> None:
    assert LabelScorer(["A", "B", "C"]).score(said(text), Reference("B"), case=case).value == 1


def test_an_alias_counts_as_its_label(case: Case) -> None:
    scorer = LabelScorer(SET, aliases={"helpdesk": "tech_support"})

    assert scorer.score(said("Helpdesk"), Reference("tech_support"), case=case).value == 1


def test_an_alias_of_no_label_is_refused() -> None:
    with pytest.raises(BadOption):
        LabelScorer(SET, aliases={"helpdesk": "support"})


def test_a_similar_label_is_suggested_and_never_applied(case: Case) -> None:
    assert suggest_aliases(["bilings", "weather"], SET) == {"bilings": "billing"}
    assert LabelScorer(SET).score(said("bilings"), said("billing"), case=case).value == 0


def test_an_empty_answer_is_no_label(case: Case) -> None:
    score = LabelScorer(SET).score(said("  "), Reference("sales"), case=case)

    assert score.failure is not None
    assert score.failure.message == "an empty answer"
