"""The one command that comes next."""

from __future__ import annotations

import shlex
from collections.abc import Callable

import pytest

from suffice.cli import COMMANDS
from suffice.records import Comparison, Spending, Verdict
from suffice.reports import next_command

MakeVerdict = Callable[..., Verdict]


def test_a_keep_leads_to_its_lost_cases(verdict: MakeVerdict, keep: MakeVerdict) -> None:
    command, _ = next_command(Comparison(run_id="runs/r1", types=(verdict(), keep())))

    assert command == "suffice cases runs/r1 invoice-extract --lost"


def test_a_switch_of_a_kept_run_leads_to_production(
    verdict: MakeVerdict, keep: MakeVerdict
) -> None:
    kept = Comparison(run_id=".suffice/runs/r1", types=(keep(), verdict()))

    assert next_command(kept)[0] == "suffice rollout start ticket-triage --to haiku-4-5"


def test_a_provisional_switch_leads_nowhere_by_itself(verdict: MakeVerdict) -> None:
    kept = Comparison(run_id=".suffice/runs/r1", types=(verdict(provisional=True),))

    assert next_command(kept)[0] == "suffice check .suffice/runs/r1"


def test_a_model_that_passed_as_its_own_replacement_is_rolled_out_nowhere(
    verdict: MakeVerdict,
) -> None:
    itself = verdict(type="urgency", candidate="claude-opus-5-5@B", pairs=900)
    kept = Comparison(run_id=".suffice/runs/r1", types=(verdict(), itself))

    assert next_command(kept)[0] == "suffice rollout start ticket-triage --to haiku-4-5"


def test_a_run_of_switches_becomes_the_gate_of_a_build(verdict: MakeVerdict) -> None:
    command, _ = next_command(Comparison(run_id="runs/r1", types=(verdict(),)))

    assert command == "suffice check runs/r1"


def test_held_out_cases_half_asked_go_on_by_the_run_that_kept_them(not_yet: MakeVerdict) -> None:
    spending = Spending(spent_usd="0.2", cap_usd="0.2")
    comparison = Comparison(
        run_id="again", source="runs/r-1", held_out_of="r-1", recorded=False, stopped="budget",
        types=(not_yet(),), spending=spending,
    )  # fmt: skip

    command, _ = next_command(comparison)

    expected = "suffice compare --held-out runs/r-1 --save again --resume --budget 0.32"
    assert command == expected


def test_a_run_stopped_by_its_budget_goes_on_with_a_larger_one(not_yet: MakeVerdict) -> None:
    stopped = Comparison(
        run_id="runs/r1",
        source="my cases.jsonl",
        recorded=False,
        stopped="budget",
        types=(not_yet(),),
        spending=Spending(spent_usd="10", cap_usd="10"),
    )

    assert next_command(stopped)[0] == (
        "suffice compare 'my cases.jsonl' --baseline claude-opus-5-5 --to claude-haiku-4-5"
        " --save runs/r1 --resume --budget 16"
    )


@pytest.mark.parametrize("name", ["a b", "$(rm -rf x)", "`x`", "a'b", "\x1b[2J\n", "--lost", "ä"])
def test_whatever_a_type_is_called_it_stays_one_word_of_the_shell(
    keep: MakeVerdict, name: str
) -> None:
    command, _ = next_command(Comparison(run_id="r", types=(keep(type=name),)))

    words = shlex.split(command)
    assert words[:3] == ["suffice", "cases", "r"]
    assert len(words) == 5 + ("--" in words)
    assert "\x1b" not in command
    assert "\n" not in command


def test_only_commands_that_exist_are_named(
    verdict: MakeVerdict, keep: MakeVerdict, not_yet: MakeVerdict
) -> None:
    runs = [
        Comparison(run_id=run_id, types=types, stopped=stopped)
        for run_id in ("", "r")
        for stopped in ("", "interrupted", "budget")
        for types in ((), (verdict(),), (keep(),), (not_yet(),))
    ]

    assert {next_command(run)[0].split()[1] for run in runs} <= set(COMMANDS)
