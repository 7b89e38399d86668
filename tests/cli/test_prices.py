"""`suffice prices` from the outside."""

from __future__ import annotations

import csv
import io
import json
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from suffice.catalog import load_catalog
from suffice.cli import main

ON = ["--at", "2026-11-22"]


def run(*args: str) -> Result:
    return CliRunner(env={"SUFFICE_PRICES": None}).invoke(main, ["prices", *args])


def document(*args: str) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(run(*args, "--format", "json").stdout)
    return read


def test_the_list_shows_models_on_sale_with_their_bands() -> None:
    result = run("list", *ON)

    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert max(map(len, lines)) <= 100
    assert lines[-1].startswith("Next  suffice prices show")
    assert any(line.startswith("  prompt > 100,000") for line in lines)
    assert any("sonnet-4-5" in line and line.endswith("retires 2026-11-30") for line in lines)
    assert "3-5-haiku" not in result.stdout


def test_all_shows_retired_models_and_past_prices() -> None:
    rows = document("list", *ON, "--all")["models"]

    reads = [
        (row["since"], row["usd_per_mtok"]["cache_read"], row["status"])
        for row in rows
        if row["model"] == "claude-sonnet-5-5"
    ]
    assert reads == [("2026-09-28", 0.2, "past"), ("2026-10-07", 0.1, "active")]
    assert "retired 2026-02-19" in {row["status"] for row in rows}


def test_the_list_of_another_day_is_that_day_s() -> None:
    rows = document("list", "--at", "2025-10-20")["models"]

    models = {row["model"] for row in rows}
    assert "claude-3-5-sonnet-20241022" in models
    assert "claude-haiku-5-5" not in models


def test_csv_has_one_row_per_band() -> None:
    rows = list(csv.DictReader(io.StringIO(run("list", *ON, "--format", "csv").stdout)))

    haiku = [row for row in rows if row["model"] == "claude-haiku-5-5"]
    assert [(row["above_prompt_tokens"], row["input"]) for row in haiku] == [
        ("0", "0.1"),
        ("100000", "0.5"),
    ]


def test_show_tells_limits_dates_and_prices_of_one_model() -> None:
    text = run("show", "haiku-4-5@A", *ON).stdout

    assert "claude-haiku-4-5" in text
    assert "4,096 tokens" in text
    assert "claude-haiku-5-5" in text
    assert text.splitlines()[-1].startswith("Next  suffice cost")


def test_show_as_json_carries_every_fact() -> None:
    model = document("show", "claude-haiku-4-5", *ON)["model"]

    assert model["max_output_tokens"] == 64_000
    assert model["prices"][0]["bands"][0]["usd_per_mtok"]["cache_write_5m"] == 1.25


def test_a_model_without_a_price_says_so() -> None:
    assert "No price is known" in run("show", "claude-mythos-preview", *ON).stdout


def test_an_unknown_model_is_a_coded_error() -> None:
    result = run("show", "claude-haiku-9")

    assert result.exit_code == 1
    assert result.stderr.startswith("SF305")


def test_the_installed_list_agrees_with_ours_today() -> None:
    result = run("update", *ON)

    assert result.exit_code == 0
    assert result.stdout.startswith("Nothing to change: genai-prices")


def test_a_difference_is_shown_and_nothing_is_written_unasked() -> None:
    """On 1 October the installed list already has the cache price of 7 October."""
    result = run("update", "--at", "2026-10-01")

    assert "sonnet-5-5  cache_read  0.20    0.10" in result.stdout
    assert result.stdout.splitlines()[-1].startswith("Next  suffice prices update --output")


def test_the_written_file_is_a_price_file_that_takes_effect(tmp_path: Path) -> None:
    own = tmp_path / "suffice-prices.toml"

    result = run("update", "--at", "2026-10-01", "--output", str(own))
    overrides = tomllib.loads(own.read_text("utf-8"))

    assert result.exit_code == 0
    assert list(overrides["prices"]) == ["claude-sonnet-5-5"]
    assert overrides["prices"]["claude-sonnet-5-5"][0]["cache_read"] == "0.1"
    period = load_catalog(overrides).find("claude-sonnet-5-5").prices[1]
    assert period.bands[0].usd_per_mtok["cache_read"] == Decimal("0.1")  # type: ignore[index]
    assert run("list", "--prices", str(own), *ON).exit_code == 0


def test_nothing_is_written_where_nothing_changes(tmp_path: Path) -> None:
    own = tmp_path / "suffice-prices.toml"

    run("update", *ON, "--output", str(own))

    assert not own.exists()


def test_prices_that_were_agreed_on_are_not_written_over(tmp_path: Path) -> None:
    own = tmp_path / "suffice-prices.toml"
    own.write_text("# ours\n", "utf-8")

    refused = run("update", "--at", "2026-10-01", "-o", str(own))
    assert refused.exit_code == 2
    assert own.read_text("utf-8") == "# ours\n"

    assert run("update", "--at", "2026-10-01", "-o", str(own), "--force").exit_code == 0
    assert "claude-sonnet-5-5" in own.read_text("utf-8")


def test_the_table_that_ships_with_suffice_is_never_touched() -> None:
    import suffice

    inside = Path(suffice.__file__).parent / "catalog" / "data" / "prices.toml"
    before = inside.read_bytes()

    refused = run("update", "--at", "2026-10-01", "-o", str(inside), "--force")

    assert refused.exit_code == 2
    assert inside.read_bytes() == before


def test_a_place_that_cannot_be_written_is_a_coded_error(tmp_path: Path) -> None:
    result = run("update", "--at", "2026-10-01", "-o", str(tmp_path / "no" / "such" / "x.toml"))

    assert result.exit_code == 1
    assert result.stderr.startswith("SF601")


def test_changes_come_as_json_too() -> None:
    read = document("update", "--at", "2026-10-01")

    assert read["changes"] == [
        {
            "model": "claude-sonnet-5-5",
            "above_prompt_tokens": 0,
            "token_class": "cache_read",
            "ours": 0.2,
            "theirs": 0.1,
        }
    ]
