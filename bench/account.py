"""
What the account costs beside a request, in CPU microseconds.

`feed` and `finish` of an `ExchangeReader` over a 1 KB JSON answer and over a stream of 70 events,
each event a chunk of its own and all in one; beside them the plain way, which decodes the whole
answer, or every event, with the fastest JSON library at hand. Then the spool: an offer alone, an
offer with all that its thread does, and with bodies; metrics, budgets, masking; and the child's
cost per record, which no request waits for.

`python -m bench.account`
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from suffice.catalog import load_catalog
from suffice.gateway.account_store import open_account
from suffice.gateway.accounting import ExchangeReader
from suffice.gateway.bodies import masked_body
from suffice.gateway.budgets import Budget, Budgets
from suffice.gateway.child import take_spool
from suffice.gateway.metrics import Metrics
from suffice.gateway.spool import Spool
from suffice.records import ExchangeRecord, Usage
from suffice.testing.events import events, frame

RECORDS = 10_000
USAGE = {
    "input_tokens": 180,
    "cache_creation_input_tokens": 0,
    "cache_read_input_tokens": 0,
    "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
    "output_tokens": 190,
    "output_tokens_details": {"thinking_tokens": 0},
    "service_tier": "standard",
    "inference_geo": "global",
}


def message(text: str) -> dict[str, Any]:
    """A message of one text block."""
    return {
        "id": "msg_013Zva2CMHLNnXjNJJKqJ2EF",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-5-5",
        "content": [{"type": "text", "text": text}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": USAGE,
    }


def cpu_us(work: Callable[[], object], *, times: int) -> float:
    """Least CPU microseconds a call of seven rounds: what disturbs a round only adds."""
    rounds = []
    for _ in range(7):
        began = time.process_time()
        for _ in range(times):
            work()
        rounds.append((time.process_time() - began) / times * 1e6)
    return min(rounds)


def read(chunks: Sequence[bytes], *, streaming: bool) -> object:
    """As the front door does it."""
    reader = ExchangeReader(streaming, None)
    feed = reader.feed
    for chunk in chunks:
        feed(chunk)
    return reader.finish(complete=True)


def decode_every_event(chunks: Sequence[bytes]) -> object:
    """The plain way: each event's data is decoded and looked at."""
    last = None
    for chunk in chunks:
        payload = msgspec.json.decode(chunk.split(b"\ndata: ", 1)[1])
        if payload["type"] in {"message_start", "message_delta"}:
            last = payload
    return last


def exchange(**changes: Any) -> ExchangeRecord:
    """A record as the front door makes it."""
    usual: dict[str, Any] = {
        "ts": 1795305660.0,
        "request_id": "req_011CSHoEeqs5C35K2UUqR7Fy",
        "session": "8f14e45fceea167a",
        "type": "ticket-triage",
        "requested_model": "claude-opus-5-5",
        "served_model": "claude-haiku-5-5",
        "arm": "candidate",
        "reason": "share",
        "policy_version": "7",
        "status": 200,
        "usage": Usage(input_tokens=180, output_tokens=190, service_tier="standard"),
        "ttft_s": 0.31,
        "duration_s": 1.25,
        "stop_reason": "end_turn",
        "complete": True,
        "key": "0011223344556677",
    }
    return ExchangeRecord(**{**usual, **changes})


def show(what: str, us: float, beside: str = "") -> None:
    """One line."""
    print(f"  {what:<58}{us:>9.2f} us  {beside}".rstrip())


def reader_costs() -> None:
    """What reading in passing costs."""
    body = msgspec.json.encode(message("It is a refund. " * 38))
    print(f"reading in passing (JSON of {len(body)} bytes)")
    own = cpu_us(lambda: read([body], streaming=False), times=5000)
    plain = cpu_us(lambda: msgspec.json.decode(body), times=5000)
    show("1 KB JSON answer, reader made, fed and finished", own, f"whole decode: {plain:.2f}")
    frames = [frame(name, payload) for name, payload in events(message("It is a refund. " * 64))]
    own = cpu_us(lambda: read(frames, streaming=True), times=500)
    plain = cpu_us(lambda: decode_every_event(frames), times=500)
    show(f"stream of {len(frames)} events, a chunk each", own, f"decode each: {plain:.2f}")
    one = [b"".join(frames)]
    show("the same in one chunk", cpu_us(lambda: read(one, streaming=True), times=500))
    big = [msgspec.json.encode(message("It is a refund. " * 12_800))]
    show("200 KB JSON answer", cpu_us(lambda: read(big, streaming=False), times=500))


def spool_cost(what: str, folder: Path, capture: str, record: ExchangeRecord) -> None:
    """Offers, and offers with all that their thread does."""
    spool = Spool(folder, capture=capture)
    began = time.process_time()
    for _ in range(RECORDS):
        spool.offer(record)
    offered = time.process_time()
    spool.close()
    ended = time.process_time()
    show(f"{what}: offer and all the thread does", (ended - began) / RECORDS * 1e6)
    print(f"    of which while offering {(offered - began) / RECORDS * 1e6:.2f}; {spool.dropped}")


def main() -> None:
    """Print all costs."""
    reader_costs()
    work = Path(tempfile.mkdtemp(prefix="suffice-bench-"))
    try:
        print("spool")
        off = Spool(work / "alone", flush_s=3600)
        record = exchange()
        show("an offer alone", cpu_us(lambda: off.offer(record), times=2000))
        spool_cost("metadata", work / "meta", "meta", record)
        body = msgspec.json.encode(message("It is a refund. " * 38))
        bodies = exchange(request_body=body, response_body=body)
        spool_cost("two bodies of 1 KB", work / "bodies", "bodies", bodies)
        print("beside it")
        metrics = Metrics()
        show("metrics.note", cpu_us(lambda: metrics.note(record, overhead_s=0.0001), times=5000))
        budgets = Budgets([Budget(name="team", usd=Decimal(10**6))], catalog=load_catalog())
        now = datetime(2026, 11, 22, 12, tzinfo=UTC)
        check = cpu_us(lambda: budgets.check(key="k", type="t", now=now), times=5000)
        show("budgets.check, one budget", check)
        show("budgets.note, one budget", cpu_us(lambda: budgets.note(record, number=1), times=500))
        large = msgspec.json.encode({"messages": [message("It is a refund. " * 320)] * 40})
        mask = cpu_us(lambda: masked_body(large), times=5)
        show(f"masking a body of {len(large) // 1024} KB, in the thread", mask)
        print("off the path of any request")
        with closing(open_account(work / "account.sqlite")) as account:
            began = time.process_time()
            done = take_spool(work / "meta", account, catalog=load_catalog(), now=0.0)
            spent = (time.process_time() - began) / max(1, done.taken) * 1e6
        show(f"child: a record into the account ({done.taken} of them)", spent)
    finally:
        shutil.rmtree(work)


if __name__ == "__main__":
    main()
