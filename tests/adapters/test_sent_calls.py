"""What calls on their way in batches may come to, read from what the gateway keeps of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from suffice.adapters.sent_calls import SentCalls
from suffice.gateway.shadow.sent import SentFolder
from suffice.records import SentBatch, SentCall, ShadowAnswers, Usage
from suffice.wiring import price_now

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
HAIKU = "claude-haiku-5-5"


def call(at: datetime, **more: Any) -> SentCall:
    pair = ShadowAnswers(
        id="1",
        at=at.timestamp(),
        type="triage",
        session="1",
        served_by="baseline",
        probability=1.0,
        baseline="claude-opus-5-5",
        candidate=HAIKU,
        request=b"{}",
        served=b"{}",
    )
    return SentCall(pair=pair, requested="claude-opus-5-5", model=HAIKU, **more)


def kept(folder: Path, *calls: SentCall) -> SentCalls:
    ids = [f"sfs-1-{number}" for number in range(len(calls))]
    named = dict(zip(ids, calls, strict=True))
    SentFolder(folder).put(SentBatch(name="sfs-1", at=0.0, version="2026-10-21", calls=named))
    return SentCalls(folder, price=price_now())


def test_a_call_may_cost_its_longest_answer_at_the_price_of_batches(tmp_path: Path) -> None:
    found = kept(tmp_path, call(NOON, max_tokens=2_000, request_bytes=3_000)).since(NOON)

    # 4,000 tokens in at $0.05 and 2,000 out at $0.25 a million.
    assert found == {"triage": [Decimal("0.0007")]}


def test_calls_of_yesterdays_requests_are_not_todays(tmp_path: Path) -> None:
    today, yesterday = call(NOON), call(NOON - timedelta(days=1))

    assert [len(each) for each in kept(tmp_path, today, yesterday).since(NOON).values()] == [1]


def test_a_price_nobody_knows_is_none_and_a_harmed_file_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "harmed.json").write_text("{")

    def unknown(_model: str, _usage: Usage) -> None:
        return None

    kept(tmp_path, call(NOON))
    assert SentCalls(tmp_path, price=unknown).since(NOON) == {"triage": [None]}
    assert SentCalls(tmp_path / "nowhere", price=unknown).since(NOON) == {}
