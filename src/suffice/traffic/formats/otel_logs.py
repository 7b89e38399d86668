"""OpenTelemetry log records that tell of calls: Claude Code's, and GenAI's own event."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from suffice.records import LoggedExchange, Usage
from suffice.traffic.formats.fields import count, dollars, number, text
from suffice.traffic.formats.format import Each, Format, Record
from suffice.traffic.formats.otel import genai_exchange
from suffice.traffic.formats.spans import Span, log_records

_GENAI_EVENT = "gen_ai.client.inference.operation.details"
_CLAUDE_CODE = ("claude_code.api_request", "claude_code.api_error", "api_request", "api_error")


def _read(record: Record) -> Iterator[LoggedExchange]:
    for name, span in log_records(record):
        if name == _GENAI_EVENT:
            yield genai_exchange(span)
        elif name in _CLAUDE_CODE and "model" in span.attributes:
            yield _claude_code(name, span)


def _claude_code(name: str, span: Span) -> LoggedExchange:
    """One request of Claude Code's; its prompt is told by no event."""
    said = span.attributes
    milliseconds = number(said, "duration_ms")
    latency_s = None if milliseconds is None else milliseconds / 1000
    failed = name.endswith("error")
    status = count(said, "status_code")
    session = text(said, "session.id")
    return LoggedExchange(
        source="claude-code-otel",
        id=text(said, "request_id") or f"{session}-{span.id or span.start}",
        # The event is written when the call ends.
        ts=span.start - (latency_s or 0.0) if span.start is not None else None,
        model=text(said, "model"),
        usage=None if failed else claude_code_usage(said),
        reported_usd=dollars(said, "cost_usd"),
        latency_s=latency_s,
        status=status if status is not None and status < 1000 else None,  # noqa: PLR2004
        error=(text(said, "error")[:300] or "error") if failed else None,
        session=session,
        user=text(said, "user.account_uuid", "user.id"),
        agent_id=text(said, "agent.id"),
        parent_agent_id=text(said, "parent_agent.id"),
        app="claude-code",
    )


def claude_code_usage(said: Mapping[str, Any]) -> Usage | None:
    """
    Four counts beside each other: input holds no cache tokens.

    >>> claude_code_usage({"input_tokens": "10", "cache_read_tokens": "90"}).prompt_tokens
    100
    """
    fresh, output = count(said, "input_tokens"), count(said, "output_tokens")
    if fresh is None and output is None:
        return None
    return Usage(
        input_tokens=fresh or 0,
        cache_read_tokens=count(said, "cache_read_tokens") or 0,
        cache_write_5m_tokens=count(said, "cache_creation_tokens") or 0,
        output_tokens=output or 0,
        complete=fresh is not None and output is not None,
    )


def _each(record: Record) -> Iterable[LoggedExchange]:
    return _read(record)


OTEL_LOGS = Format(
    name="otel-logs",
    title="OpenTelemetry events of calls",
    fits=lambda record: "resourceLogs" in record or "resource_logs" in record,
    reader=lambda: Each(_each),
)
