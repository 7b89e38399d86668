"""`suffice demo`, as a person runs it in an empty folder."""

from __future__ import annotations

import contextlib
import json
import shlex
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from suffice.cli import main
from suffice.cli.demo import BASELINE, CANDIDATE, ITSELF, illustrative_prices, run_demo
from suffice.records import Comparison, Verdict, Word

WHEN = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    with contextlib.chdir(tmp_path_factory.mktemp("demo")):
        return run_demo(at=WHEN)


@pytest.fixture
def demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Result:
    """Standard output and files of one run in an empty folder."""
    monkeypatch.chdir(tmp_path)
    arguments = ["demo", "--format", "json", "-o", "a.html", "-o", "b.txt"]
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


def _row(comparison: Comparison, candidate: str, request_type: str) -> Verdict:
    return next(
        row for row in comparison.types if row.candidate == candidate and row.type == request_type
    )


def test_the_demo_holds_every_verdict_and_a_model_against_itself(comparison: Comparison) -> None:
    words = {row.verdict for row in comparison.types if row.candidate == CANDIDATE}

    assert words == {Word.SWITCH, Word.KEEP, Word.NOT_YET}
    assert _row(comparison, ITSELF, "message-kind").noise_floor is not None


def test_the_page_on_the_demo_tells_the_verdicts_it_gives(comparison: Comparison) -> None:
    page = Path(__file__).parents[2] / "docs" / "demo.md"
    rows = {
        f"| `{row.type}` | `{row.candidate}` | {row.pairs} | {row.lost} | {row.won} |"
        f" {row.verdict.value.replace('_', ' ').capitalize()} |"
        for row in comparison.types
    }

    assert rows <= set(page.read_text(encoding="utf-8").splitlines())


def test_every_dollar_is_called_illustrative(comparison: Comparison) -> None:
    assert all(row.cost is not None for row in comparison.types)
    assert all("illustrative" in row.cost.note for row in comparison.types if row.cost)
    assert any("Dollars are illustrative" in note for note in comparison.notes)


def test_the_models_are_priced_as_the_claude_models_they_stand_for() -> None:
    catalog = illustrative_prices()

    for model, claude in ((BASELINE, "claude-opus-5-5"), (CANDIDATE, "claude-haiku-5-5")):
        ours, theirs = (
            catalog.find(name).period(catalog.dated).bands[0].usd_per_mtok
            for name in (model, claude)
        )
        assert (ours["input"], ours["output"]) == (theirs["input"], theirs["output"])  # type: ignore[index]


def test_it_exits_0_and_prints_one_json_document(demo: Result) -> None:
    assert demo.exit_code == 0
    document = json.loads(demo.stdout)
    assert "recorded sample data, from real open-weights models" in document["notes"][0]
    assert "nobody is called" in demo.stderr


def test_files_are_written_in_the_form_of_their_ending(demo: Result) -> None:
    page, text = (Path(name).read_text(encoding="utf-8") for name in ("a.html", "b.txt"))

    assert page.startswith("<!doctype html>")
    assert "recorded sample data" in page
    assert text.rstrip().splitlines()[-1].startswith("Next  suffice ")


def test_the_next_command_it_prints_works(demo: Result) -> None:
    last = Path("b.txt").read_text(encoding="utf-8").rstrip().splitlines()[-1]
    words = shlex.split(last.split("   ")[0].removeprefix("Next  suffice"))

    result = CliRunner().invoke(main, words)

    assert result.exit_code == 0, result.output
    assert result.stdout


def test_a_folder_that_cannot_be_written_is_survived(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".suffice").write_text("in the way")
    monkeypatch.chdir(tmp_path)

    result = CliRunner().invoke(main, ["demo", "--format", "csv"])

    assert result.exit_code == 0
    assert "The run is not kept" in result.stderr
