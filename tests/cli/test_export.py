"""`suffice export`: a difference first, and only what is proven."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from suffice.adapters.storage import RunInfo
from suffice.cli import main
from suffice.records import Comparison, Measure, Verdict, Word


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def suffice(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments)


def verdict(name: str, word: Word = Word.SWITCH, **more: Any) -> Verdict:
    return Verdict(
        type=name,
        baseline="claude-opus-5-5@A",
        candidate="claude-haiku-5-5@B",
        pairs=412,
        measure=Measure.AGREEMENT,
        estimate=0.97,
        agreement=0.97,
        noise_floor=None,
        lower=0.95,
        upper=0.99,
        limit=0.9,
        verdict=word,
        reason="as_good",
        **more,
    )


@pytest.fixture
def kept(here: Path) -> Path:
    """A run with a Switch, a Keep and a provisional Switch."""
    folder = here / ".suffice" / "runs" / "r1"
    folder.mkdir(parents=True)
    types = (
        verdict("triage"),
        verdict("invoice", Word.KEEP),
        verdict("mail", provisional=True),
    )
    comparison = Comparison(types=types, created="2026-11-21T00:00:00Z")
    (folder / "result.json").write_bytes(msgspec.json.encode(comparison))
    (folder / "run.json").write_bytes(msgspec.json.encode(RunInfo(run_id="r1")))
    return here


def test_only_a_switch_that_stands_by_itself_is_exported(kept: Path) -> None:
    result = suffice("export", "--as", "policy-json")

    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["models"] == {"triage": "claude-haiku-5-5"}
    assert "left out: invoice, it says keep after 412 pairs" in result.stderr
    assert "left out: mail, its Switch is provisional" in result.stderr


def test_a_type_that_was_taken_back_is_not_exported(kept: Path) -> None:
    suffice("rollout", "start", "triage", "--by", "Ada")
    suffice("rollout", "abort", "triage", "--by", "Ada")

    result = suffice("export", "triage", "--as", "env")

    assert (result.exit_code, "was taken back" in result.stderr) == (1, True)


def test_a_difference_is_shown_and_nothing_written_until_somebody_says_write(kept: Path) -> None:
    config = kept / "litellm.yaml"
    config.write_text("model_list:\n  - model_name: gpt\n")

    shown = suffice("export", "--as", "litellm", "--out", "litellm.yaml")
    unchanged = config.read_text()
    written = suffice("export", "--as", "litellm", "--out", "litellm.yaml", "--write")
    again = suffice("export", "--as", "litellm", "--out", "litellm.yaml", "--write")

    assert '+  - model_name: "triage"' in shown.stdout
    assert unchanged == "model_list:\n  - model_name: gpt\n"
    assert (written.exit_code, '"triage"' in config.read_text()) == (0, True)
    assert "says so already" in again.stdout


def test_a_sub_agent_of_the_types_name_gets_its_model(kept: Path) -> None:
    agents = kept / ".claude" / "agents"
    agents.mkdir(parents=True)
    (agents / "triage.md").write_text("---\nname: triage\n---\nSort.\n")

    result = suffice("export", "triage", "--as", "claude-code", "--write")

    assert result.exit_code == 0, result.output
    assert (agents / "triage.md").read_text() == (
        "---\nname: triage\nmodel: claude-haiku-5-5\n---\nSort.\n"
    )


def test_a_place_in_the_settings_is_named(kept: Path) -> None:
    folder = kept / ".claude"
    folder.mkdir()
    (folder / "settings.json").write_text('{"env": {"ANTHROPIC_AUTH_TOKEN": "top-secret"}}')
    arguments = ("export", "triage", "--as", "claude-code", "--place", "triage=haiku", "--write")

    result = suffice(*arguments)

    assert result.exit_code == 0, result.output
    env = json.loads((folder / "settings.json").read_text())["env"]
    assert env["ANTHROPIC_DEFAULT_HAIKU_MODEL"] == "claude-haiku-5-5"
    assert env["ANTHROPIC_AUTH_TOKEN"] == "top-secret"
    assert "top-secret" not in result.output


@pytest.mark.parametrize("place", ["triage=moon", "triage=agent:../x", "other=main", "triage"])
def test_a_place_nobody_knows_is_refused_or_left_out(kept: Path, place: str) -> None:
    result = suffice("export", "triage", "--as", "claude-code", "--place", place, "--write")

    assert result.exit_code == 2 or "left out: triage has no place" in result.stderr
    assert not (kept / ".claude").exists()


def test_a_file_keeps_its_rights(kept: Path) -> None:
    env = kept / ".env"
    env.write_text("A=1\n")
    env.chmod(0o640)

    suffice("export", "--as", "env", "--out", ".env", "--write")

    assert env.read_text() == "A=1\nSUFFICE_MODEL_TRIAGE=claude-haiku-5-5\n"
    assert env.stat().st_mode & 0o777 == 0o640


def test_a_type_without_a_verdict_is_refused_with_the_nearest(kept: Path) -> None:
    result = suffice("export", "triag", "--as", "env")

    assert (result.exit_code, "There is one on triage" in result.output) == (2, True)
