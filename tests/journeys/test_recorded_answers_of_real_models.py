"""
From a file of real recorded answers to verdicts, by the command a user types.

The figures are those of docs/statistics.md; the answers were recorded by others, and only their
ids, counts and verdicts are asserted here.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from suffice.cli import main

Run = Callable[..., dict[str, dict[str, Any]]]


@pytest.fixture
def verdicts(recorded_data: Path) -> Run:
    """Compare a file and give its verdicts by type, bounds in points."""

    def run(name: str, baseline: str, candidate: str, *options: str) -> dict[str, dict[str, Any]]:
        result = CliRunner().invoke(
            main,
            [
                *("compare", str(recorded_data / f"{name}.jsonl.gz"), "--recorded", "--no-save"),
                *("--baseline", baseline, "--to", candidate, "--format", "json", *options),
            ],
        )
        assert result.exit_code in {0, 10, 11}, result.stderr
        return {row["type"]: row for row in json.loads(result.stdout)["types"]}

    return run


@pytest.mark.parametrize(
    ("baseline", "candidate", "margin", "verdict", "lost", "won", "lower"),
    [
        ("claude-opus-4-8@A", "claude-sonnet-5@B", 3, "switch", 34, 24, -2.36),
        ("claude-opus-4-8@A", "claude-sonnet-5@B", 2, "not_yet", 34, 24, -2.36),
        ("claude-haiku-4-5@A", "claude-haiku-4-5@B", 3, "switch", 39, 46, -0.85),
        ("claude-haiku-4-5@B", "claude-haiku-4-5@A", 3, "switch", 46, 39, None),
        ("claude-sonnet-5@B", "claude-sonnet-5@C", 3, "switch", None, None, -1.80),
        ("claude-opus-4-8@A", "claude-sonnet-5@C", 3, "switch", None, None, None),
        ("claude-opus-4-8@A", "claude-haiku-4-5@A", 3, "keep", 162, 6, None),
    ],
)
def test_a_rerun_passes_and_a_weaker_model_does_not(
    verdicts: Run,
    baseline: str,
    candidate: str,
    margin: int,
    verdict: str,
    lost: int | None,
    won: int | None,
    lower: float | None,
) -> None:
    found = verdicts("mbpp_claude_outcomes", baseline, candidate, "--margin", str(margin))["all"]

    assert (found["verdict"], found["measure"], found["pairs"]) == (verdict, "quality", 974)
    assert lost in {None, found["lost"]}
    assert won in {None, found["won"]}
    if lower is not None:
        assert round(100 * found["lower"], 2) == lower


def test_opposite_answers_per_type_hide_in_one_overall_figure(verdicts: Run) -> None:
    found = verdicts(
        "bfcl",
        "claude-3-opus-20240229",
        "claude-3-haiku-20240307",
        *("--type-field", "meta.category", "--outcomes-field", "meta.correct", "--margin", "3"),
    )

    words = {name: row["verdict"] for name, row in found.items()}
    assert words["simple"] == "switch"
    assert words["multiple_function"] == "not_yet"
    kept = {"parallel_function", "parallel_multiple_function", "relevance"}
    assert {words[name] for name in kept} == {"keep"}
    assert {words[name] for name in words if name.startswith("executable_parallel")} == {"keep"}
    assert [round(100 * found["simple"][bound], 1) for bound in ("lower", "upper")] == [2.4, 11.2]


def test_multiple_function_alone_would_switch(recorded_data: Path, tmp_path: Path) -> None:
    """
    The same pairs pass where only one decision shares the promised error rate.
    """
    with gzip.open(recorded_data / "bfcl.jsonl.gz") as file:
        rows = [json.loads(line) for line in file]
    alone = [row for row in rows if row["meta"]["category"] == "multiple_function"]
    (tmp_path / "alone.jsonl").write_text("".join(json.dumps(row) + "\n" for row in alone))

    result = CliRunner().invoke(
        main,
        [
            *("compare", str(tmp_path / "alone.jsonl"), "--recorded", "--no-save"),
            *("--baseline", "claude-3-opus-20240229", "--to", "claude-3-haiku-20240307"),
            *("--outcomes-field", "meta.correct", "--margin", "3", "--format", "json"),
        ],
    )

    assert result.exit_code == 0
    assert json.loads(result.stdout)["types"][0]["verdict"] == "switch"


def test_a_broken_reference_is_caught_and_no_subject_passes_by_luck(verdicts: Run) -> None:
    found = verdicts(
        "routellm_mmlu",
        "gpt-4-1106-preview",
        "mixtral-8x7b-instruct-v0.1",
        *("--type-field", "task", "--margin", "5"),
    )

    assert len(found) == 57
    switched = {name for name, row in found.items() if row["verdict"] == "switch"}
    assert len(switched) == 1
    mathematics = found["mmlu/high_school_mathematics"]
    assert (mathematics["verdict"], mathematics["reason"]) == ("not_yet", "broken_reference")
    assert found["mmlu/moral_scenarios"]["verdict"] == "keep"
    assert all(row["cost"] is None for row in found.values())


def test_summaries_graded_for_factuality_switch_at_three_points(verdicts: Run) -> None:
    found = verdicts(
        "vectara_summaries",
        "claude-sonnet-4-5-20250929",
        "claude-haiku-4-5-20251001",
        *("--outcomes-field", "meta.hhem>=0.5", "--margin", "3"),
    )["all"]

    assert (found["verdict"], found["lost"], found["won"]) == ("switch", 24, 35)
    assert round(100 * found["lower"], 2) == -0.19


def test_a_much_weaker_model_is_kept_out(verdicts: Run) -> None:
    found = verdicts(
        "routellm_gsm8k", "gpt-4-1106-preview", "mixtral-8x7b-instruct-v0.1", "--margin", "3"
    )["all"]

    assert found["verdict"] == "keep"


def test_arithmetic_answers_are_read_as_numbers(verdicts: Run) -> None:
    found = verdicts("zeroeval_gsm", "claude-3-5-sonnet-20241022", "claude-3-5-haiku-20241022")[
        "all"
    ]

    assert found["scorer"] == "number"
    assert round(found["baseline_quality"], 3) == 0.966
    assert round(found["candidate_quality"], 3) == 0.945
    assert round(found["agreement"], 3) == 0.955


def test_a_short_name_finds_the_dated_model_in_the_file(verdicts: Run) -> None:
    found = verdicts(
        "vectara_summaries",
        "claude-sonnet-4-5",
        "claude-haiku-4-5",
        *("--outcomes-field", "meta.hhem>=0.5", "--margin", "3"),
    )["all"]

    assert found["pairs"] == 870
