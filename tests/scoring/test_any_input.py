"""Whatever is scored, a score comes back: in range, and 1 for the same answer twice."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suffice.ports import Scorer
from suffice.records import Answer, Case, Failure, FailureKind, Reference
from suffice.scoring import SCORER_NAMES, scorer_named

CASE = Case(id="1", type="t", assertions=({"type": "contains", "value": "a"}, {"type": "is-json"}))
TEXTS = st.text(max_size=60) | st.sampled_from(
    [
        '```json\n{"a": NaN}\n```',
        '{"a": 1, "a": 2}',
        '{"answer": "\\ud800"}',
        "\ud800",
        "#### 1e999",
        "1/0",
        "Label: ",
        "```python\ndef f(:\n```",
        '[{"type": "tool_use", "name": 3}]',
        '[{"type": "tool_use", "name": "f", "input": "{"}]',
        "lambda: 0",
        "-" * 50 + "1",
        "(A)",
    ]
)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)
EVERY = sorted(SCORER_NAMES)


@pytest.fixture(params=EVERY)
def scorer(request: pytest.FixtureRequest) -> Scorer:
    return scorer_named(request.param)


@pytest.mark.parametrize("name", EVERY)
@given(text=TEXTS, other=TEXTS, value=JSON)
@settings(max_examples=60, deadline=None)
def test_any_two_texts_and_any_reference_get_a_score_in_range(
    name: str, text: str, other: str, value: Any
) -> None:
    scorer = scorer_named(name)

    for target in (Answer(text=other), Reference(other), Reference(value)):
        score = scorer.score(Answer(text=text), target, case=CASE)
        assert 0 <= score.value <= 1
        assert score.value == 0 or score.failure is None


@pytest.mark.parametrize("name", ["exact", "label", "literal", "tool_call", "text"])
@given(text=TEXTS)
@settings(max_examples=60, deadline=None)
def test_an_answer_agrees_with_itself(name: str, text: str) -> None:
    score = scorer_named(name).score(Answer(text=text), Answer(text=text), case=CASE)

    assert score.value == 1 or score.failure is not None


@given(value=JSON)
@settings(max_examples=100, deadline=None)
def test_json_agrees_with_itself_however_it_is_spaced(value: Any) -> None:
    one, other = json.dumps({"v": value}, indent=2), json.dumps({"v": value})

    score = scorer_named("json").score(Answer(text=one), Answer(text=other), case=CASE)

    assert score.value == 1


@pytest.mark.parametrize(
    "name", ["exact", "label", "number", "literal", "json", "tool_call", "text", "code"]
)
@given(text=TEXTS, other=TEXTS)
@settings(max_examples=60, deadline=None)
def test_neither_side_is_favoured(name: str, text: str, other: str) -> None:
    scorer = scorer_named(name)

    there = scorer.score(Answer(text=text), Answer(text=other), case=CASE)
    back = scorer.score(Answer(text=other), Answer(text=text), case=CASE)

    assert there.value == back.value


@pytest.mark.parametrize(
    "text",
    [
        "a" * 1_000_000,
        "[" * 500_000,
        '{"a":' * 100_000,
        "1" * 1_000_000,
        "(" * 100_000,
        "x" + ".b" * 100_000,
        "-" * 100_000 + "1",
        "```" * 100_000,
        "#### " * 100_000,
        '"answer": ' * 50_000,
        "{" * 20_000 + "}" * 20_000,
        "\x00" * 10_000,
        "\\boxed{" * 50_000,
        " " * 500_000,
        "__" * 200_000,
        "Label:" * 100_000,
        "1," * 200_000,
        "1,111" * 100_000,
        "1.111" * 100_000 + ",5",
        "$ - " * 100_000,
        "\n```\n{" * 50_000,
        "answer is " * 50_000,
        "\\frac{1}{" * 50_000,
        '{"answer": "' + "\\" * 200_000,
        "def f():\n  " * 50_000,
        "[" + "{}," * 100_000 + "{}]",
        "[" + '{"a":[' * 45 + "1" + "]}" * 45 + "]",
        "'" * 100_001,
        "9" * 5000 + "." + "9" * 5000 + "e999",
    ],
    ids=lambda text: f"{text[:8]!r}x{len(text)}",
)
def test_hostile_text_is_scored_within_a_few_seconds(scorer: Scorer, text: str) -> None:
    started = time.thread_time()

    score = scorer.score(Answer(text=text), Answer(text=text + " "), case=CASE)

    assert 0 <= score.value <= 1
    assert time.thread_time() - started < 8


def test_arrays_of_a_thousand_unlike_rows_are_compared_in_order(case: Case) -> None:
    left = json.dumps([{"id": n, "x": [n, str(n)]} for n in range(1000)])
    right = json.dumps([{"id": n + 1, "x": [n, "-"]} for n in range(1000)])

    score = scorer_named("json").score(Answer(text=left), Answer(text=right), case=case)

    assert score.flags == ("in_order",)
    assert 0 < score.value < 1


@pytest.mark.parametrize("kind", [FailureKind.REFUSAL, FailureKind.CUT, FailureKind.UNPARSEABLE])
def test_a_failed_answer_scores_zero_and_says_which_failure(
    scorer: Scorer, kind: FailureKind, case: Case
) -> None:
    failed = Answer(text="yes", failure=Failure(kind, "why"))

    score = scorer.score(failed, Answer(text="yes"), case=case)

    assert (score.value, score.failure) == (0, Failure(kind, "why"))


@pytest.mark.parametrize("name", ["exact", "label", "number", "json", "tool_call", "text", "code"])
def test_a_good_answer_disagrees_with_a_refusal_without_being_blamed(name: str, case: Case) -> None:
    refused = Answer(text="yes", failure=Failure(FailureKind.REFUSAL, "declined"))

    score = scorer_named(name).score(Answer(text="yes"), refused, case=case)

    assert (score.value, score.failure) == (0, None)
    assert score.target_failure == refused.failure


@pytest.mark.parametrize("missing", ["answer", "target"])
def test_what_nobody_answered_is_missing_on_either_side(missing: str, case: Case) -> None:
    lost = Answer(failure=Failure(FailureKind.TRANSPORT, "529"))
    sides = (lost, Answer(text="yes")) if missing == "answer" else (Answer(text="yes"), lost)

    score = scorer_named("exact").score(*sides, case=case)

    assert score.failure is not None
    assert score.failure.kind.is_missing


@pytest.mark.parametrize(
    ("stop_reason", "kind"),
    [("refusal", FailureKind.REFUSAL), ("max_tokens", FailureKind.CUT)],
)
def test_a_stop_reason_alone_says_that_an_answer_failed(
    stop_reason: str, kind: FailureKind, case: Case
) -> None:
    answer = Answer(text="yes", stop_reason=stop_reason)

    score = scorer_named("exact").score(answer, Answer(text="yes"), case=case)

    assert score.failure is not None
    assert score.failure.kind is kind
