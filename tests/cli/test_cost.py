"""`suffice cost` from the outside: text, JSON, CSV, Markdown, exit codes."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from suffice.cli import main

TICKETS = ["--requests-per-day", "10000", "--input", "800", "--output", "50"]
SWITCH = ["--model", "claude-opus-4-7", "--candidate", "claude-haiku-4-5"]
ON = ["--at", "2026-11-22"]


def run(*args: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner(env={"SUFFICE_PRICES": None, **(env or {})}).invoke(main, ["cost", *args])


def document(*args: str, env: dict[str, str] | None = None) -> dict[str, Any]:
    result = run(*args, "--format", "json", env=env)
    assert result.exit_code == 0, result.output
    read: dict[str, Any] = json.loads(result.stdout)
    return read


def test_the_published_switch_saves_1260_dollars_a_month() -> None:
    read = document(*TICKETS, *SWITCH, *ON)

    assert (read["schema"], read["version"]) == ("suffice.cost", 1)
    baseline, candidate = read["models"]
    assert baseline["per_month_usd"] == 1575
    assert candidate["per_request_usd"] == 0.00105
    assert candidate["per_day_usd"] == 10.5
    assert candidate["per_year_usd"] == 3780
    assert candidate["saving"] == {
        "per_month_usd": 1260,
        "per_year_usd": 15120,
        "of_per_month_usd": 1575,
        "percent": 80,
    }


def test_text_fits_100_columns_and_ends_in_one_next_line() -> None:
    result = run(*TICKETS, *SWITCH, "--candidate", "claude-3-5-sonnet-20241022", *ON)

    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert max(map(len, lines[:-1])) <= 100
    assert lines[-1] == (
        "Next  suffice compare CASES --baseline claude-opus-4-7 --to claude-haiku-4-5 "
        "--to claude-3-5-sonnet-20241022"
    )
    assert sum(line.startswith("Next") for line in lines) == 1
    assert "$1,260.00  80.0 %" in result.stdout
    assert "retired on 2025-10-28; priced as on its last day" in result.stdout


@pytest.mark.parametrize("columns", [80, 60])
def test_a_narrow_terminal_loses_columns_but_never_the_saving(columns: int) -> None:
    env = {"FORCE_COLOR": "1", "COLUMNS": str(columns)}
    huge = ["--requests-per-day", "1000000", "--input", "150000", "--output", "2000"]

    result = run(*huge, *SWITCH, *ON, env=env)

    lines = [click.unstyle(line) for line in result.stdout.splitlines()]
    assert max(map(len, lines[:-1])) <= columns
    header = next(number for number, line in enumerate(lines) if line.startswith("model"))
    assert "saved a month" in lines[header]
    assert "80.0 %" in lines[header + 2]
    assert "a day" not in lines[header]


def test_a_discount_that_does_not_apply_says_why() -> None:
    result = run(
        "--requests-per-day", "50000", "--input", "1000", "--output", "200",
        *SWITCH, "--batch", "--cached", "0.9", *ON,
    )  # fmt: skip

    text = " ".join(result.stdout.split())
    assert "prompt of 1,000 tokens is below Haiku 4.5's cache minimum of 4,096" in text
    assert "$13,500.00 of $15,000.00 a month (90.0 %)" in text
    assert "now, undiscounted" in text


@pytest.mark.parametrize("share", ["0.9", "90%", "90 %"])
def test_a_share_may_be_written_as_a_percentage(share: str) -> None:
    read = document(*TICKETS, *SWITCH, *ON, "--cached", share)

    assert read["workload"]["cached_share"] == 0.9


def test_csv_carries_plain_numbers() -> None:
    rows = list(csv.DictReader(io.StringIO(run(*TICKETS, *SWITCH, *ON, "--format", "csv").stdout)))

    assert [row["model"] for row in rows] == ["claude-opus-4-7", "claude-haiku-4-5"]
    assert rows[1]["saving_per_month_usd"] == "1260"
    assert rows[0]["saving_percent"] == ""


def test_markdown_is_a_table_with_its_notes() -> None:
    text = run(*TICKETS, *SWITCH, *ON, "--format", "md").stdout

    assert "| haiku-4-5 | $0.001050 | $10.50 | $315.00 | $3,780.00 | $1,260.00  80.0 % |" in text
    assert "- Haiku 4.5 counts the same text as about 0.77 times" in text


def test_an_unknown_model_stops_with_its_code_and_is_never_free() -> None:
    result = run(*TICKETS, "--model", "claude-opus-4-7", "--candidate", "claude-x", *ON)

    assert result.exit_code == 1
    assert result.stdout == ""
    assert result.stderr.startswith("SF305  No price for claude-x. It is not counted as free.")


def test_an_unpriced_candidate_may_be_listed_as_unknown() -> None:
    read = document(
        *TICKETS, "--model", "claude-opus-4-7", "--candidate", "claude-x", *ON, "--allow-unpriced"
    )

    assert read["models"][1]["per_month_usd"] is None
    assert read["models"][1]["saving"] is None
    assert read["models"][1]["note"] == "No price for claude-x."


def test_negotiated_prices_come_from_a_file_or_from_the_environment(tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text('[prices."claude-haiku-4-5"]\ninput = "0.50"\noutput = "2.50"\n', "utf-8")

    by_option = document(*TICKETS, *SWITCH, *ON, "--prices", str(own))
    by_environment = document(*TICKETS, *SWITCH, *ON, env={"SUFFICE_PRICES": str(own)})

    assert by_option == by_environment
    assert by_option["models"][1]["per_month_usd"] == 157.5
    assert "your own file" in by_option["models"][1]["remarks"][0]


def test_a_price_written_as_a_binary_fraction_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "prices.toml"
    own.write_text('[prices."claude-haiku-4-5"]\ninput = 0.5\n', "utf-8")

    result = run(*TICKETS, *SWITCH, *ON, "--prices", str(own))

    assert result.exit_code == 1
    assert result.stderr.startswith("SF306")


def test_a_price_file_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    result = run(*TICKETS, *SWITCH, "--prices", str(tmp_path / "none.toml"))

    assert result.exit_code == 1
    assert result.stderr.startswith("SF101")


@pytest.mark.parametrize(
    "wrong",
    [
        ["--input", "800"],
        [*TICKETS, *SWITCH, "--cached", "1.5"],
        [*TICKETS, *SWITCH, "--cached", "nan"],
        [*TICKETS, *SWITCH, "--at", "yesterday"],
        ["--requests-per-day", "0", "--input", "1", "--output", "1", "--model", "claude-opus-5"],
    ],
)
def test_wrong_usage_exits_2(wrong: list[str]) -> None:
    assert run(*wrong).exit_code == 2


def test_the_price_of_the_day_is_used() -> None:
    args = [*TICKETS, "--model", "claude-sonnet-5-5", "--cached", "1"]

    before = document(*args, "--at", "2026-10-06")["models"][0]["per_request_usd"]
    after = document(*args, "--at", "2026-10-07")["models"][0]["per_request_usd"]

    assert round(before - after, 9) == round(800 * 0.10 / 1e6, 9)


def test_today_is_the_default_day() -> None:
    assert run(*TICKETS, *SWITCH).exit_code == 0


def test_source_figures_mark_every_claim() -> None:
    read = document("--source-figures")

    claims = {claim["id"]: claim for claim in read["claims"]}
    assert (read["schema"], read["version"]) == ("suffice.source_figures", 1)
    assert sorted(claims) == ["a1", "a2", "a3", "a4", "a5", "b1", "b2", "b3", "b4", "b5", "b6"]
    assert [name for name in claims if not claims[name]["matches"]] == ["a5", "b1"]
    assert all(claim["note"] for claim in claims.values())
    assert {tuple(figure) for claim in claims.values() for figure in claim["figures"]} == {
        ("what", "claimed", "computed", "matches")
    }
    assert claims["b1"]["figures"][1]["computed"] == 600
    assert claims["a1"]["figures"][0]["computed"] == 2250


@pytest.mark.parametrize("form", ["text", "md", "csv"])
def test_source_figures_come_in_every_form(form: str) -> None:
    result = run("--source-figures", "--format", form)

    assert result.exit_code == 0
    assert "4,096" in result.stdout
    if form == "text":
        lines = result.stdout.splitlines()
        assert lines[0] == "9 of 11 published claims hold at the prices of their day"
        assert max(map(len, lines[:-1])) <= 100
        assert lines[-1].startswith("Next  suffice cost")
