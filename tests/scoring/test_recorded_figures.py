"""The scorers on recorded answers of real models give the figures known of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from suffice.ports import Scorer
from suffice.records import Case, Reference, Score
from suffice.scoring import choose_scorer

Load = Callable[[str], list[Case]]

HAIKU_3, OPUS_3 = "claude-3-haiku-20240307", "claude-3-opus-20240229"
HAIKU_35, SONNET_35 = "claude-3-5-haiku-20241022", "claude-3-5-sonnet-20241022"


def chosen(cases: list[Case], baseline: str) -> Scorer:
    scorer = choose_scorer(cases, baseline=baseline).scorer
    assert scorer is not None
    return scorer


def against_reference(cases: list[Case], arm: str, scorer: Scorer) -> list[Score]:
    return [scorer.score(c.answers[arm], Reference(c.reference), case=c) for c in cases]


def against_each_other(cases: list[Case], arm: str, other: str, scorer: Scorer) -> list[Score]:
    return [scorer.score(c.answers[arm], c.answers[other], case=c) for c in cases]


def share_right(scores: list[Score]) -> float:
    return sum(score.value == 1 for score in scores) / len(scores)


@pytest.mark.parametrize(
    ("request_type", "small", "big", "agreement"),
    [
        ("classification/clinc10", 0.783, 0.975, 0.767),
        ("classification/banking10", 0.650, 0.958, 0.667),
    ],
)
def test_intents_are_scored_as_one_of_ten_labels(
    recorded_cases: Load, request_type: str, small: float, big: float, agreement: float
) -> None:
    cases = [c for c in recorded_cases("local_llm_intents") if c.type == request_type]
    gemma, qwen = "gemma-3-270m", "qwen2.5-coder-1.5b"
    choice = choose_scorer(cases, baseline=qwen)
    assert choice.scorer is not None

    assert choice.scorer.name == "label"
    assert choice.chance == pytest.approx(0.1)
    assert "one of 10 labels" in choice.reason
    right = {m: share_right(against_reference(cases, m, choice.scorer)) for m in (gemma, qwen)}
    assert right[gemma] == pytest.approx(small, abs=5e-4)
    assert right[qwen] == pytest.approx(big, abs=5e-4)
    both = share_right(against_each_other(cases, gemma, qwen, choice.scorer))
    assert both == pytest.approx(agreement, abs=5e-4)


def test_numbers_in_json_answers_are_read_as_their_source_read_them(recorded_cases: Load) -> None:
    cases = recorded_cases("zeroeval_gsm")
    choice = choose_scorer(cases, baseline=SONNET_35)
    assert choice.scorer is not None

    assert (choice.scorer.name, choice.measure_reference) == ("number", True)
    for arm in (HAIKU_35, SONNET_35):
        scores = against_reference(cases, arm, choice.scorer)
        assert [s.value == 1 for s in scores] == [c.meta["correct"][arm] for c in cases]
    both = share_right(against_each_other(cases, HAIKU_35, SONNET_35, choice.scorer))
    assert both == pytest.approx(0.955, abs=5e-4)


def test_code_output_is_read_as_a_value(recorded_cases: Load) -> None:
    """
    Differs from the source's own grades in at most five rows of 1,600: values it failed to read.
    """
    cases = recorded_cases("zeroeval_crux")
    choice = choose_scorer(cases, baseline=SONNET_35)
    assert choice.scorer is not None

    assert (choice.scorer.name, choice.measure_reference) == ("literal", True)
    different = 0
    for arm, known in ((HAIKU_35, 0.685), (SONNET_35, 0.848)):
        scores = against_reference(cases, arm, choice.scorer)
        assert share_right(scores) == pytest.approx(known, abs=0.006)
        graded = zip(scores, cases, strict=True)
        rows = [score for score, c in graded if (score.value == 1) != c.meta["correct"][arm]]
        assert all(score.value == 1 for score in rows)
        different += len(rows)
    assert different <= 5
    both = share_right(against_each_other(cases, HAIKU_35, SONNET_35, choice.scorer))
    assert both == pytest.approx(0.705, abs=0.007)


@pytest.mark.parametrize(
    ("category", "agreement"),
    [
        ("simple", 0.693),
        ("multiple_function", 0.695),
        # One pair each differs in the list's order or a whole number's spelling alone.
        ("parallel_function", 0.355),
        ("relevance", 0.300),
    ],
)
def test_tool_calls_agree_as_often_as_known(
    recorded_cases: Load, category: str, agreement: float
) -> None:
    cases = [c for c in recorded_cases("bfcl") if c.type == f"tool_call/{category}"]
    scorer = chosen(cases, OPUS_3)

    assert scorer.name == "tool_call"
    both = share_right(against_each_other(cases, HAIKU_3, OPUS_3, scorer))
    assert both == pytest.approx(agreement, abs=6e-4)


def test_allowed_argument_values_grade_simple_calls_almost_as_their_source_does(
    recorded_cases: Load,
) -> None:
    cases = [c for c in recorded_cases("bfcl") if c.type == "tool_call/simple"]
    scorer = chosen(cases, OPUS_3)

    for arm, known in ((HAIKU_3, 0.960), (OPUS_3, 0.895)):
        assert share_right(against_reference(cases, arm, scorer)) == pytest.approx(known, abs=0.01)


def test_a_call_where_none_was_right_counts_as_the_source_counts_it(recorded_cases: Load) -> None:
    cases = [c for c in recorded_cases("bfcl") if c.type == "tool_call/relevance"]
    scorer = chosen(cases, OPUS_3)

    for arm in (HAIKU_3, OPUS_3):
        scores = against_reference(cases, arm, scorer)
        assert [s.value == 1 for s in scores] == [c.meta["correct"][arm] for c in cases]


@pytest.mark.parametrize("name", ["vectara_summaries", "cookbook_leases"])
def test_summaries_get_no_scorer_and_a_word_why(recorded_cases: Load, name: str) -> None:
    cases = recorded_cases(name)
    baseline = next(iter(cases[0].answers))

    choice = choose_scorer(cases, baseline=baseline)

    assert choice.scorer is None
    assert "judge" in choice.reason


def test_multiple_choice_without_texts_is_known_to_be_a_guess_among_four(
    recorded_cases: Load,
) -> None:
    cases = [c for c in recorded_cases("routellm_mmlu") if "high_school_math" in c.type]

    choice = choose_scorer(cases, baseline="gpt-4-1106-preview")

    assert choice.scorer is None
    assert choice.chance == pytest.approx(0.25)
