"""
What a request may cost at most, before it is sent: so that a sum a day is never overstepped.

A token is at least a byte of the request, an image at most its model's cap, and what cannot be
told by its bytes fills the model's whole context. What the provider may answer in several turns
of its own has no such bound.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import msgspec
from msgspec import UNSET, Raw, UnsetType

from suffice.catalog import Catalog, ModelFacts
from suffice.errors import PriceUnknown
from suffice.gateway.ceiling import ceiling
from suffice.pricing import cost
from suffice.records import Usage

# What a provider puts before a prompt, with and without tools, is some hundred tokens.
_HIDDEN_TOKENS = 2_000
_LONGEST_CONTEXT, _LONGEST_ANSWER, _LARGEST_IMAGE = 1_000_000, 128_000, 5_000
_MOST_DIGITS = 9
_ASKS_ONCE = frozenset(
    {"model", "max_tokens", "messages", "system", "tools", "tool_choice", "thinking", "metadata"}
    | {"output_config", "output_format", "stop_sequences", "stream", "temperature", "top_p"}
    | {"top_k", "service_tier", "speed", "inference_geo", "cache_control", "diagnostics"}
    | {"context_management"}
)
# Tools the caller runs, whose words in the prompt are the provider's.
_CALLERS_TOOLS = ("bash_", "text_editor_", "memory_", "computer_", "browser_toolset_")
_CUSTOM, _NOTHING = frozenset({None, "", "custom"}), frozenset({b"null", b"[]", b"{}", b"false"})
# A tool's result within a message, and what stands in there.
_DEEPEST = 3
_AS_LONG_AS_ITS_BYTES = frozenset(
    {"text", "image", "tool_use", "tool_result", "thinking", "redacted_thinking", "search_result"}
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
        body = _BODY.decode(params)
        if not _asks_once(body):
            return None
        usage = _longest(body, params, facts=_known(model, catalog), batched=batched)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None
    try:
        return cost(usage, model, at=at, catalog=catalog)
    except PriceUnknown:
        return ceiling(usage, at=at, catalog=catalog)


def _known(model: str, catalog: Catalog) -> ModelFacts | None:
    try:
        return catalog.find(model)
    except PriceUnknown:
        return None


def _longest(body: _Body, params: bytes, *, facts: ModelFacts | None, batched: bool) -> Usage:
    prompt = context = (facts and facts.context_tokens) or _LONGEST_CONTEXT
    images = _images(body)
    if images is not None:
        each = facts.image_rule.max_tokens if facts and facts.image_rule else _LARGEST_IMAGE
        prompt = min(context, len(params) + images * each + _HIDDEN_TOKENS)
    is_fast = msgspec.json.decode(body.get("speed", b"null")) == "fast"
    # A name may be written in escapes as well; most of those are some letter of a text.
    is_cached = b"cache_control" in params or b"\\u00" in params
    return Usage(
        # Writing to the longer cache is the dearest way to have a token in a prompt.
        cache_write_1h_tokens=prompt if is_cached else 0,
        input_tokens=0 if is_cached else prompt,
        output_tokens=_longest_answer(body, facts, batched=batched),
        service_tier="batch" if batched else None,
        # A workspace may have its own place, which no request says.
        inference_geo="us" if facts is not None and facts.geo_priced else None,
        speed="fast" if is_fast and not batched else None,
    )


def _longest_answer(body: _Body, facts: ModelFacts | None, *, batched: bool) -> int:
    told = bytes(body.get("max_tokens", b""))
    if told.isdigit() and len(told) <= _MOST_DIGITS:
        return int(told)
    longest = (facts and facts.max_output_tokens) or _LONGEST_ANSWER
    in_batches = (facts and facts.batch_max_output_tokens) or longest
    return max(longest, in_batches) if batched else longest


def _asks_once(body: _Body) -> bool:
    """Whether a model is asked once for it, and no other model, server or tool of theirs."""
    if any(name not in _ASKS_ONCE and bytes(raw) not in _NOTHING for name, raw in body.items()):
        return False
    edits = _MANAGED.decode(body.get("context_management", b"null"))
    if edits is not None and not all(
        (edit.type or "").startswith("clear_") for edit in edits.edits
    ):
        return False
    return all(kind in _CUSTOM or (kind or "").startswith(_CALLERS_TOOLS) for kind in _tools(body))


def _tools(body: _Body) -> list[str | None]:
    return [tool.type for tool in _TOOLS.decode(body.get("tools", b"null")) or ()]


def _images(body: _Body) -> int | None:
    """How many images there are; None where something is longer than its bytes may tell."""
    if not _CUSTOM.issuperset(_tools(body)):
        return None
    held = [body.get("system"), *(each.content for each in _blocks(body.get("messages")))]
    found = 0
    for _ in range(_DEEPEST):
        blocks = [block for raw in held for block in _blocks(raw)]
        if not all(block.type in _AS_LONG_AS_ITS_BYTES for block in blocks):
            return None
        found += sum(block.type == "image" for block in blocks)
        held = [block.content for block in blocks if block.type != "image"]
    return None if any(_blocks(raw) for raw in held) else found


def _blocks(content: Raw | UnsetType | None) -> list[_Block]:
    """What a list holds; a text, or nothing, holds none."""
    if content is None or content is UNSET or bytes(content)[:1] != b"[":
        return []
    return _BLOCKS.decode(content)


class _Block(msgspec.Struct, gc=False):
    """A message or a block, as far as its size cannot be told by its bytes."""

    type: str | None = None
    content: Raw | UnsetType = UNSET


class _Managed(msgspec.Struct):
    edits: list[_Block] = []


_Body = dict[str, Raw]
_BODY = msgspec.json.Decoder(_Body)
_MANAGED = msgspec.json.Decoder(_Managed | None)
_TOOLS = msgspec.json.Decoder(list[_Block] | None)
_BLOCKS = msgspec.json.Decoder(list[_Block])
