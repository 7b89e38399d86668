"""What the wire tells of an answer, decoded as sparsely as its meaning allows."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from suffice.pricing.usage_reading import read_usage
from suffice.records import Usage

# A thousand of the largest windows. What tells more is no count, and would overflow a database.
MOST_TOKENS = 10**9
Count = Annotated[int, msgspec.Meta(ge=0, le=MOST_TOKENS)]


class _CacheCreation(msgspec.Struct, gc=False):
    ephemeral_5m_input_tokens: Count | None = None
    ephemeral_1h_input_tokens: Count | None = None


class _OutputDetails(msgspec.Struct, gc=False):
    thinking_tokens: Count | None = None


class _ServerTools(msgspec.Struct, gc=False):
    web_search_requests: Count | None = None


class _PlainUsage(msgspec.Struct, gc=False):
    """Usage as it comes almost always: whole numbers, and no iterations."""

    input_tokens: Count
    output_tokens: Count
    cache_creation_input_tokens: Count | None = None
    cache_read_input_tokens: Count | None = None
    cache_creation: _CacheCreation | None = None
    output_tokens_details: _OutputDetails | None = None
    server_tool_use: _ServerTools | None = None
    service_tier: str | None = None
    inference_geo: str | None = None
    speed: str | None = None
    iterations: None = None


class _PlainAnswer(msgspec.Struct, gc=False):
    """A message as it comes almost always; everything else in it is passed over unread."""

    type: str
    model: str
    id: str
    usage: _PlainUsage
    stop_reason: str | None = None


class _AnyAnswer(msgspec.Struct, gc=False):
    """Any JSON object: whatever its fields hold, none of it stops the reading."""

    type: Any = None
    id: Any = None
    model: Any = None
    stop_reason: Any = None
    usage: Any = None
    error: Any = None
    content: Any = None


class Told(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What one JSON answer says of itself."""

    usage: Usage | None = None
    model: str | None = None
    stop_reason: str | None = None
    message_id: str | None = None
    error_type: str | None = None


_plain = msgspec.json.Decoder(_PlainAnswer)
_any = msgspec.json.Decoder(_AnyAnswer)
_REFUSAL = "refusal"


def read_answer(body: bytes) -> Told | None:
    """
    What a whole JSON body tells; None where it is no JSON object.

    >>> told = read_answer(b'{"type": "error", "error": {"type": "overloaded_error"}}')
    >>> told.error_type
    'overloaded_error'
    """
    try:
        answer = _plain.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return _read_any(body)
    if answer.stop_reason == _REFUSAL:
        # Whether anything was written before the refusal stands in the content alone.
        return _read_any(body)
    return Told(
        usage=_usage(answer.usage),
        model=answer.model or None,
        stop_reason=answer.stop_reason or None,
        message_id=answer.id or None,
    )


def usage_of(
    told: dict[str, Any], *, stop_reason: str | None, output_started: bool
) -> Usage | None:
    """As `read_usage`, by a shorter way for what comes almost always."""
    if stop_reason != _REFUSAL:
        try:
            return _usage(msgspec.convert(told, _PlainUsage))
        except msgspec.ValidationError:
            pass
    return _plausible(read_usage(told, stop_reason=stop_reason, output_started=output_started))


def _plausible(usage: Usage | None) -> Usage | None:
    """The usage, unless some count in it cannot be one."""
    if usage is None or _largest(usage) <= MOST_TOKENS:
        return usage
    return None


def _largest(usage: Usage) -> int:
    return max(
        usage.input_tokens,
        usage.cache_read_tokens,
        usage.cache_write_5m_tokens,
        usage.cache_write_1h_tokens,
        usage.output_tokens,
        usage.thinking_tokens,
        usage.web_searches,
        *(_largest(part.usage) for part in usage.iterations),
    )


def word(value: Any) -> str | None:
    """The value where it is a text with something in it."""
    return value if isinstance(value, str) and value else None


def error_type(fault: Any) -> str | None:
    """
    The type in an error object, or that it had none.

    >>> error_type({"type": "api_error"}), error_type("oops"), error_type(None)
    ('api_error', 'unknown_error', None)
    """
    if fault is None:
        return None
    return (word(fault.get("type")) if isinstance(fault, dict) else None) or "unknown_error"


def _read_any(body: bytes) -> Told | None:
    try:
        answer = _any.decode(body)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        return None
    stop_reason = word(answer.stop_reason)
    content = answer.content
    return Told(
        usage=_plausible(
            read_usage(
                answer.usage if isinstance(answer.usage, dict) else None,
                stop_reason=stop_reason,
                output_started=bool(content) if isinstance(content, list) else None,
            )
        ),
        model=word(answer.model),
        stop_reason=stop_reason,
        message_id=word(answer.id),
        error_type=error_type(answer.error) if answer.type == "error" else None,
    )


def _usage(plain: _PlainUsage) -> Usage:
    split = plain.cache_creation
    write_5m = (split.ephemeral_5m_input_tokens or 0) if split else 0
    write_1h = (split.ephemeral_1h_input_tokens or 0) if split else 0
    flat = plain.cache_creation_input_tokens or 0
    details, tools = plain.output_tokens_details, plain.server_tool_use
    return Usage(
        input_tokens=plain.input_tokens,
        cache_read_tokens=plain.cache_read_input_tokens or 0,
        # A flat count beyond its split was written to the five-minute cache.
        cache_write_5m_tokens=max(write_5m, flat - write_1h),
        cache_write_1h_tokens=write_1h,
        output_tokens=plain.output_tokens,
        thinking_tokens=(details.thinking_tokens or 0) if details else 0,
        web_searches=(tools.web_search_requests or 0) if tools else 0,
        service_tier=plain.service_tier or None,
        inference_geo=plain.inference_geo or None,
        speed=plain.speed or None,
    )
