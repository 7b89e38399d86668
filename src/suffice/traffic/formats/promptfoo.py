"""promptfoo's results as calls: what its providers were asked and what they answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from suffice.records import LoggedExchange, Usage
from suffice.traffic.formats.chat import any_answer, any_request
from suffice.traffic.formats.fields import count, dollars, labels, member, number, text, when
from suffice.traffic.formats.format import Each, Format, Record
from suffice.traffic.formats.usage import inclusive_usage

_LONGEST_NAME = 60


def _fits(record: Record) -> bool:
    results = record.get("results")
    whole = isinstance(results, dict) and isinstance(results.get("results"), list)
    return whole or ("promptIdx" in record and "testIdx" in record and "provider" in record)


def _read(record: Record) -> Iterable[LoggedExchange]:
    results = record.get("results")
    if not isinstance(results, dict):
        yield from _exchange(record, run="", ts=None)
        return
    run, ts = text(record, "evalId"), when(results.get("timestamp"))
    rows = results.get("results")
    for row in rows if isinstance(rows, list) else []:
        if isinstance(row, dict):
            yield from _exchange(row, run=run, ts=ts)


def _exchange(row: Record, *, run: str, ts: float | None) -> Iterator[LoggedExchange]:
    """One row; none where promptfoo answered from its own cache, which called no model."""
    response = member(row, "response")
    if response.get("cached") is True:
        return
    provider = row.get("provider")
    named = text(provider, "id") if isinstance(provider, dict) else str(provider or "")
    said, blocks, stopped = any_answer(response.get("output"))
    milliseconds = number(row, "latencyMs")
    failed = text(row, "error") or text(response, "error")
    places = (text(row, "promptIdx"), text(row, "testIdx"), named)
    yield LoggedExchange(
        source="promptfoo",
        id=text(row, "id") or "-".join(filter(None, (run, *places))),
        ts=ts,
        request=_request(row),
        response_text=said,
        response_blocks=blocks,
        # A provider is a route to a model; the model is its last part.
        model=named.rpartition(":")[2],
        usage=promptfoo_usage(member(response, "tokenUsage") or member(row, "tokenUsage")),
        reported_usd=dollars(response, "cost") or dollars(row, "cost"),
        latency_s=None if milliseconds is None else milliseconds / 1000,
        # An assertion that failed is a grade, not an error of the call.
        error=failed[:300] if failed and not said else None,
        labels=_labels(row),
        stop_reason=stopped,
    )


def promptfoo_usage(counts: Mapping[str, Any]) -> Usage | None:
    """
    Prompt and completion; what the provider read from a cache is not told apart.

    >>> promptfoo_usage({"total": 14, "prompt": 10, "completion": 4}).prompt_tokens
    10
    """
    spoken = member(counts, "completionDetails")
    return inclusive_usage(
        count(counts, "prompt"),
        count(counts, "completion"),
        read=count(spoken, "cacheReadInputTokens") or 0,
        written=count(spoken, "cacheCreationInputTokens") or 0,
        thinking=count(spoken, "reasoning") or 0,
    )


def _request(row: Record) -> dict[str, Any]:
    """The prompt as it was sent: one user turn, or a JSON text of turns."""
    raw = member(row, "prompt").get("raw")
    if not isinstance(raw, str):
        return any_request(raw)
    try:
        turns = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        turns = None
    is_turns = isinstance(turns, list) and all(
        isinstance(turn, dict) and "role" in turn for turn in turns
    )
    return any_request(turns if is_turns else [{"role": "user", "content": raw}])


def _labels(row: Record) -> dict[str, str]:
    prompt, metadata = member(row, "prompt"), member(member(row, "testCase"), "metadata")
    named = text(prompt, "label")
    # Without a name of its own, a prompt is labelled with its text.
    is_name = named and len(named) <= _LONGEST_NAME and named not in text(prompt, "raw")
    return labels(
        {"metadata.type": text(metadata, "type"), "prompt_name": named if is_name else ""}
    )


PROMPTFOO = Format(
    name="promptfoo", title="promptfoo results", fits=_fits, reader=lambda: Each(_read)
)
