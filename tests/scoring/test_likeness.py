"""A model's answers among themselves."""

from __future__ import annotations

from suffice.records import Answer, Case, Failure, FailureKind
from suffice.scoring import scorer_named
from suffice.scoring.likeness import likeness

CASE = Case(id="c", type="t")


def test_answers_are_alike_as_the_type_s_scorer_says() -> None:
    answers = [
        Answer(text='{"a": 1, "b": 2}'),
        Answer(text='{"b": 2, "a": 1}'),
        Answer(text='{"a": 1, "b": 3}'),
    ]

    table = likeness(answers, case=CASE, scorer=scorer_named("json"))

    assert table[0][1] == 1.0
    assert 0.0 < table[0][2] < 1.0
    assert table[0][2] == table[2][0] == table[1][2]


def test_two_refusals_are_alike_and_a_refusal_is_like_no_answer() -> None:
    refused = Answer(failure=Failure(FailureKind.REFUSAL, "no"))
    again = Answer(failure=Failure(FailureKind.REFUSAL, "no, really"))

    table = likeness([refused, again, Answer(text="yes")], case=CASE, scorer=None)

    assert (table[0][1], table[0][2]) == (1.0, 0.0)


def test_without_a_scorer_words_are_compared_so_nobody_has_to_be_paid() -> None:
    answers = [
        Answer(text="Call the bank today."),
        Answer(text="Call the bank."),
        Answer(text="Zzz"),
    ]

    table = likeness(answers, case=CASE, scorer=None)

    assert table[0][1] > 0.5 > table[0][2]
