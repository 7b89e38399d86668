"""
What the account says of every way a request can end; the guide's table is made here.

"""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec

from suffice.catalog import load_catalog
from suffice.gateway.account_store import price
from suffice.gateway.accounting import ExchangeReader
from suffice.records import ExchangeRecord

GUIDE = Path(__file__).parents[2] / "docs" / "account.md"
BEGIN, END = "<!-- faults: begin -->", "<!-- faults: end -->"
CATALOG = load_catalog()
OVERLOADED = b'event: error\ndata: {"type":"error","error":{"type":"overloaded_error"}}\n\n'
Message = Callable[..., dict[str, Any]]
Stream = Callable[[dict[str, Any]], list[bytes]]


def relayed(
    pieces: Iterable[bytes],
    *,
    status: int = 200,
    streamed: bool = False,
    encoding: str | None = None,
    fault: str = "",
    **changes: Any,
) -> ExchangeRecord:
    """The record of an answer that came in these pieces, as the front door writes it."""
    reader = ExchangeReader(streamed, encoding)
    for piece in pieces:
        reader.feed(piece)
    reading = reader.finish(not fault)
    usual: dict[str, Any] = {
        "ts": 1795305660.0,
        "status": status,
        "requested_model": "claude-haiku-5-5",
        "served_model": reading.model or "claude-haiku-5-5",
        "usage": reading.usage,
        "deltas": reading.deltas,
        "stop_reason": reading.stop_reason,
        "streamed": streamed,
        "complete": reading.complete,
        "error_type": reading.error_type or fault or None,
    }
    return ExchangeRecord(**{**usual, **changes})


def error(kind: str) -> list[bytes]:
    return [msgspec.json.encode({"type": "error", "error": {"type": kind, "message": "no"}})]


def faults(message: Message, stream: Stream) -> list[tuple[str, ExchangeRecord]]:
    """Each fault with the record it leaves."""
    whole, frames = msgspec.json.encode(message()), stream(message())
    refused = message(content=[], stop_reason="refusal")
    refused_late = message(stop_reason="refusal")
    nothing: list[bytes] = []
    return [
        ("none: a JSON answer", relayed([whole])),
        ("none: a stream", relayed(frames, streamed=True)),
        ("none: a compressed answer", relayed([gzip.compress(whole)], encoding="gzip")),
        ("a coding we cannot open", relayed([whole], encoding="br")),
        ("refusal before any output", relayed(stream(refused), streamed=True)),
        ("refusal in mid-stream", relayed(stream(refused_late), streamed=True)),
        ("400, 401, 403, 404, 413", relayed(error("invalid_request_error"), status=400)),
        ("429", relayed(error("rate_limit_error"), status=429)),
        ("529", relayed(error("overloaded_error"), status=529)),
        ("500, 502, 503, 504", relayed(error("api_error"), status=500)),
        ("upstream not reached", relayed(nothing, status=0, fault="connect")),
        ("no answer in time", relayed(nothing, status=0, fault="timeout")),
        ("cut before the answer's head", relayed(nothing, status=0, fault="cut")),
        ("JSON cut in the middle", relayed([whole[:300]], fault="cut")),
        ("200 with garbage", relayed([b"<html>"])),
        ("stream cut before its first event", relayed(nothing, streamed=True, fault="cut")),
        ("stream cut within its content", relayed(frames[:5], streamed=True, fault="cut")),
        ("stream ends quietly within its content", relayed(frames[:5], streamed=True)),
        ("stream cut after its last count", relayed(frames[:-1], streamed=True, fault="cut")),
        ("stream stalls beyond the time-out", relayed(frames[:5], streamed=True, fault="timeout")),
        ("error event within a stream", relayed([*frames[:5], OVERLOADED], streamed=True)),
        (
            "client leaves within a stream",
            relayed(frames[:5], streamed=True, fault="client_disconnected"),
        ),
        (
            "client leaves before the answer",
            relayed(nothing, status=0, fault="client_disconnected"),
        ),
        (
            "a model without a known price",
            relayed([msgspec.json.encode(message(model="claude-next-9"))]),
        ),
    ]


def row(fault: str, record: ExchangeRecord) -> str:
    usage = record.usage
    tokens = "unknown"
    if usage is not None:
        tokens = "exact" if usage.complete else "prompt exact, output at least"
    elif not record.may_be_billed:
        tokens = "none"
    spent = price(record, CATALOG).picousd
    dollars = "unknown; counted as unpriced"
    if spent is not None:
        at_least = usage is not None and not usage.complete
        dollars = "nothing" if spent == 0 else ("at least what was told" if at_least else "exact")
    return f"| {fault} | `{record.outcome}` | {tokens} | {dollars} |"


def table(message: Message, stream: Stream) -> str:
    head = ["| fault | outcome | tokens | dollars |", "|---|---|---|---|"]
    return "\n".join([*head, *(row(*each) for each in faults(message, stream))])


def test_the_guide_says_what_the_account_does(message: Message, stream: Stream) -> None:
    written = GUIDE.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0].strip()

    assert written == table(message, stream)


def test_nothing_that_may_have_been_billed_is_free(message: Message, stream: Stream) -> None:
    for fault, record in faults(message, stream):
        spent = price(record, CATALOG).picousd
        refused_early = record.usage is not None and not record.usage.billed
        if record.may_be_billed and not refused_early:
            assert spent is None or spent > 0, fault
        else:
            assert spent == 0, fault


def test_no_fault_within_an_answer_is_called_fine(message: Message, stream: Stream) -> None:
    fine = {fault for fault, record in faults(message, stream) if record.outcome == "ok"}

    assert fine == {
        "none: a JSON answer",
        "none: a stream",
        "none: a compressed answer",
        "a coding we cannot open",
        "a model without a known price",
    }
