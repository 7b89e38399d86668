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


@pytest.mark.parametrize("form", ["env", "litellm", "policy-json", "claude-code"])
def test_a_difference_ends_with_one_and_none_with_zero(kept: Path, form: str) -> None:
    place = ("--out", "there") if form != "claude-code" else ("--place", "triage=haiku")
    asked = ("export", "triage", "--as", form, *place)

    differs = suffice(*asked, "--diff")
    written = suffice(*asked, "--write")
    same = suffice(*asked, "--diff")

    assert [differs.exit_code, written.exit_code, same.exit_code] == [1, 0, 0], differs.output
    assert "says so already" in same.stdout


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("invoice", "--as", "env", "--out", ".env"), "SF103"),
        (("--as", "env"), "SF005"),
        (("triage", "--as", "claude-code"), "SF103"),
        (("--as", "env", "--out", ".env", "--write"), "SF005"),
        (("--as", "litellm", "--out", "flow.yaml"), "SF109"),
    ],
)
def test_what_keeps_files_from_being_compared_ends_with_two(
    kept: Path, arguments: tuple[str, ...], code: str
) -> None:
    (kept / "flow.yaml").write_text("model_list: []\n")

    result = suffice("export", "--diff", *arguments)

    assert (result.exit_code, code in result.stderr) == (2, True), result.output


def test_what_cannot_be_edited_is_named(kept: Path) -> None:
    folder = kept / ".claude"
    (folder / "agents").mkdir(parents=True)
    (folder / "settings.json").write_text("[]")
    (folder / "agents" / "triage.md").write_text("no front matter")

    settings = suffice("export", "triage", "--as", "claude-code", "--place", "triage=main")
    agent = suffice("export", "triage", "--as", "claude-code")

    assert "SF109  .claude/settings.json: The settings are no JSON object" in settings.stderr
    assert "SF109  .claude/agents/triage.md: The file of triage has no front" in agent.stderr


def test_folders_that_are_made_are_said(kept: Path) -> None:
    asked = ("export", "--as", "env", "--out", "deep/er/.env")

    shown = suffice(*asked)
    written = suffice(*asked, "--write")

    assert "--write does it, and makes deep/er." in shown.stderr
    assert not shown.stderr.count("deep/er made")
    assert "deep/er made" in written.stderr
    assert (kept / "deep" / "er" / ".env").exists()


def test_line_ends_stay_those_of_the_file(kept: Path) -> None:
    env, config = kept / ".env", kept / "litellm.yaml"
    env.write_bytes(b"A=1\r\nSUFFICE_MODEL_TRIAGE=old\r\n")
    config.write_bytes(b"model_list:\r\n  - model_name: gpt\r\n")

    for _ in range(2):
        suffice("export", "triage", "--as", "env", "--out", ".env", "--write")
        suffice("export", "triage", "--as", "litellm", "--out", "litellm.yaml", "--write")

    assert env.read_bytes() == b"A=1\r\nSUFFICE_MODEL_TRIAGE=claude-haiku-5-5\r\n"
    content = config.read_bytes()
    assert content.count(b"\n") == content.count(b"\r\n") == 8
    assert content.count(b'"triage"') == 1


def test_a_type_that_was_taken_back_is_given_back_where_it_was_exported(kept: Path) -> None:
    agents = kept / ".claude" / "agents"
    agents.mkdir(parents=True)
    (agents / "triage.md").write_text("---\nname: triage\n---\nSort.\n")
    forms = [
        ("--as", "env", "--out", ".env"),
        ("--as", "litellm", "--out", "litellm.yaml"),
        ("--as", "policy-json", "--out", "map.json"),
        ("--as", "claude-code"),
        ("--as", "claude-code", "--place", "triage=haiku"),
    ]
    for form in forms:
        assert suffice("export", "triage", *form, "--write").exit_code == 0
    assert suffice("rollout", "start", "triage", "--by", "Ada").exit_code == 0
    assert suffice("rollout", "abort", "triage", "--by", "Ada").exit_code == 0

    for form in forms:
        assert suffice("export", "triage", *form, "--diff").exit_code == 1
        assert suffice("export", "triage", *form, "--write").exit_code == 0

    assert (kept / ".env").read_text() == "SUFFICE_MODEL_TRIAGE=claude-opus-5-5\n"
    assert '"anthropic/claude-opus-5-5"' in (kept / "litellm.yaml").read_text()
    assert json.loads((kept / "map.json").read_text())["models"] == {}
    assert "model: claude-opus-5-5" in (agents / "triage.md").read_text()
    env = json.loads((kept / ".claude" / "settings.json").read_text())["env"]
    assert env == {"ANTHROPIC_DEFAULT_HAIKU_MODEL": "claude-opus-5-5"}


def test_a_type_that_was_taken_back_and_never_exported_is_not_written_anywhere(kept: Path) -> None:
    suffice("rollout", "start", "triage", "--by", "Ada")
    suffice("rollout", "abort", "triage", "--by", "Ada")
    (kept / ".env").write_text("A=1\n")

    result = suffice("export", "triage", "--as", "env", "--out", ".env", "--write")

    assert (result.exit_code, (kept / ".env").read_text()) == (1, "A=1\n")
