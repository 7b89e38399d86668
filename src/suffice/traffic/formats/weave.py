"""Weights & Biases Weave: traced calls, of which those to a model are read."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from suffice.records import LoggedExchange
from suffice.traffic.formats.chat import any_answer, any_request
from suffice.traffic.formats.fields import (
    between,
    dollars,
    first_time,
    labels,
    member,
    number,
    opened,
    text,
)
from suffice.traffic.formats.format import Each, Format, Record
from suffice.traffic.formats.pairs import is_completion, is_message
from suffice.traffic.formats.usage import any_usage


def _read(record: Record) -> Iterable[LoggedExchange]:
    inputs = member(record, "inputs")
    output = opened(record.get("output"))
    asks = isinstance(inputs.get("messages"), list)
    # A traced function above a call repeats its usage in its own summary: it is no call.
    if not (is_message(output) or is_completion(output) or (asks and text(inputs, "model"))):
        return ()
    answer = output if isinstance(output, dict) else {}
    said, blocks, stopped = any_answer(output)
    summary = member(record, "summary")
    own = member(summary, "weave")
    start = first_time(record, "started_at")
    milliseconds = number(own, "latency_ms")
    model = text(answer, "model") or next(iter(member(summary, "usage")), "")
    payload = member(answer, "usage") or member(member(summary, "usage"), model)
    return (
        LoggedExchange(
            source="weave",
            id=text(record, "id"),
            ts=start,
            request=any_request({name: inputs[name] for name in inputs if name != "self"}),
            response_text=said,
            response_blocks=blocks,
            model=model or text(inputs, "model"),
            requested_model=text(inputs, "model"),
            usage=any_usage(payload, stop_reason=stopped),
            reported_usd=_costs(member(own, "costs")),
            latency_s=milliseconds / 1000
            if milliseconds is not None
            else between(start, first_time(record, "ended_at")),
            error=text(record, "exception")[:300] or None,
            session=text(record, "thread_id", "trace_id"),
            user=text(record, "wb_user_id"),
            labels=labels({"display_name": text(record, "display_name"), **_attributes(record)}),
            stop_reason=stopped,
        ),
    )


def _costs(costs: dict[str, Any]) -> str | None:
    """All that Weave counted for one call, over models and directions."""
    amounts = [
        dollars(entry, name)
        for entry in costs.values()
        if isinstance(entry, dict)
        for name in entry
        if name.endswith("_total_cost")
    ]
    known = [Decimal(amount) for amount in amounts if amount is not None]
    return format(sum(known, Decimal(0)), "f") if known else None


def _attributes(record: Record) -> dict[str, Any]:
    attributes = member(record, "attributes")
    return {f"attributes.{name}": value for name, value in attributes.items() if name != "weave"}


WEAVE = Format(
    name="weave",
    title="W&B Weave calls",
    fits=lambda record: "op_name" in record and "inputs" in record,
    reader=lambda: Each(_read),
)
