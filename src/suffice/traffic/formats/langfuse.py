"""Langfuse exports: observations, of which the generations are calls."""

from __future__ import annotations

from collections.abc import Iterable
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
from suffice.traffic.formats.usage import langfuse_usage

_MARKS = frozenset(
    {
        "provided_model_name", "usage_details", "usageDetails", "parent_observation_id",
        "parentObservationId", "cost_details", "completion_start_time",
    }
)  # fmt: skip


def _fits(record: Record) -> bool:
    traced = "trace_id" in record or "traceId" in record
    return traced and not _MARKS.isdisjoint(record)


def _read(record: Record) -> Iterable[LoggedExchange]:
    if text(record, "type").upper() not in {"GENERATION", ""}:
        return ()
    start = first_time(record, "start_time", "startTime")
    latency = number(record, "latency")
    said, blocks, stopped = any_answer(record.get("output"))
    failed = text(record, "level") == "ERROR"
    usage = member(record, "usage_details") or member(record, "usageDetails")
    return (
        LoggedExchange(
            source="langfuse",
            id=text(record, "id"),
            ts=start,
            request=any_request(record.get("input") or None, beside=_settings(record)),
            response_text=said,
            response_blocks=blocks,
            model=text(record, "provided_model_name", "model", "providedModelName"),
            usage=langfuse_usage(usage or member(record, "usage")),
            reported_usd=dollars(record, "total_cost", "totalCost", "calculatedTotalCost")
            or dollars(member(record, "cost_details"), "total"),
            latency_s=latency
            if latency is not None
            else between(start, first_time(record, "end_time", "endTime")),
            ttft_s=number(record, "time_to_first_token", "timeToFirstToken"),
            error=(text(record, "status_message", "statusMessage")[:300] or "ERROR")
            if failed
            else None,
            session=text(record, "session_id", "sessionId") or text(record, "trace_id", "traceId"),
            user=text(record, "user_id", "userId"),
            labels=labels(
                {
                    "prompt_name": text(record, "prompt_name", "promptName"),
                    "prompt_version": text(record, "prompt_version", "promptVersion"),
                    "name": text(record, "name"),
                    "trace_name": text(record, "trace_name", "traceName"),
                    "metadata.type": text(member(record, "metadata"), "type"),
                }
            ),
            stop_reason=stopped,
        ),
    )


def _settings(record: Record) -> dict[str, Any]:
    """What was set, and the tools, kept beside the input."""
    settings = member(record, "model_parameters") or member(record, "modelParameters")
    kept = {name: value for name, value in settings.items() if value not in (None, "")}
    tools = opened(record.get("tool_definitions") or record.get("toolDefinitions"))
    if isinstance(tools, dict):
        tools = [{"name": name, **_definition(value)} for name, value in tools.items()]
    if isinstance(tools, list) and tools:
        kept["tools"] = [opened(tool) for tool in tools]
    return kept


def _definition(value: Any) -> dict[str, Any]:
    found = opened(value)
    return found if isinstance(found, dict) else {}


LANGFUSE = Format(name="langfuse", title="Langfuse export", fits=_fits, reader=lambda: Each(_read))
