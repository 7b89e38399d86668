"""Exchanges as spans, in the words of OpenTelemetry's conventions for generative AI."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from importlib.metadata import version
from typing import Any

COLUMNS = (
    *("id", "ts", "session", "type", "requested_model", "served_model", "arm", "reason"),
    *("policy_version", "path", "status", "attempt", "answered", "streamed", "outcome"),
    *("stop_reason", "error_type", "message_id", "input_tokens", "cache_read_tokens"),
    *("cache_write_5m_tokens", "cache_write_1h_tokens", "output_tokens", "picousd"),
    *("ttft_s", "duration_s"),
)
LATEST_OPT_IN = "gen_ai_latest_experimental"
_CLIENT, _ERROR = 3, 2
_NANOS = 1_000_000_000
_PICO = 1_000_000_000_000
_FINE = frozenset({"ok", "refusal"})
_Row = Mapping[str, Any]


def spans_of(rows: Sequence[_Row], *, latest: bool = False) -> dict[str, Any]:
    """
    Rows of the account as one request of OTLP/HTTP with JSON.

    Args:
        rows: Each with `COLUMNS`.
        latest: Whether names follow the unreleased conventions instead of 1.41.
    """
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes({"service.name": "suffice-gateway"})},
                "scopeSpans": [
                    {
                        "scope": {"name": "suffice.gateway", "version": version("suffice")},
                        "spans": [span_of(row, latest=latest) for row in rows],
                    }
                ],
            }
        ]
    }


def span_of(row: _Row, *, latest: bool = False) -> dict[str, Any]:
    """
    One attempt as a span.

    Attempts of one conversation share a trace; the ids are hashes, the same whenever it is sent
    again. Tokens within ``gen_ai.usage.input_tokens`` include those of the cache, as the
    conventions ask.
    """
    begins = int(row["ts"] * _NANOS)
    status: dict[str, Any] = {}
    if row["outcome"] not in _FINE:
        status = {"code": _ERROR, "message": row["outcome"]}
    operation = "chat" if str(row["path"]).endswith("/messages") else "count_tokens"
    return {
        "traceId": _hash(row["session"] or row["id"], 16),
        "spanId": _hash(row["id"], 8),
        "name": f"{operation} {row['requested_model'] or ''}".strip(),
        "kind": _CLIENT,
        "startTimeUnixNano": str(begins),
        "endTimeUnixNano": str(begins + int((row["duration_s"] or 0.0) * _NANOS)),
        "attributes": _attributes(
            {"gen_ai.operation.name": operation, **_told(row), **_usage(row, latest=latest)}
        ),
        "status": status,
    }


def _told(row: _Row) -> dict[str, Any]:
    failed = row["outcome"] not in _FINE
    return {
        "gen_ai.provider.name": "anthropic",
        "gen_ai.request.model": row["requested_model"],
        "gen_ai.request.stream": bool(row["streamed"]),
        "gen_ai.response.model": row["served_model"],
        "gen_ai.response.id": row["message_id"],
        "gen_ai.response.finish_reasons": [row["stop_reason"]] if row["stop_reason"] else None,
        "gen_ai.response.time_to_first_chunk": row["ttft_s"] if row["streamed"] else None,
        "gen_ai.conversation.id": row["session"],
        "http.response.status_code": row["status"] or None,
        "error.type": (row["error_type"] or row["outcome"]) if failed else None,
        "suffice.type": row["type"],
        "suffice.arm": row["arm"],
        "suffice.reason": row["reason"],
        "suffice.policy": row["policy_version"],
        "suffice.attempt": row["attempt"],
        "suffice.answered": bool(row["answered"]),
        "suffice.cost_usd": None if row["picousd"] is None else row["picousd"] / _PICO,
    }


def _usage(row: _Row, *, latest: bool) -> dict[str, Any]:
    if row["input_tokens"] is None:
        return {}
    read = row["cache_read_tokens"] or 0
    written = (row["cache_write_5m_tokens"] or 0) + (row["cache_write_1h_tokens"] or 0)
    cache_write = "cache_write" if latest else "cache_creation"
    return {
        "gen_ai.usage.input_tokens": row["input_tokens"] + read + written,
        "gen_ai.usage.cache_read.input_tokens": read,
        f"gen_ai.usage.{cache_write}.input_tokens": written,
        "gen_ai.usage.output_tokens": row["output_tokens"],
    }


def _attributes(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is known, in the form of the protocol; whole numbers are text there."""
    return [
        {"key": key, "value": _value(value)}
        for key, value in values.items()
        if value is not None and value != ""
    ]


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(each) for each in value]}}
    return {"stringValue": str(value)}


def _hash(text: str, size: int) -> str:
    return blake2b(text.encode(errors="replace"), digest_size=size).hexdigest()
