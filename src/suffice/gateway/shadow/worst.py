"""
What a request may cost at most, before it is sent: so that a sum a day is never overstepped.

A token is at least a byte of the request, an image at most its model's cap, and what cannot be
told by its bytes fills the model's whole context. What the provider may answer in several turns
of its own has no such bound.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from suffice.catalog import Catalog, ModelFacts
from suffice.errors import PriceUnknown
from suffice.gateway.ceiling import ceiling
from suffice.pricing import cost
from suffice.records import Usage

# What a provider puts before a prompt, with and without tools, is some hundred tokens.
_HIDDEN_TOKENS = 2_000
_LONGEST_CONTEXT, _LONGEST_ANSWER, _LARGEST_IMAGE = 1_000_000, 128_000, 5_000
_ASKS_ONCE = frozenset(
    {"model", "max_tokens", "messages", "system", "tools", "tool_choice", "thinking", "metadata"}
    | {"output_config", "output_format", "stop_sequences", "stream", "temperature", "top_p"}
    | {"top_k", "service_tier", "speed", "inference_geo", "cache_control", "diagnostics"}
    | {"context_management"}
)
# Tools the caller runs, whose words in the prompt are the provider's.
_CALLERS_TOOLS = ("bash_", "text_editor_", "memory_", "computer_", "browser_toolset_")
_AS_LONG_AS_ITS_BYTES = frozenset(
    {"text", "tool_use", "tool_result", "thinking", "redacted_thinking", "search_result"}
)


def most_usd(
    params: bytes, model: str, *, at: date | datetime, catalog: Catalog, batched: bool
) -> Decimal | None:
    """
    Dollars an answer may cost at most; None where there is no bound.

    Args:
        params: The request's body as it would be sent.
        model: Who answers it.
        at: The day whose prices hold.
        catalog: The prices; a model without one counts at the dearest known ones.
        batched: Whether it is asked in a batch, at the price of batches.

    Source:
        Provider's documentation: ``max_tokens`` bounds all output, thinking included; a prompt
        beyond the context is refused unbilled; images are shrunk to a cap.

    >>> from suffice.catalog import load_catalog
    >>> said = b'{"model": "claude-haiku-5-5", "max_tokens": 1000, "messages": []}'
    >>> most_usd(said, "claude-haiku-5-5", at=date(2026, 11, 22), catalog=load_catalog(),
    ...     batched=True)
    Decimal('0.000388575')
    >>> endless = b'{"max_tokens": 9, "mcp_servers": [{"url": "https://example.org"}]}'
    >>> most_usd(endless, "claude-haiku-5-5", at=date(2026, 11, 22), catalog=load_catalog(),
    ...     batched=True) is None
    True
    """
    try:
        body = msgspec.json.decode(params)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    if not isinstance(body, dict) or not _asks_once(body):
        return None
    try:
        facts: ModelFacts | None = catalog.find(model)
    except PriceUnknown:
        facts = None
    usage = _longest(body, len(params), facts=facts, batched=batched)
    try:
        return cost(usage, model, at=at, catalog=catalog)
    except PriceUnknown:
        return ceiling(usage, at=at, catalog=catalog)


def _longest(body: dict[str, Any], size: int, *, facts: ModelFacts | None, batched: bool) -> Usage:
    context = (facts and facts.context_tokens) or _LONGEST_CONTEXT
    longest = (facts and facts.max_output_tokens) or _LONGEST_ANSWER
    if batched:
        longest = max(longest, (facts and facts.batch_max_output_tokens) or longest)
    images = _images(body)
    prompt = context
    if images is not None:
        each = facts.image_rule.max_tokens if facts and facts.image_rule else _LARGEST_IMAGE
        prompt = min(context, size + images * each + _HIDDEN_TOKENS)
    told = body.get("max_tokens")
    is_cached = '"cache_control"' in msgspec.json.encode(body).decode()
    return Usage(
        # Writing to the longer cache is the dearest way to have a token in a prompt.
        cache_write_1h_tokens=prompt if is_cached else 0,
        input_tokens=0 if is_cached else prompt,
        output_tokens=told if type(told) is int and told >= 0 else longest,
        service_tier="batch" if batched else None,
        # A workspace may have its own place, which no request says.
        inference_geo="us" if facts is not None and facts.geo_priced else None,
        speed="fast" if body.get("speed") == "fast" and not batched else None,
    )


def _asks_once(body: dict[str, Any]) -> bool:
    """Whether a model is asked once for it, and no other model, server or tool of theirs."""
    if any(value and name not in _ASKS_ONCE for name, value in body.items()):
        return False
    managed = body.get("context_management")
    edits = managed.get("edits", ()) if isinstance(managed, dict) else managed or ()
    if not all(_kind(edit).startswith("clear_") for edit in _items(edits)):
        return False
    return all(
        _kind(tool) in {"", "custom"} or _kind(tool).startswith(_CALLERS_TOOLS)
        for tool in _items(body.get("tools"))
    )


def _images(body: dict[str, Any]) -> int | None:
    """How many images there are; None where something is longer than its bytes may tell."""
    if any(_kind(tool) not in {"", "custom"} for tool in _items(body.get("tools"))):
        return None
    found = 0
    waiting = [body.get("system"), *(_content(message) for message in _items(body.get("messages")))]
    while waiting:
        for block in _items(waiting.pop()):
            kind = _kind(block)
            if kind == "image":
                found += 1
            elif kind not in _AS_LONG_AS_ITS_BYTES:
                return None
            else:
                waiting.append(_content(block))
    return found


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _content(holder: Any) -> Any:
    return holder.get("content") if isinstance(holder, dict) else None


def _kind(holder: Any) -> str:
    kind = holder.get("type") if isinstance(holder, dict) else None
    return kind if isinstance(kind, str) else ""
