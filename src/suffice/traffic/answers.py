"""A recorded answer in any of the shapes people keep them in, read into an `Answer`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from suffice.pricing import read_usage
from suffice.records import Answer, Failure, FailureKind
from suffice.traffic.responses import read_message


def read_answer(value: Any, *, usage: Mapping[str, Any] | None = None) -> Answer | None:
    """
    Read plain text, a list of content blocks, a whole response, or a recorded error.

    Args:
        value: What the file holds for one model; None means there is no answer.
        usage: Tokens kept beside the answer, ``latency_s`` among them; a whole response's
            own usage wins.

    Returns:
        The answer, or None where nothing was recorded.

    Raises:
        ValueError: The value has none of these shapes.

    >>> read_answer("spam").text
    'spam'
    >>> read_answer({"content": [], "stop_reason": "refusal"}).failure
    Failure(kind=<FailureKind.REFUSAL: 'refusal'>, message='refused')
    """
    if value is None:
        return None
    if isinstance(value, str) and usage is None:
        return Answer(text=value)
    latency_s = _seconds(usage)
    if isinstance(value, str):
        return Answer(text=value, usage=read_usage(usage), latency_s=latency_s)
    if isinstance(value, Mapping) and "error" in value and "content" not in value:
        message = str(value["error"])[:300]
        return Answer(failure=Failure(FailureKind.TRANSPORT, message), latency_s=latency_s)
    answer = read_message(_as_message(value), latency_s=latency_s)
    if answer is None:
        kind = type(value).__name__
        raise ValueError(f"an answer is text, blocks or a response with `content`, not {kind}")
    return answer if answer.usage else msgspec.structs.replace(answer, usage=read_usage(usage))


def _as_message(value: Any) -> Any:
    """Bare content blocks, or a response whose content is plain text, as a whole response."""
    if isinstance(value, list):
        return {"content": value}
    if isinstance(value, Mapping) and isinstance(value.get("content"), str):
        return {**value, "content": [{"type": "text", "text": value["content"]}]}
    return value


def _seconds(usage: Mapping[str, Any] | None) -> float | None:
    seconds = usage.get("latency_s") if usage else None
    return float(seconds) if isinstance(seconds, int | float) else None
