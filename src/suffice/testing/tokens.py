"""How the strict fake counts tokens: a stand-in for the tokenizers, the same every time."""

from __future__ import annotations

import base64
import binascii
import math
import struct
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from suffice.catalog.capabilities import Capabilities

# Four characters to a token of the old tokenizer, and 30 % more tokens with the new one. Real
# counts vary with the text; only the ratio between the two is true to life.
CHARACTERS_PER_TOKEN = 4.0
NEW_TOKENIZER_RATIO = 1.3
_PATCH_PX = 28
_PNG = b"\x89PNG\r\n\x1a\n"
_FRAME_TOKENS = 3


class Segment(msgspec.Struct, frozen=True):
    """
    A part of the prompt the cache can end at.

    Attributes:
        content: What makes it this segment, as bytes.
        tokens: Its size.
        ttl: ``5m`` or ``1h`` where it carries a cache marker; empty where not.
    """

    content: bytes
    tokens: int
    ttl: str = ""


def text_tokens(text: str, accepts: Capabilities) -> int:
    """
    Tokens of a text, as the fake counts them.

    >>> from suffice.catalog.capabilities import capabilities
    >>> text = "four" * 100
    >>> [text_tokens(text, capabilities(f"claude-haiku-{v}")) for v in ("4-5", "5-5")]
    [100, 130]
    """
    ratio = NEW_TOKENIZER_RATIO if accepts.tokenizer == "new" else 1.0
    return math.ceil(round(len(text) / CHARACTERS_PER_TOKEN * ratio, 6))


def prompt_tokens(body: Mapping[str, Any], accepts: Capabilities) -> int:
    """Tokens of a whole prompt: what ``count_tokens`` answers and the first usage begins with."""
    return sum(segment.tokens for segment in segments(body, accepts)) + overhead(body, accepts)


def overhead(body: Mapping[str, Any], accepts: Capabilities) -> int:
    """Prompt tokens the provider adds by itself once tools are given."""
    if not body.get("tools"):
        return 0
    choice = body.get("tool_choice") or {}
    return accepts.tool_prompt_tokens[choice.get("type") in {"any", "tool"}]


def segments(body: Mapping[str, Any], accepts: Capabilities) -> Iterator[Segment]:
    """The prompt in the cache's order: tools, system, messages."""
    for tool in body.get("tools") or ():
        yield _segment("tool", tool, accepts)
    yield from _content("system", body.get("system"), accepts)
    for message in body.get("messages") or ():
        yield from _content(message["role"], message["content"], accepts)


def _content(role: str, content: Any, accepts: Capabilities) -> Iterator[Segment]:
    if isinstance(content, str):
        yield _segment(role, {"type": "text", "text": content}, accepts)
    else:
        for block in content or ():
            yield _segment(role, block, accepts)


def _segment(role: str, block: Mapping[str, Any], accepts: Capabilities) -> Segment:
    marker = block.get("cache_control")
    rest = {key: value for key, value in block.items() if key != "cache_control"}
    return Segment(
        content=role.encode() + b"\0" + msgspec.json.encode(rest, order="deterministic"),
        tokens=_FRAME_TOKENS + block_tokens(block, accepts),
        ttl=(marker.get("ttl") or "5m") if marker else "",
    )


def block_tokens(block: Mapping[str, Any], accepts: Capabilities) -> int:
    """Tokens of one content block or tool."""
    match block.get("type"):
        case "text":
            return text_tokens(block["text"], accepts)
        case "image":
            return _image_tokens(block, accepts)
        case "thinking" | "redacted_thinking":
            return 0
        case "tool_result" if isinstance(block.get("content"), list):
            return sum(block_tokens(inner, accepts) for inner in block["content"])
        case _:
            rest = {key: value for key, value in block.items() if key != "cache_control"}
            return text_tokens(msgspec.json.encode(rest).decode(), accepts)


def _image_tokens(block: Mapping[str, Any], accepts: Capabilities) -> int:
    most, edge = accepts.image_tokens or 1_568, accepts.image_edge_px or 1_568
    size = _png_size(block.get("source") or {})
    if size is None:
        # Only PNG headers are read; any other image counts as the largest.
        return most
    shrink = min(1.0, edge / max(size))
    width, height = (math.ceil(side * shrink / _PATCH_PX) for side in size)
    return min(most, width * height)


def _png_size(source: Mapping[str, Any]) -> tuple[int, int] | None:
    try:
        head = base64.b64decode(str(source.get("data", ""))[:64])
    except binascii.Error:
        return None
    if not head.startswith(_PNG) or len(head) < len(_PNG) + 16:
        return None
    width, height = struct.unpack(">II", head[16:24])
    return (width, height) if width and height else None
