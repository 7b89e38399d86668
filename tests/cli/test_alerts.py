"""`suffice alerts`: what people see of the places they are told at."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from suffice.cli import main


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HOOK_URL", raising=False)
    return tmp_path


def alerts(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["alerts", *arguments])


def test_places_are_listed_with_the_variables_they_lack(here: Path) -> None:
    (here / "suffice.toml").write_text(
        '[alerts.team]\nkind = "slack"\nurl_env = "HOOK_URL"\n[alerts.file]\nkind = "log"\n'
    )

    result = alerts("list")

    assert result.exit_code == 0, result.output
    assert "team  slack      every alert  HOOK_URL not set" in result.output
    assert "file  log        every alert  ready" in result.output


def test_a_test_alert_arrives_and_says_that_it_is_one(here: Path) -> None:
    (here / "suffice.toml").write_text('[alerts.file]\nkind = "log"\npath = "a.jsonl"\n')

    result = alerts("test", "--format", "json")

    assert result.exit_code == 0, result.output
    told = json.loads((here / "a.jsonl").read_text())
    assert told["data"]["sentence"].startswith("This is a test")
    assert json.loads(result.output)["deliveries"][0]["delivered"] is True


def test_every_place_is_told_in_the_order_of_the_settings(here: Path) -> None:
    names = [f"place{n}" for n in range(9, 0, -1)]
    (here / "suffice.toml").write_text(
        "".join(f'[alerts.{name}]\nkind = "log"\npath = "{name}.jsonl"\n' for name in names)
    )

    result = alerts("test")

    assert result.stdout.splitlines() == [f"{name}: delivered" for name in names]


def test_a_place_that_cannot_be_reached_ends_with_1_and_hides_its_address(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "taken").write_text("")
    (here / "suffice.toml").write_text('[alerts.file]\nkind = "log"\npath = "taken/a.jsonl"\n')
    monkeypatch.setattr("suffice.adapters.alerts.delivery.BACKOFF_S", ())

    result = alerts("test")

    assert result.exit_code == 1
    assert "NOT delivered" in result.output


def test_without_a_place_it_says_how_to_name_one(here: Path) -> None:
    result = alerts("test")

    assert result.exit_code == 1
    assert "[alerts.NAME]" in result.output


def test_a_place_nobody_named_is_refused_with_those_that_are(here: Path) -> None:
    (here / "suffice.toml").write_text('[alerts.file]\nkind = "log"\n')

    result = alerts("test", "--to", "team")

    assert result.exit_code == 2
    assert "The settings name file." in result.output


def test_nothing_is_to_be_replayed_where_all_arrived(here: Path) -> None:
    (here / "suffice.toml").write_text('[alerts.file]\nkind = "log"\n')

    result = alerts("replay")

    assert (result.exit_code, "nothing is to be sent again" in result.output) == (0, True)


@pytest.mark.parametrize(("what", "begins"), [("rules", "# Alert rules"), ("dashboard", "{")])
def test_what_ships_for_others_is_printed_as_it_is(what: str, begins: str) -> None:
    assert alerts(what).output.startswith(begins)
