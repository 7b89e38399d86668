"""A recorded answer in any of the shapes people keep them in, read into an `Answer`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from suffice.pricing import read_usage
from suffice.records import Answer, Failure, FailureKind

_CUT = {"max_tokens", "model_context_window_exceeded"}


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
    >>> read_answer({"content": [{"type": "text", "text": "no"}], "stop_reason": "refusal"}).failure
    Failure(kind=<FailureKind.REFUSAL: 'refusal'>, message='stop_reason refusal')
    """
    if value is None:
        return None
    if isinstance(value, str) and usage is None:
        return Answer(text=value)
    latency_s = _seconds(usage)
    if isinstance(value, str):
        return Answer(text=value, usage=read_usage(usage), latency_s=latency_s)
    if isinstance(value, list):
        return Answer(
            text=text_of(value), blocks=tuple(value), usage=read_usage(usage), latency_s=latency_s
        )
    if not isinstance(value, Mapping):
        kind = type(value).__name__
        raise ValueError(f"an answer is text, blocks or a response, not {kind}")  # noqa: TRY004 - bad input
    if "content" in value:
        return read_response(value, usage=usage, latency_s=latency_s)
    if "error" in value:
        message = str(value["error"])[:300]
        return Answer(failure=Failure(FailureKind.TRANSPORT, message), latency_s=latency_s)
    raise ValueError("an answer given as an object needs `content` or `error`")


def read_response(
    message: Mapping[str, Any],
    *,
    usage: Mapping[str, Any] | None = None,
    latency_s: float | None = None,
) -> Answer:
    """
    Read a whole Anthropic response; a refusal or a cut is a failed answer with its text kept.

    Raises:
        ValueError: ``content`` is neither text nor a list of blocks.
    """
    content = message["content"]
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not isinstance(blocks, list) or not all(isinstance(block, dict) for block in blocks):
        raise ValueError("`content` of a response is a list of blocks")
    stop_reason = message.get("stop_reason")
    return Answer(
        text=text_of(blocks),
        blocks=tuple(blocks),
        stop_reason=stop_reason,
        usage=read_usage(
            message.get("usage") or usage, stop_reason=stop_reason, output_started=bool(blocks)
        ),
        latency_s=latency_s,
        failure=_failure(stop_reason),
        served_model=message.get("model"),
        request_id=message.get("id"),
    )


def text_of(blocks: Iterable[Any]) -> str:
    """All text blocks joined, as a reader sees them; thinking and tool calls left out."""
    texts = []
    for block in blocks:
        if not isinstance(block, dict):
            raise ValueError("a content block is an object")  # noqa: TRY004 - bad input is a value problem
        if block.get("type") == "text":
            texts.append(str(block.get("text", "")))
    return "".join(texts)


def _failure(stop_reason: str | None) -> Failure | None:
    if stop_reason == "refusal":
        return Failure(FailureKind.REFUSAL, "stop_reason refusal")
    if stop_reason in _CUT:
        return Failure(FailureKind.CUT, f"stop_reason {stop_reason}")
    return None


def _seconds(usage: Mapping[str, Any] | None) -> float | None:
    seconds = usage.get("latency_s") if usage else None
    return float(seconds) if isinstance(seconds, int | float) else None
