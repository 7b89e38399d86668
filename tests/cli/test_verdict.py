"""`suffice verdict`: a stored run shown again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from suffice.adapters.storage import RunInfo, create_run, export_zip
from suffice.cli import main
from suffice.records import Comparison, Measure, Verdict, Word
from suffice.reports import parse_json


def suffice(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, [str(argument) for argument in arguments])


def row(request_type: str, word: Word) -> Verdict:
    return Verdict(
        type=request_type,
        baseline="claude-opus-5-5",
        candidate="claude-haiku-4-5",
        pairs=200,
        measure=Measure.AGREEMENT,
        estimate=0.98,
        agreement=0.98,
        noise_floor=None,
        lower=0.93,
        upper=0.99,
        limit=0.9,
        verdict=word,
        reason="as_good",
        lost=4,
        both=196,
    )


@pytest.fixture
def run(tmp_path: Path) -> Path:
    path = tmp_path / "r1"
    types = (row("triage", Word.SWITCH), row("tags", Word.KEEP))
    with create_run(path, RunInfo(run_id="r1")) as folder:
        folder.write_result(Comparison(run_id="elsewhere", source="c.jsonl", types=types))
    return path


def test_the_stored_verdicts_are_shown_again(run: Path) -> None:
    result = suffice("verdict", run)

    assert (result.exit_code, result.stderr) == (0, "")
    assert "✓ SWITCH" in result.stdout
    assert result.stdout.splitlines()[-1].startswith(f"Next  suffice cases {run} tags --lost")


def test_json_on_stdout_is_one_document_that_reads_back(run: Path) -> None:
    result = suffice("verdict", run, "--format", "json")

    assert [verdict.type for verdict in parse_json(result.stdout).types] == ["triage", "tags"]


def test_one_type_can_be_shown_alone(run: Path) -> None:
    result = suffice("verdict", run, "--type", "tags", "--format", "json")

    assert [verdict.type for verdict in parse_json(result.stdout).types] == ["tags"]


def test_an_unknown_type_is_named_with_the_nearest_ones(run: Path) -> None:
    result = suffice("verdict", run, "--type", "triag")

    assert result.exit_code == 2
    assert "SF005" in result.stderr
    assert "e.g. triage" in result.stderr


def test_a_zip_of_the_run_shows_the_same(run: Path, tmp_path: Path) -> None:
    archive = tmp_path / "r1.zip"
    export_zip(run, archive)

    here, there = (suffice("verdict", path, "--format", "csv").stdout for path in (run, archive))

    assert here == there


def test_several_files_are_written_at_once(run: Path, tmp_path: Path) -> None:
    page, table = tmp_path / "r.html", tmp_path / "r.md"

    suffice("verdict", run, "-o", page, "-o", table)

    assert page.read_text("utf-8").startswith("<!doctype html>")
    assert table.read_text("utf-8").startswith("## 1 Switch, 1 Keep")


def test_a_run_is_found_by_its_name_among_the_kept_ones(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = tmp_path / ".suffice" / "runs"
    kept.mkdir(parents=True)
    run.rename(kept / "r1")
    monkeypatch.chdir(tmp_path)

    shown = suffice("verdict", "r1", "--type", "triage")
    _, next_step = shown.stdout.rsplit("Next  suffice ", 1)
    checked = suffice(*next_step.split("   ")[0].split())

    assert shown.exit_code == 0
    assert next_step.startswith("check r1 ")
    assert (checked.exit_code, checked.stderr) == (11, "")
    assert suffice("check", "r1", "--against", "r1").exit_code == 0


@pytest.mark.parametrize("command", ["verdict", "cases", "check"])
def test_a_name_nobody_has_is_answered_with_the_runs_there_are(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    (tmp_path / ".suffice" / "runs").mkdir(parents=True)
    run.rename(tmp_path / ".suffice" / "runs" / "20261122-101502")
    monkeypatch.chdir(tmp_path)

    result = suffice(command, "nothing")

    assert result.exit_code == 2
    assert result.stderr.startswith("SF005  There is neither a file nor a run 'nothing'.")
    assert "There is 20261122-101502" in result.stderr


def test_a_run_that_was_not_finished_says_how_it_goes_on(tmp_path: Path) -> None:
    with create_run(tmp_path / "half", RunInfo(run_id="half")):
        pass

    result = suffice("verdict", tmp_path / "half")

    assert result.exit_code == 2
    assert "it was not finished" in result.stderr
    assert "--resume" in result.stderr


def test_the_certificate_is_that_of_the_rule_of_the_run(run: Path) -> None:
    result = suffice("verdict", run, "--certificate", "--format", "json")

    (found,) = json.loads(result.stdout)["certificates"]
    assert (found["limits"]["floor"], found["rule"]["pairs"]) == (0.9, 200)


def test_the_certificate_as_text_ends_with_the_next_command(run: Path) -> None:
    result = suffice("verdict", run, "--certificate")

    assert "50 cases, 95%" in result.stdout
    assert result.stdout.splitlines()[-1] == f"Next  suffice verdict {run}"
