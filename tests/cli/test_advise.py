"""`suffice advise` from the outside."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
from click.testing import CliRunner, Result

from suffice.cli import main
from suffice.records import Comparison, Measure, Verdict, Word

ASK = ("--task", "classification", "--context-tokens", "1200", "--at", "2026-11-22")


def run(*args: str) -> Result:
    return CliRunner(env={"SUFFICE_PRICES": None, "COLUMNS": "100"}).invoke(main, ["advise", *args])


def test_the_prior_says_that_nothing_was_measured_and_ends_with_the_comparison() -> None:
    result = run(*ASK)

    assert result.exit_code == 0
    assert result.stdout.startswith("Try claude-haiku-5-5 first. This is a prior: nothing was")
    assert result.stdout.rstrip().endswith(
        "Next  suffice compare CASES --baseline claude-opus-5-5 --to claude-haiku-5-5"
    )


def test_every_flag_of_the_command_reaches_the_advice() -> None:
    flags = [
        "--creative",
        "--ambiguous-input",
        "--ambiguous-output",
        "--conversation",
        "--reasoning",
        "--explain-reasoning",
        "--speed-critical",
    ]
    for flag in flags:
        plain = json.loads(run(*ASK, "--format", "json").stdout)
        asked = json.loads(run(*ASK, flag, "--format", "json").stdout)
        assert (asked == plain) is (flag == "--speed-critical"), flag


def test_json_is_one_document_with_its_schema() -> None:
    read = json.loads(run(*ASK, "--volume", "10000", "--format", "json").stdout)

    assert (read["schema"], read["version"], read["basis"]) == ("suffice.advice", 1, "prior")
    # 10,000 x 30 x 1,200 tokens are 360 MTok: $0.10 on Haiku 5.5, $4 on Opus 5.5.
    assert (read["prompt_usd_per_month"], read["large_prompt_usd_per_month"]) == (36, 1440)


def test_markdown_holds_the_headline_and_the_command() -> None:
    text = run(*ASK, "--format", "md").stdout

    assert text.startswith("## Try claude-haiku-5-5 first.")
    assert "Next: `suffice compare CASES" in text


def test_a_stored_run_wins_over_the_prior(tmp_path: Path) -> None:
    verdict = Verdict(
        type="classification",
        baseline="claude-opus-5-5",
        candidate="claude-haiku-5-5",
        pairs=300,
        measure=Measure.QUALITY,
        estimate=-0.1,
        agreement=None,
        noise_floor=None,
        lower=-0.14,
        upper=-0.06,
        limit=-0.03,
        verdict=Word.KEEP,
        reason="worse",
        sentence="Worse by 10 points.",
    )
    stored = tmp_path / "result.json"
    stored.write_bytes(msgspec.json.encode(Comparison(created="2026-11-20", types=(verdict,))))

    result = run(*ASK, "--run", str(stored))

    assert result.stdout.startswith("Use claude-opus-5-5: measured for classification.")
    assert "Worse by 10 points." in result.stdout


def test_a_day_before_the_newest_model_has_its_own_answer() -> None:
    read = json.loads(
        run(
            "--task", "routing", "--context-tokens", "9", "--at", "2026-09-01", "--format", "json"
        ).stdout
    )

    assert read["model"] == "claude-haiku-4-5"
