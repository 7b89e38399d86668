"""A Messages response, read as an answer."""

from __future__ import annotations

from typing import Any

import msgspec

from suffice.pricing import read_usage
from suffice.records import Answer, Failure, FailureKind


def read_message(
    message: Any,
    *,
    latency_s: float | None = None,
    request_id: str | None = None,
    complete: bool = True,
) -> Answer | None:
    """
    The answer a Messages response holds; None where it is no such response.

    Args:
        message: The decoded body, or what was put together of a stream.
        latency_s: Seconds from sending to the last byte.
        request_id: The ``request-id`` header.
        complete: False where a stream broke off: its usage is an estimate.

    >>> answer = read_message({"content": [{"type": "text", "text": "yes"}], "model": "m"})
    >>> answer.text, answer.failure
    ('yes', None)
    """
    if not isinstance(message, dict) or not isinstance(message.get("content"), list):
        return None
    blocks = tuple(block for block in message["content"] if isinstance(block, dict))
    stop_reason = message.get("stop_reason")
    usage = read_usage(
        message.get("usage"), stop_reason=stop_reason, output_started=_has_output(blocks)
    )
    if usage is not None and not complete:
        usage = msgspec.structs.replace(usage, complete=False)
    return Answer(
        text=text_of(blocks),
        blocks=blocks,
        stop_reason=stop_reason if isinstance(stop_reason, str) else None,
        usage=usage,
        latency_s=latency_s,
        failure=_failure(message),
        served_model=message["model"] if isinstance(message.get("model"), str) else None,
        request_id=request_id,
    )


def text_of(blocks: tuple[dict[str, Any], ...]) -> str:
    """All text blocks, joined."""
    return "".join(
        block["text"]
        for block in blocks
        if block.get("type") == "text" and isinstance(block.get("text"), str)
    )


def _has_output(blocks: tuple[dict[str, Any], ...]) -> bool:
    return any(block.get("text") or block.get("type") != "text" for block in blocks)


def _failure(message: dict[str, Any]) -> Failure | None:
    match message.get("stop_reason"):
        case "refusal":
            return Failure(FailureKind.REFUSAL, _refusal(message.get("stop_details")))
        case "max_tokens":
            return Failure(FailureKind.CUT, "max_tokens reached")
        case "model_context_window_exceeded":
            return Failure(FailureKind.CUT, "the context window is full")
        case "pause_turn":
            return Failure(FailureKind.CUT, "the provider paused a long turn")
        case _:
            return None


def _refusal(details: Any) -> str:
    if not isinstance(details, dict):
        return "refused"
    parts = (details.get("category"), details.get("explanation"))
    return ": ".join(part for part in parts if isinstance(part, str) and part) or "refused"
