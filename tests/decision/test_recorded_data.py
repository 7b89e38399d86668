"""Published figures on real recorded answers. Numbers and verdicts only, never texts."""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from suffice.decision import decide, decide_all
from suffice.records import Evidence, Limits, Verdict, Word

Grades = list[tuple[float, float]]


def rows(path: Path) -> Iterator[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def quality(name: str, grades: Grades) -> Evidence:
    baseline, candidate = ([*column] for column in zip(*grades, strict=True))
    return Evidence(
        type=name,
        baseline="big",
        candidate="small",
        cases=len(grades),
        baseline_quality=baseline,
        candidate_quality=candidate,
    )


@pytest.fixture(scope="module")
def mbpp(recorded_data: Path) -> dict[str, list[float]]:
    """Outcomes by run and model, e.g. ``opus@A``, aligned by task."""
    found: dict[str, list[float]] = defaultdict(list)
    for row in rows(recorded_data / "mbpp_claude_outcomes.jsonl.gz"):
        for run in row["runs"]:
            found[f"{run['model'].split('-')[1]}@{run['run']}"].append(float(run["correct"]))
    return found


@pytest.fixture(scope="module")
def mmlu(recorded_data: Path) -> list[Evidence]:
    """57 subjects as types: gpt-4 to mixtral."""
    subjects: dict[str, Grades] = defaultdict(list)
    for row in rows(recorded_data / "routellm_mmlu.jsonl.gz"):
        outcomes = row["outcomes"]
        subjects[row["task"].split("/")[1]].append(
            (
                float(outcomes["gpt-4-1106-preview"]),
                float(outcomes["mixtral-8x7b-instruct-v0.1"]),
            )
        )
    return [quality(name, grades) for name, grades in subjects.items()]


@pytest.fixture(scope="module")
def bfcl(recorded_data: Path) -> dict[str, Verdict]:
    """12 categories as types: claude-3-opus to claude-3-haiku."""
    categories: dict[str, Grades] = defaultdict(list)
    for row in rows(recorded_data / "bfcl.jsonl.gz"):
        correct = row["meta"]["correct"]
        categories[row["task"].split("/")[1]].append(
            (
                float(correct["claude-3-opus-20240229"]),
                float(correct["claude-3-haiku-20240307"]),
            )
        )
    verdicts = decide_all([quality(*each) for each in categories.items()], Limits())
    return {verdict.type: verdict for verdict in verdicts}


@pytest.mark.parametrize(
    ("baseline", "candidate", "lost", "won", "lower", "word"),
    [
        ("opus@A", "sonnet@B", 34, 24, -2.36, Word.SWITCH),
        ("opus@A", "sonnet@C", 37, 22, -2.89, Word.SWITCH),
        ("haiku@A", "haiku@B", 39, 46, -0.85, Word.SWITCH),
        ("haiku@B", "haiku@A", 46, 39, -2.30, Word.SWITCH),
        ("sonnet@B", "sonnet@C", 30, 25, -1.80, Word.SWITCH),
        ("haiku@C", "haiku@A", 51, 27, -4.00, Word.NOT_YET),
        ("haiku@C", "haiku@B", 46, 29, -3.25, Word.NOT_YET),
        ("opus@A", "haiku@A", 162, 6, -18.12, Word.KEEP),
    ],
)
def test_code_tasks_at_three_points(
    mbpp: dict[str, list[float]],
    baseline: str,
    candidate: str,
    lost: int,
    won: int,
    lower: float,
    word: Word,
) -> None:
    pairs = list(zip(mbpp[baseline], mbpp[candidate], strict=True))

    verdict = decide(quality("mbpp", pairs), Limits())

    assert (verdict.pairs, verdict.lost, verdict.won) == (974, lost, won)
    assert 100 * (verdict.lower or 0) == pytest.approx(lower, abs=0.006)
    assert verdict.verdict is word


def test_opus_to_sonnet_is_not_yet_at_two_points(mbpp: dict[str, list[float]]) -> None:
    pairs = list(zip(mbpp["opus@A"], mbpp["sonnet@B"], strict=True))

    verdict = decide(quality("mbpp", pairs), Limits(margin=0.02))

    assert verdict.verdict is Word.NOT_YET
    assert verdict.p_value == pytest.approx(0.111, abs=0.0006)


def test_opus_to_haiku_is_at_least_fourteen_points_worse(mbpp: dict[str, list[float]]) -> None:
    pairs = list(zip(mbpp["opus@A"], mbpp["haiku@A"], strict=True))

    verdict = decide(quality("mbpp", pairs), Limits())

    assert 100 * (verdict.upper or 0) == pytest.approx(-14.1, abs=0.05)


@pytest.mark.parametrize(
    ("first", "second", "candidate", "own", "word"),
    [
        ("haiku@A", "haiku@B", "haiku@C", 0.913, Word.SWITCH),
        ("sonnet@B", "sonnet@C", "opus@A", 0.944, Word.SWITCH),
        ("sonnet@B", "sonnet@C", "haiku@A", 0.944, Word.KEEP),
    ],
)
def test_against_its_own_noise_a_clone_passes_where_95_percent_would_reject_it(
    mbpp: dict[str, list[float]],
    first: str,
    second: str,
    candidate: str,
    own: float,
    word: Word,
) -> None:
    def same(one: str, other: str) -> list[float]:
        return [float(a == b) for a, b in zip(mbpp[one], mbpp[other], strict=True)]

    evidence = Evidence(
        type="mbpp",
        baseline=first,
        candidate=candidate,
        cases=974,
        agreement=same(candidate, first),
        first_agreement=same(candidate, first),
        second_agreement=same(candidate, second),
        self_agreement=same(first, second),
    )

    verdict = decide(evidence, Limits())

    assert verdict.noise_floor == pytest.approx(own, abs=0.0006)
    assert verdict.verdict is word


def test_a_point_estimate_would_approve_nine_subjects(mmlu: list[Evidence]) -> None:
    approved = [
        each
        for each in mmlu
        if sum(each.candidate_quality) - sum(each.baseline_quality) >= -0.05 * each.cases
    ]

    assert (len(mmlu), len(approved)) == (57, 9)


def test_uncorrected_three_subjects_have_a_p_value_below_alpha(mmlu: list[Evidence]) -> None:
    verdicts = [decide(each, Limits(margin=0.05)) for each in mmlu]

    assert sorted(v.type for v in verdicts if (v.p_value or 0) <= 0.05) == [
        "high_school_mathematics",
        "marketing",
        "world_religions",
    ]


def test_over_all_57_two_are_selected_and_one_survives_the_broken_reference(
    mmlu: list[Evidence],
) -> None:
    verdicts = {each.type: each for each in decide_all(mmlu, Limits(margin=0.05))}

    selected = [name for name, v in verdicts.items() if (v.lower or -1) >= -0.05]
    switched = [name for name, v in verdicts.items() if v.verdict is Word.SWITCH]
    assert sorted(selected) == ["high_school_mathematics", "world_religions"]
    assert switched == ["world_religions"]
    assert verdicts["high_school_mathematics"].reason == "broken_reference"
    assert verdicts["moral_scenarios"].verdict is Word.KEEP
    assert verdicts["world_religions"].promise == "fdr"


def test_at_bonferronis_level_only_the_broken_subject_would_pass_so_none_does(
    mmlu: list[Evidence],
) -> None:
    verdicts = [decide(each, Limits(margin=0.05, decisions=57)) for each in mmlu]

    assert [v.type for v in verdicts if (v.lower or -1) >= -0.05] == ["high_school_mathematics"]
    assert Word.SWITCH not in {v.verdict for v in verdicts}


def test_only_the_known_extraction_artefact_looks_broken(mmlu: list[Evidence]) -> None:
    broken = [
        each.type
        for each in decide_all(mmlu, Limits(margin=0.05))
        if each.reason == "broken_reference"
    ]

    assert broken == ["high_school_mathematics"]


@pytest.mark.parametrize(
    ("category", "lower", "upper", "word"),
    [
        ("simple", 2.4, 11.2, Word.SWITCH),
        ("multiple_function", -5.2, 9.4, Word.NOT_YET),
    ],
)
def test_tool_calls_over_twelve_categories(
    bfcl: dict[str, Verdict], category: str, lower: float, upper: float, word: Word
) -> None:
    verdict = bfcl[category]

    assert verdict.decisions == 12
    assert 100 * (verdict.lower or 0) == pytest.approx(lower, abs=0.05)
    assert 100 * (verdict.upper or 0) == pytest.approx(upper, abs=0.05)
    assert verdict.verdict is word


def test_parallel_tool_calls_and_relevance_are_kept(bfcl: dict[str, Verdict]) -> None:
    kept = [
        "executable_parallel_function",
        "executable_parallel_multiple_function",
        "parallel_function",
        "parallel_multiple_function",
        "relevance",
    ]

    assert sorted(name for name, v in bfcl.items() if v.verdict is Word.KEEP) == kept


def test_multiple_function_switches_alone(recorded_data: Path) -> None:
    grades = [
        (
            float(row["meta"]["correct"]["claude-3-opus-20240229"]),
            float(row["meta"]["correct"]["claude-3-haiku-20240307"]),
        )
        for row in rows(recorded_data / "bfcl.jsonl.gz")
        if row["task"] == "tool_call/multiple_function"
    ]

    assert decide(quality("multiple_function", grades), Limits()).verdict is Word.SWITCH


def test_factual_summaries_switch_at_three_points(recorded_data: Path) -> None:
    grades = [
        (
            float(row["meta"]["hhem"]["claude-sonnet-4-5-20250929"] >= 0.5),
            float(row["meta"]["hhem"]["claude-haiku-4-5-20251001"] >= 0.5),
        )
        for row in rows(recorded_data / "vectara_summaries.jsonl.gz")
    ]

    verdict = decide(quality("summaries", grades), Limits())

    assert (verdict.lost, verdict.won, verdict.verdict) == (24, 35, Word.SWITCH)
    assert 100 * (verdict.lower or 0) == pytest.approx(-0.19, abs=0.006)


def test_grade_school_mathematics_is_kept(recorded_data: Path) -> None:
    grades = [
        (
            float(row["outcomes"]["gpt-4-1106-preview"]),
            float(row["outcomes"]["mixtral-8x7b-instruct-v0.1"]),
        )
        for row in rows(recorded_data / "routellm_gsm8k.jsonl.gz")
    ]

    assert decide(quality("gsm8k", grades), Limits()).verdict is Word.KEEP
