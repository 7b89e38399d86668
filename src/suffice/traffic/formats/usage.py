"""One reading of usage for every source: what each counts as input differs, what we keep not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from suffice.pricing import read_usage
from suffice.records import Usage
from suffice.traffic.formats.fields import count, member

_READ = ("cache_read_input_tokens", "cached_tokens", "cache_read_tokens", "cache_read")
_WRITTEN = (
    "cache_creation_input_tokens", "cache_write_input_tokens", "cache_creation_tokens",
    "cache_write_tokens", "cache_write",
)  # fmt: skip
_ANTHROPIC_ONLY = ("cache_creation", "server_tool_use", "service_tier", "inference_geo")


def anthropic_usage(payload: Mapping[str, Any], *, stop_reason: str | None = None) -> Usage | None:
    """Input excludes what was read from and written to the cache."""
    return read_usage(payload, stop_reason=stop_reason)


def inclusive_usage(
    prompt: int | None,
    output: int | None,
    *,
    read: int = 0,
    written: int = 0,
    written_1h: int = 0,
    thinking: int = 0,
) -> Usage | None:
    """
    Usage of a source whose prompt count holds what was read from and written to the cache.

    Where the parts are larger than the whole, the whole cannot have held them.

    Args:
        prompt: All prompt tokens.
        output: All that was written.
        read: The part read from the cache.
        written: The part written to it.
        written_1h: The part of ``written`` kept for an hour.
        thinking: The part of ``output`` that was thinking.

    >>> inclusive_usage(98_805, 7, read=66_360, written=32_435).input_tokens
    10
    >>> inclusive_usage(10, 7, read=66_360).input_tokens
    10
    """
    if prompt is None and output is None:
        return None
    whole = prompt or 0
    fresh = whole - read - written if whole >= read + written else whole
    return Usage(
        input_tokens=fresh,
        cache_read_tokens=read,
        cache_write_5m_tokens=max(0, written - written_1h),
        cache_write_1h_tokens=min(written, written_1h),
        output_tokens=output or 0,
        thinking_tokens=thinking,
        complete=prompt is not None and output is not None,
    )


def openai_usage(payload: Mapping[str, Any]) -> Usage | None:
    """
    OpenAI's chat and responses usage, and LiteLLM's, which adds Anthropic's cache counts to it.

    >>> openai_usage({"prompt_tokens": 10, "completion_tokens": 2,
    ...     "prompt_tokens_details": {"cached_tokens": 4}}).cache_read_tokens
    4
    """
    details = member(payload, "prompt_tokens_details") or member(payload, "input_tokens_details")
    spoken = member(payload, "completion_tokens_details") or member(
        payload, "output_tokens_details"
    )
    split = member(payload, "cache_creation") or member(details, "cache_creation_token_details")
    return inclusive_usage(
        count(payload, "prompt_tokens", "input_tokens"),
        count(payload, "completion_tokens", "output_tokens"),
        read=count(payload, *_READ) or count(details, *_READ) or 0,
        written=count(payload, *_WRITTEN) or count(details, *_WRITTEN) or 0,
        written_1h=count(split, "ephemeral_1h_input_tokens") or 0,
        thinking=count(spoken, "reasoning_tokens", "thinking_tokens") or 0,
    )


def any_usage(payload: Mapping[str, Any], *, stop_reason: str | None = None) -> Usage | None:
    """
    Usage whose dialect only its names tell.

    ``prompt_tokens`` holds the cache; ``input_tokens`` does not, unless OpenAI's
    ``input_tokens_details`` stands beside it.

    >>> any_usage({"input_tokens": 10, "cache_read_input_tokens": 90, "output_tokens": 1})
    ... # doctest: +ELLIPSIS
    Usage(input_tokens=10, cache_read_tokens=90, ...)
    """
    if "prompt_tokens" in payload or "input_tokens_details" in payload:
        return openai_usage(payload)
    return anthropic_usage(payload, stop_reason=stop_reason)


def langfuse_usage(details: Mapping[str, Any]) -> Usage | None:
    """
    Langfuse's ``usage_details``: classes stand side by side, unless their total says otherwise.

    A sender that puts cached tokens into ``input`` as well counts them twice; then input and
    output alone make the total.

    >>> langfuse_usage({"input": 10, "input_cached_tokens": 90, "output": 5, "total": 105})
    ... # doctest: +ELLIPSIS
    Usage(input_tokens=10, cache_read_tokens=90, ...)
    >>> langfuse_usage({"input": 100, "input_cached_tokens": 90, "output": 5, "total": 105})
    ... # doctest: +ELLIPSIS
    Usage(input_tokens=10, cache_read_tokens=90, ...)
    """
    if "input_tokens" in details:
        return anthropic_usage(details)
    prompt = count(details, "input", "prompt_tokens", "promptTokens")
    output = count(details, "output", "completion_tokens", "completionTokens")
    read = count(details, "input_cached_tokens", "input_cache_read", *_READ) or 0
    written_1h = count(details, "input_cache_creation_1h", "cache_creation_1h") or 0
    written = (
        count(details, "input_cache_creation", "input_cache_write", *_WRITTEN) or 0
    ) or written_1h
    thinking = count(details, "output_reasoning_tokens", "output_reasoning") or 0
    total = count(details, "total", "totalTokens", "total_tokens")
    holds_cache = total is not None and total == (prompt or 0) + (output or 0)
    if not holds_cache and prompt is not None:
        prompt += read + written
    return inclusive_usage(
        prompt, output, read=read, written=written, written_1h=written_1h, thinking=thinking
    )


def with_tier(usage: Usage | None, tier: str | None) -> Usage | None:
    """The same usage, billed at a tier, such as ``batch``, that the source tells beside it."""
    return (
        usage
        if usage is None or tier is None
        else msgspec.structs.replace(usage, service_tier=tier)
    )
