"""A day's limit for shadow calls, as commands say it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from suffice.cli import main
from suffice.gateway.shadow.ledger import ShadowLedger

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp()


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ShadowLedger:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".suffice" / "gateway").mkdir(parents=True)
    return ShadowLedger(tmp_path / ".suffice" / "gateway" / "shadow-usd")


def monitor(*options: str, **environ: str) -> int:
    """One round; whether there is a store to look at is no matter here."""
    told = ["monitor", "--once", "--no-alerts", *options]
    return CliRunner().invoke(main, told, env=environ).exit_code


def limit(ledger: ShadowLedger) -> Decimal | None:
    return ledger.look(at=NOON).limit_usd


def test_a_monitors_limit_is_what_its_last_start_said(ledger: ShadowLedger) -> None:
    monitor("--shadow-usd", "$2.50")
    said = limit(ledger)
    monitor(SUFFICE_SHADOW_USD="3")
    by_environment = limit(ledger)
    monitor()

    assert (said, by_environment, limit(ledger)) == (Decimal("2.50"), Decimal(3), None)


def test_a_gateways_limit_is_not_a_monitors_to_take_back(ledger: ShadowLedger) -> None:
    ledger.limit_to(Decimal(5), by="gateway")

    monitor("--shadow-usd", "9")
    higher = limit(ledger)
    monitor()

    assert higher == limit(ledger) == 5


def test_the_monitor_a_gateway_keeps_says_nothing_of_its_own(ledger: ShadowLedger) -> None:
    ledger.limit_to(Decimal(5), by="monitor")

    monitor("--kept-by-gateway", "--shadow-usd", "9")

    assert limit(ledger) == 5


def test_a_limit_that_cannot_be_kept_is_an_error(ledger: ShadowLedger) -> None:
    ledger.folder.write_text("no folder")

    assert monitor("--shadow-usd", "5") == 1


@pytest.mark.parametrize("command", ["monitor", "gateway"])
def test_what_is_no_sum_is_no_limit(ledger: ShadowLedger, command: str) -> None:
    found = CliRunner().invoke(main, [command, "--shadow-usd", "much"])

    assert (found.exit_code, "is no sum of dollars" in found.output) == (2, True)
    assert limit(ledger) is None
