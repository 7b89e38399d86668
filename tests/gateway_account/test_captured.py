"""What was captured is given back, and read as any other log."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from suffice.catalog import load_catalog
from suffice.cli import main
from suffice.errors import EmptyInput
from suffice.gateway.account_store import open_account, prune
from suffice.gateway.captured import captured
from suffice.gateway.child import ACCOUNT, SPOOL, take_spool
from suffice.gateway.spool import Spool
from suffice.records import ExchangeRecord

Make = Callable[..., ExchangeRecord]
ASKED = {
    "model": "claude-opus-5-5",
    "max_tokens": 9,
    "system": "You are a triage clerk.",
    "messages": [{"role": "user", "content": "My card was charged twice."}],
}
SAID = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-5-5",
    "content": [{"type": "text", "text": "billing"}],
    "stop_reason": "end_turn",
    "usage": {"input_tokens": 20, "output_tokens": 2},
}
BODIES = {"request_body": msgspec.json.encode(ASKED), "response_body": msgspec.json.encode(SAID)}


def kept(folder: Path, *exchanges: ExchangeRecord) -> sqlite3.Connection:
    spool = Spool(folder / SPOOL, capture="bodies")
    for exchange in exchanges:
        spool.offer(exchange)
    spool.close()
    account = open_account(folder / ACCOUNT)
    take_spool(folder / SPOOL, account, catalog=load_catalog(), now=0.0)
    return account


def test_each_answered_request_is_given_back_once_with_its_bodies(
    tmp_path: Path, exchange: Make
) -> None:
    served = exchange(**BODIES)
    kept(tmp_path, served, exchange(answered=False), exchange(arm="shadow", answered=False)).close()

    [found] = captured(tmp_path / ACCOUNT)

    assert msgspec.structs.replace(found, id="") == served


def test_bodies_whose_days_are_over_are_missing_and_nothing_else(
    tmp_path: Path, exchange: Make
) -> None:
    account = kept(tmp_path, exchange(**BODIES))
    prune(account, rows_before="2000-01-01", bodies_before="2100-01-01")
    account.close()

    [found] = captured(tmp_path / ACCOUNT)

    assert (found.request_body, found.usage is not None) == (None, True)


def test_who_asked_in_a_session_is_given_back_and_goes_with_its_exchange(
    tmp_path: Path, exchange: Make
) -> None:
    spawned = exchange(agent_id="a1b2", parent_agent_id="c3d4")
    account = kept(tmp_path, spawned)
    [found] = captured(tmp_path / ACCOUNT)

    prune(account, rows_before="2100-01-01", bodies_before="2100-01-01")
    left = account.execute("SELECT count(*) FROM agents").fetchone()[0]
    account.close()

    assert (found.agent_id, found.parent_agent_id, left) == ("a1b2", "c3d4", 0)


def test_an_account_of_an_earlier_release_tells_of_no_agents(
    tmp_path: Path, exchange: Make
) -> None:
    account = kept(tmp_path, exchange())
    account.execute("DROP TRIGGER agents_go")
    account.execute("DROP TABLE agents")
    account.close()

    [found] = captured(tmp_path / ACCOUNT)

    assert found.agent_id == ""


def test_a_folder_without_an_account_is_said(tmp_path: Path) -> None:
    with pytest.raises(EmptyInput, match="no account"):
        list(captured(tmp_path / ACCOUNT))


def test_a_scan_reads_what_was_captured(tmp_path: Path, exchange: Make) -> None:
    kept(tmp_path / "gateway", exchange(**BODIES)).close()
    lines = CliRunner().invoke(main, ["gateway", "captured", "--data", str(tmp_path / "gateway")])

    told = CliRunner().invoke(
        main, ["scan", "-", "--data", str(tmp_path / "data")], input=lines.stdout_bytes
    )

    assert told.exit_code == 0, told.output
    assert "suffice capture  1 call" in told.output
    assert " triage " in told.output
    assert "SF104" not in told.output
