"""Assertions that came with a case, in promptfoo's form."""

from __future__ import annotations

from typing import Any

import pytest

from suffice.records import Answer, Case, Failure, FailureKind, Reference, Score
from suffice.scoring import scorer_named


def met(text: str, *assertions: dict[str, Any], latency_s: float | None = None) -> Score:
    case = Case(id="1", type="t", assertions=assertions)
    answer = Answer(text=text, latency_s=latency_s)
    return scorer_named("assertions").score(answer, Reference(None), case=case)


@pytest.mark.parametrize(
    ("assertion", "right", "wrong"),
    [
        ({"type": "equals", "value": "Paris"}, " Paris\n", "Paris."),
        ({"type": "equals", "value": {"a": 1}}, '{"a": 1.0}', '{"a": 2}'),
        ({"type": "contains", "value": "Paris"}, "It is Paris.", "paris"),
        ({"type": "icontains", "value": "Paris"}, "paris", "London"),
        ({"type": "contains-all", "value": ["a", "b"]}, "b a", "a"),
        ({"type": "contains-any", "value": "x, y"}, "y", "z"),
        ({"type": "icontains-any", "value": ["X"]}, "x", "z"),
        ({"type": "starts-with", "value": "Yes"}, "Yes, it is", "No. Yes"),
        ({"type": "ends-with", "value": "."}, "End.", "End"),
        ({"type": "regex", "value": "^\\d+$"}, "12", "12a"),
        ({"type": "is-json"}, '{"a": 1}', 'Here: {"a": 1}'),
        ({"type": "is-json", "value": {"required": ["a"]}}, '{"a": 1}', "{}"),
        ({"type": "contains-json"}, 'Here: {"a": 1}', "none"),
        ({"type": "not-contains", "value": "sorry"}, "Yes", "I am sorry"),
        ({"type": "not-is-json"}, "text", "[]"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_each_kind_holds_where_it_should_and_only_there(
    assertion: dict[str, Any], right: str, wrong: str
) -> None:
    assert met(right, assertion).value == 1
    assert met(wrong, assertion).value == 0


def test_the_weighted_share_is_the_score_and_the_broken_ones_are_named() -> None:
    score = met(
        "Paris",
        {"type": "equals", "value": "Paris", "weight": 3},
        {"type": "contains", "value": "France"},
    )

    assert score.value == pytest.approx(0.75)
    assert score.paths == ("contains “France”",)


@pytest.mark.parametrize("kind", ["javascript", "python", "llm-rubric", "similar", ""])
def test_what_cannot_be_checked_is_named_and_missing_never_passed_over(kind: str) -> None:
    score = met("Paris", {"type": "equals", "value": "Paris"}, {"type": kind, "value": "x"})

    assert score.failure == Failure(
        FailureKind.SCORER, f"assertion {kind}: this kind cannot be checked here"
    )


def test_latency_is_checked_where_it_was_recorded() -> None:
    fast = {"type": "latency", "threshold": 500}

    assert met("x", fast, latency_s=0.4).value == 1
    assert met("x", fast, latency_s=0.6).value == 0
    assert met("x", fast).failure is not None


def test_a_broken_pattern_is_the_scorers_failure() -> None:
    assert met("x", {"type": "regex", "value": "("}).failure is not None
