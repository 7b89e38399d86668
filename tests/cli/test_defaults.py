"""Settings reach the commands: below flags, and never against what a call says."""

from __future__ import annotations

import json
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from suffice.cli import main
from suffice.cli.defaults import defaults_of
from suffice.settings import settings_from

ADVISE = ("advise", "--task", "routing", "--context-tokens", "1000", "--volume", "1000")
QUIET = dict.fromkeys(("SUFFICE_PRICES", "SUFFICE_MARGIN", "ANTHROPIC_API_KEY"))


def run(*args: str) -> Result:
    return CliRunner(env=QUIET).invoke(main, args)


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def monthly(*args: str) -> float:
    read = json.loads(run(*ADVISE, "--at", "2026-11-22", "--format", "json", *args).stdout)
    return float(read["prompt_usd_per_month"])


def test_negotiated_prices_in_suffice_toml_are_used(own_folder: Path) -> None:
    assert monthly() == 3
    (own_folder / "suffice.toml").write_text(
        '[limits]\nmargin = 2\n[prices."claude-haiku-5-5"]\ninput = "0.05"\n', "utf-8"
    )

    assert monthly() == 1.5


def test_a_price_file_given_by_a_flag_wins_over_the_settings(own_folder: Path) -> None:
    (own_folder / "suffice.toml").write_text(
        '[prices."claude-haiku-5-5"]\ninput = "0.05"\n', "utf-8"
    )
    (own_folder / "mine.toml").write_text('[prices."claude-haiku-5-5"]\ninput = "0.20"\n', "utf-8")

    assert monthly("--prices", "mine.toml") == 6


def test_a_broken_settings_file_stops_with_its_code_but_not_its_explanation(
    own_folder: Path,
) -> None:
    (own_folder / "suffice.toml").write_text("[limits]\nmarign = 2\n", "utf-8")

    stopped, explained = run(*ADVISE), run("explain", "SF006")

    assert (stopped.exit_code, explained.exit_code) == (2, 0)
    assert stopped.stderr.startswith("SF006")


def test_limits_named_by_the_call_set_aside_those_of_the_file() -> None:
    settings = settings_from([{"limits": {"margin": 2, "alpha": 0.01}}], {})

    assert defaults_of(settings, "compare", given=["c"]) == {"margin": 2.0, "alpha": 0.01}
    assert defaults_of(settings, "compare", given=["c", "--floor=0.9"]) == {"alpha": 0.01}
    assert defaults_of(settings, "check", given=["c"]) == {"margin": 2.0}


def test_the_files_judge_judges_only_where_a_judge_is_asked_for() -> None:
    settings = settings_from([{"judge": "claude-sonnet-5-5"}], {})

    assert defaults_of(settings, "compare", given=["c", "--scorer", "label"]) == {}
    for words in (["--scorer", "judge"], ["--scorer=judge"]):
        assert "judge" in defaults_of(settings, "compare", given=words)


def test_a_margin_in_the_file_is_the_margin_of_a_recorded_comparison(own_folder: Path) -> None:
    """100 pairs, none lost: the bound lies near -2.6 points, so 3 points switch and 1 does not."""
    lines = [
        json.dumps({"id": str(n), "type": "t", "outcomes": {"big": True, "small": True}})
        for n in range(100)
    ]
    (own_folder / "cases.jsonl").write_text("\n".join(lines), "utf-8")
    call = ("compare", "cases.jsonl", "--baseline", "big", "--to", "small", "--recorded")

    assert run(*call, "--no-save").exit_code == 0
    (own_folder / "suffice.toml").write_text("[limits]\nmargin = 1\n", "utf-8")
    assert run(*call, "--no-save").exit_code == 10
    assert run(*call, "--no-save", "--margin", "3").exit_code == 0


def test_runs_are_kept_and_found_where_the_settings_say(own_folder: Path) -> None:
    (own_folder / "suffice.toml").write_text('runs = "kept"\n', "utf-8")
    case = {"id": "1", "type": "t", "outcomes": {"big": True, "small": True}}
    (own_folder / "cases.jsonl").write_text(json.dumps(case), "utf-8")

    run("compare", "cases.jsonl", "--baseline", "big", "--to", "small", "--recorded")

    [folder] = (own_folder / "kept").iterdir()
    assert run("verdict", folder.name).exit_code == 0


def test_the_folder_of_logs_in_the_settings_is_where_they_are_scanned_and_shown(
    own_folder: Path,
) -> None:
    (own_folder / "below").mkdir()
    (own_folder / "suffice.toml").write_text('data = "below/logs"\n', "utf-8")
    asked = {"model": "claude-opus-5-5", "messages": [{"role": "user", "content": "hi"}]}
    (own_folder / "log.jsonl").write_text(json.dumps(asked), "utf-8")

    scanned = run("scan", "log.jsonl")
    shown = [run("types"), run("data", "show"), run("types", "--data", "elsewhere")]

    assert scanned.exit_code == 0, scanned.output
    assert (own_folder / "below" / "logs" / "ledger.sqlite").is_file()
    assert [result.exit_code for result in shown] == [0, 0, 1]


def test_a_rollout_goes_where_the_settings_have_the_gateway_look(own_folder: Path) -> None:
    """From the comparison to the report: one file says where everything lies."""
    (own_folder / "suffice.toml").write_text(
        'runs = "kept"\n[gateway]\ndata = "gw"\npolicy = "etc/p.json"\nrollouts = "etc/r.sqlite"\n'
    )
    rows = [
        {"id": str(n), "type": "triage", "prompt": f"{n}", "outputs": {"big": "a", "small": "a"}}
        for n in range(200)
    ]
    Path("c.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    run("compare", "c.jsonl", "--baseline", "big", "--to", "small", "--recorded")

    proposed = run("rollout", "next")
    started = run("rollout", "start", "triage", "--to", "small")

    assert "Next  suffice rollout start triage --to small" in proposed.stdout, proposed.output
    assert started.exit_code == 0, started.output
    assert Path("etc/p.json").exists()
    assert Path("etc/r.sqlite").exists()
    assert "SUFFICE_MODEL_TRIAGE=small" in run("export", "--as", "env").stdout
    for words in (
        ("rollout", "status", "triage"),
        ("policy", "show"),
        ("report", "--weekly"),
        ("explain", "triage"),
    ):
        assert "triage" in run(*words).stdout, words
    assert run("monitor", "--once").exit_code == 0
    assert not Path(".suffice").exists()


@pytest.mark.parametrize("name", ["rollout", "policy"])
def test_every_command_of_a_group_has_the_settings_of_the_group(name: str) -> None:
    group = main.get_command(click.Context(main), name)
    settings = settings_from([{"gateway": {"policy": "p.json"}}], {})

    assert isinstance(group, click.Group)
    assert set(defaults_of(settings, name, given=[])) == set(group.commands)
