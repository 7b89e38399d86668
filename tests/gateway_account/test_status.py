"""The gateway on one screen."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest

from suffice.catalog import load_catalog
from suffice.gateway.budgets import Budget
from suffice.gateway.child import take_spool
from suffice.gateway.metrics import SUFFIX, Metrics, Snapshot, write_snapshot
from suffice.gateway.shadow.ledger import ShadowLedger
from suffice.gateway.spool import Spool
from suffice.gateway.status import draw_status, read_status, worries
from suffice.records import ExchangeRecord

Make = Callable[..., ExchangeRecord]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def busy(tmp_path: Path, account: sqlite3.Connection, exchange: Make) -> Path:
    """A data folder with thirty types, a cut, an unpriced answer, a budget and a drop."""
    spool = Spool(tmp_path / "spool")
    for number in range(30):
        spool.offer(exchange(type=f"type-with-a-rather-long-name-{number:02d}"))
    spool.offer(exchange(arm="candidate", requested_model="claude-opus-4-8"))
    spool.offer(exchange(complete=False))
    spool.offer(exchange(served_model="claude-next-9"))
    spool.close()
    take_spool(tmp_path / "spool", account, catalog=load_catalog(), now=0.0)
    metrics = Metrics(tmp_path / "metrics")
    metrics.set("suffice_capture_dropped_total", 7, {"reason": "disk_full"})
    metrics.save()
    return tmp_path


def test_the_day_s_figures_are_the_account_s(busy: Path) -> None:
    status = read_status(busy, now=NOON, budgets=[Budget(name="team", usd=Decimal(200))])

    assert (status.requests, status.cut, status.unpriced) == (33, 1, 1)
    assert (status.usd, status.saved_usd) == ("192", "1.5")
    assert status.types[0].type == "triage"
    assert (len(status.types), status.more_types) == (8, 23)
    assert status.budgets[0].soft is True
    assert status.dropped == {"disk_full": 7}


def test_it_fits_a_screen_and_names_what_is_not_well(busy: Path) -> None:
    text = draw_status(read_status(busy, now=NOON, budgets=[Budget(name="team", usd=Decimal(200))]))

    lines = text.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    assert "! 7 exchanges were not captured: disk_full" in lines
    assert "! 1 attempts have no known price or usage; none counts as free" in lines


def test_what_was_taken_in_waits_no_more_though_its_writer_still_has_the_file(
    tmp_path: Path, account: sqlite3.Connection, exchange: Make
) -> None:
    spool = Spool(tmp_path / "spool")
    spool.offer(exchange())
    deadline = time.monotonic() + 30
    while spool.written < spool.accepted and time.monotonic() < deadline:
        time.sleep(0.01)
    before = read_status(tmp_path, now=NOON).spool_bytes
    take_spool(tmp_path / "spool", account, catalog=load_catalog(), now=0.0)
    after = read_status(tmp_path, now=NOON)
    spool.close()

    assert before > 0
    assert (after.requests, after.spool_bytes) == (1, 0)


def test_yesterday_is_not_today(busy: Path) -> None:
    status = read_status(busy, now=datetime(2026, 11, 23, tzinfo=UTC))

    assert (status.account_read, status.requests, status.usd) == (True, 0, "0")


def test_a_folder_without_an_account_is_said_so(tmp_path: Path) -> None:
    assert "No account yet" in draw_status(read_status(tmp_path, now=NOON))


def test_batches_of_shadow_calls_that_cannot_be_sent_or_wait_are_said(tmp_path: Path) -> None:
    figures = Metrics(tmp_path / "metrics")
    figures.set("suffice_shadow_batch_trouble", 1.0, {"reason": "HTTP 401"})
    figures.set("suffice_shadow_batch_trouble", 0.0, {"reason": "HTTP 503"})
    figures.note_shadow("triage", "dropped")
    figures.save()
    (tmp_path / "shadow-batches").mkdir()
    (tmp_path / "shadow-batches" / "sfs-1.json").write_text("{}")

    found = read_status(tmp_path, now=NOON)

    assert found.shadow_calls == {"dropped": 1}
    assert worries(found) == [
        "! batches of shadow calls: HTTP 401",
        "· batches of shadow calls not answered yet: 1",
    ]


def test_the_days_dollars_for_shadow_calls_are_said_where_they_have_a_limit(
    tmp_path: Path,
) -> None:
    ledger, at, usd = ShadowLedger(tmp_path / "shadow-usd"), NOON.timestamp(), 10**12
    ledger.reserve({"a": 2 * usd, "b": usd}, at=at)
    ledger.settle({"a": 14 * usd // 10}, at=at)
    assert worries(read_status(tmp_path, now=NOON)) == []

    ledger.limit_to(Decimal(3), by="gateway")
    ledger.reserve({"c": usd}, at=at)
    [on_the_way] = worries(read_status(tmp_path, now=NOON))
    ledger.settle({"b": usd}, at=at)
    [used_up] = worries(read_status(tmp_path, now=NOON))

    said = "$1.40 of $3.00, up to $1.00 more for 1 call not answered yet"
    assert on_the_way == f"· shadow calls today: {said}; some were not made for want of room"
    said = "$2.40 of $3.00"
    assert used_up == f"! shadow calls today: {said}; some were not made for want of room"


def test_shadow_calls_that_count_nowhere_are_said(tmp_path: Path) -> None:
    figures = Metrics(tmp_path / "metrics")
    for result in ("undrawn", "undrawn", "unbounded"):
        figures.note_shadow("triage", result)
    figures.save()

    assert worries(read_status(tmp_path, now=NOON)) == [
        "! not made, since nothing bounds what they may cost: 1 shadow call",
        "· as if never drawn, since their batch ended unanswered: 2 shadow calls",
    ]


def test_a_days_dollars_that_cannot_be_read_are_said(tmp_path: Path) -> None:
    (tmp_path / "shadow-usd").mkdir()
    (tmp_path / "shadow-usd" / f"{NOON:%Y-%m-%d}.jsonl").write_text("garbage\n")

    found = read_status(tmp_path, now=NOON)

    assert found.shadow_day is None
    assert "cannot be read" in worries(found)[0]


def test_a_harmed_account_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "account.sqlite").write_bytes(b"no database" * 1000)

    assert read_status(tmp_path, now=NOON).account_read is False


@pytest.mark.parametrize(
    ("seconds_ago", "reason", "said"),
    [
        (2, "", ""),
        (2, "SF601", "! the monitor cannot act (SF601); the log says more"),
        (7_200, "", "! rollouts were last looked at 2 h ago: no monitor runs"),
    ],
)
def test_a_monitor_that_cannot_act_or_is_gone_is_said(
    seconds_ago: int, reason: str, said: str, tmp_path: Path
) -> None:
    looked = ("suffice_monitor_round_timestamp_seconds", (), NOON.timestamp() - seconds_ago)
    trouble = ("suffice_monitor_trouble", (("reason", reason),), float(bool(reason)))
    write_snapshot(
        tmp_path / "metrics" / f"monitor-health{SUFFIX}", Snapshot(gauges=[looked, trouble])
    )
    status = msgspec.structs.replace(read_status(tmp_path, now=NOON), last_exchange_s=1.0)
    assert worries(status) == ([said] if said else [])
