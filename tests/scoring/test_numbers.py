"""Numbers and other values: which one an answer gives."""

from __future__ import annotations

from typing import Any

import pytest

from suffice.records import Answer, Case, FailureKind, Reference
from suffice.scoring import scorer_named
from suffice.scoring.numbers import read_number


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("42", 42),
        ("-3.5", -3.5),
        ("−3", -3),
        ("$1,234.50", 1234.5),
        ("1.234,50 €", 1234.5),
        ("1 234 567", 567),
        ("1\u202f234", 1234),
        ("1'234", 1234),
        ("3,5", 3.5),
        ("1,234", 1234),
        ("3/4", 0.75),
        ("\\boxed{\\frac{3}{4}}", 0.75),
        ("2e3", 2000),
        (".5", 0.5),
        ("-$5", -5),
        ("the range is 5-3", 3),
        ("gpt-4 says 7 apples", 7),
        ("18kg", 18),
        ("First 3, then 4.\n#### 12", 12),
        ("The answer is 12. It was 7 before.", 12),
        ('{"reasoning": "9 * 2", "answer": "18"}', 18),
        ('{"answer": 18.0, "unit": "m2"}', 18),
        ('{"reasoning": "line\nbreak 5", "answer": "$18"}', 18),
        ('{"reasoning": "a "quoted" 5", "final_answer": 18}', 18),
        ("**Answer:** 12 km, 3 hours", 3),
    ],
)
def test_the_number_of_an_answer_is_found(text: str, value: float) -> None:
    found = read_number(text)

    assert found is not None
    assert found.value == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "none", "x2", "1/0", "9" * 200, "1e999", "NaN"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert read_number(text) is None


@pytest.mark.parametrize(
    ("text", "reference", "value"),
    [
        ("45%", "45", 1),
        ("45%", 0.45, 1),
        ("45%", "45 percent", 1),
        ("0.45", "45", 0),
        ("18.00", 18, 1),
        ("18.01", 18, 0),
        ("9007199254740993", 9007199254740992, 0),
        ("0.1", 0.1 + 1e-17, 1),
    ],
)
def test_a_number_agrees_with_its_reference_or_not(
    text: str, reference: Any, value: int, case: Case
) -> None:
    scorer = scorer_named("number")

    assert scorer.score(Answer(text=text), Reference(reference), case=case).value == value


def test_a_tolerance_can_be_given(case: Case) -> None:
    scorer = scorer_named("number", options={"abs_tol": 0.05})

    assert scorer.score(Answer(text="18.01"), Reference(18), case=case).value == 1


def test_an_answer_without_a_number_cannot_be_read(case: Case) -> None:
    score = scorer_named("number").score(Answer(text="many"), Reference(18), case=case)

    assert score.failure is not None
    assert score.failure.kind is FailureKind.UNPARSEABLE


@pytest.mark.parametrize(
    ("text", "reference", "value"),
    [
        ("[1,2]", "[1, 2]", 1),
        ("(1, 'a')", '(1, "a")', 1),
        ("hello", "'hello'", 1),
        ("2", "'2'", 1),
        ("True", "1", 0),
        ("[True]", "[1]", 0),
        ("true", True, 1),
        ("{'a': 1, 'b': 2}", '{"b": 2, "a": 1}', 1),
        ("[2, 1]", "[1, 2]", 0),
        ('{"reasoning": "...", "answer": "[1, 2]"}', "[1, 2]", 1),
        ('{"reasoning": "...", "answer": [1, 2]}', "[1, 2]", 1),
        ("{'a': ['b']}", "{'a': ['b']}", 1),
    ],
)
def test_values_agree_whatever_their_spelling(
    text: str, reference: Any, value: int, case: Case
) -> None:
    scorer = scorer_named("literal")

    assert scorer.score(Answer(text=text), Reference(reference), case=case).value == value
