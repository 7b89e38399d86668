"""From a response's ``usage`` object to our record: no token lost, none counted twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from suffice.records import Iteration, Usage

_PROMPT_KEYS = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")

_MOST_TOKENS = 10**12  # beyond any context; a count that large is a mistake in the file


class _Unreadable(ValueError):
    """A count that is no whole number, zero or more."""


def read_usage(
    payload: Mapping[str, Any] | None,
    *,
    stop_reason: str | None = None,
    output_started: bool | None = None,
) -> Usage | None:
    """
    Normalise an Anthropic ``usage`` object, or its short recorded form.

    Nulls and missing fields are zero tokens, but where the prompt's or the output's own count
    is missing the usage is marked not ``complete``. A flat ``cache_creation_input_tokens``
    without its split was written to the five-minute cache. ``output_tokens`` already holds the
    thinking. With ``iterations`` the bill is their sum.

    Args:
        payload: As received, also ``{input_tokens, output_tokens, latency_s}``.
        stop_reason: The response's own; a ``refusal`` before any output is not billed.
        output_started: Whether anything was output before the stop; where None, output tokens
            tell.

    Returns:
        None where nothing can be told: no object, no counts in it, or a count that is no whole
        number. Dollars are then unknown, never zero.

    >>> usage = read_usage({"input_tokens": 10, "cache_creation_input_tokens": 5})
    >>> usage.cache_write_5m_tokens, usage.prompt_tokens, usage.complete
    (5, 15, False)
    >>> read_usage({}) is None
    True
    """
    if not isinstance(payload, Mapping):
        return None
    try:
        return _usage(payload, stop_reason=stop_reason, output_started=output_started)
    except _Unreadable:
        return None


def _usage(
    payload: Mapping[str, Any],
    *,
    stop_reason: str | None,
    output_started: bool | None,
) -> Usage | None:
    iterations = _iterations(payload)
    if not iterations and all(payload.get(key) is None for key in (*_PROMPT_KEYS, "output_tokens")):
        return None
    output_tokens = _count(payload, "output_tokens")
    refused_early = stop_reason == "refusal" and not (
        output_tokens > 0 if output_started is None else output_started
    )
    write_5m, write_1h = _cache_writes(payload)
    return Usage(
        input_tokens=_count(payload, "input_tokens"),
        cache_read_tokens=_count(payload, "cache_read_input_tokens"),
        cache_write_5m_tokens=write_5m,
        cache_write_1h_tokens=write_1h,
        output_tokens=output_tokens,
        thinking_tokens=_count(_object(payload, "output_tokens_details"), "thinking_tokens"),
        web_searches=_count(_object(payload, "server_tool_use"), "web_search_requests"),
        service_tier=_word(payload, "service_tier"),
        inference_geo=_word(payload, "inference_geo"),
        speed=_word(payload, "speed"),
        billed=not refused_early,
        complete=payload.get("output_tokens") is not None
        and any(payload.get(key) is not None for key in _PROMPT_KEYS),
        iterations=iterations,
    )


def _iterations(payload: Mapping[str, Any]) -> tuple[Iteration, ...]:
    listed = payload.get("iterations")
    if not isinstance(listed, Sequence) or isinstance(listed, str):
        return ()
    entries = [entry for entry in listed if isinstance(entry, Mapping)]
    # A fallback answered: every message before it that wrote nothing was declined, unbilled.
    fell_back = any(entry.get("type") == "fallback_message" for entry in entries)
    return tuple(_iteration(entry, fell_back=fell_back) for entry in entries)


def _iteration(entry: Mapping[str, Any], *, fell_back: bool) -> Iteration:
    kind = _word(entry, "type") or "message"
    declined = fell_back and kind == "message" and _count(entry, "output_tokens") == 0
    usage = _usage(
        {key: value for key, value in entry.items() if key != "iterations"},
        stop_reason="refusal" if declined else _word(entry, "stop_reason"),
        output_started=None,
    )
    return Iteration(usage=usage or Usage(complete=False), kind=kind, model=_word(entry, "model"))


def _cache_writes(payload: Mapping[str, Any]) -> tuple[int, int]:
    """Tokens written to the five-minute and to the one-hour cache."""
    split = _object(payload, "cache_creation")
    write_5m = _count(split, "ephemeral_5m_input_tokens")
    write_1h = _count(split, "ephemeral_1h_input_tokens")
    flat = _count(payload, "cache_creation_input_tokens")
    return write_5m + max(0, flat - write_5m - write_1h), write_1h


def _object(payload: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = payload.get(key)
    return value if isinstance(value, Mapping) else {}


def _count(payload: Mapping[str, Any], key: str) -> int:
    value = payload.get(key)
    if value is None:
        return 0
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        whole = int(value) if value != float("inf") else -1
        if whole == value and whole <= _MOST_TOKENS:
            return whole
    raise _Unreadable(key)


def _word(payload: Mapping[str, Any], key: str) -> str | None:
    value = payload.get(key)
    return value if isinstance(value, str) and value else None
