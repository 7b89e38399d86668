"""An answer as server-sent events, in the provider's order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

_PIECE = 16
# message_delta repeats only these; the rest of the usage stands in message_start.
_CUMULATIVE = (
    "input_tokens",
    "cache_creation_input_tokens",
    "cache_read_input_tokens",
    "output_tokens",
    "output_tokens_details",
    "server_tool_use",
)


def events(message: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """
    Every event of a streamed message, by name and payload.

    Usage is cumulative: an estimate in ``message_start``, the last word in ``message_delta``.
    """
    usage = {**message["usage"], "output_tokens": 1, "output_tokens_details": None}
    opening = {**message, "content": [], "stop_reason": None, "stop_sequence": None}
    yield "message_start", {"message": {**opening, "stop_details": None, "usage": usage}}
    yield "ping", {}
    for index, block in enumerate(message["content"]):
        start, deltas = _block(block)
        yield "content_block_start", {"index": index, "content_block": start}
        for delta in deltas:
            yield "content_block_delta", {"index": index, "delta": delta}
        yield "content_block_stop", {"index": index}
    last = {key: value for key, value in message["usage"].items() if key in _CUMULATIVE}
    why = {key: message.get(key) for key in ("stop_reason", "stop_sequence", "stop_details")}
    yield "message_delta", {"delta": why, "usage": last}
    yield "message_stop", {}


def frame(name: str, payload: Mapping[str, Any]) -> bytes:
    r"""
    One event on the wire.

    >>> frame("ping", {})
    b'event: ping\ndata: {"type":"ping"}\n\n'
    """
    data = msgspec.json.encode({"type": name, **payload})
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"


def _block(block: Mapping[str, Any]) -> tuple[dict[str, Any], Iterator[dict[str, Any]]]:
    match block["type"]:
        case "text":
            deltas = _pieces("text_delta", "text", block["text"])
            return {"type": "text", "text": ""}, deltas
        case "thinking":
            return {"type": "thinking", "thinking": "", "signature": ""}, _thinking(block)
        case _:
            whole = msgspec.json.encode(block["input"]).decode()
            deltas = _pieces("input_json_delta", "partial_json", whole)
            return {**block, "input": {}}, deltas


def _thinking(block: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from _pieces("thinking_delta", "thinking", block["thinking"])
    yield {"type": "signature_delta", "signature": block["signature"]}


def _pieces(kind: str, field: str, whole: str) -> Iterator[dict[str, Any]]:
    for start in range(0, len(whole), _PIECE):
        yield {"type": kind, field: whole[start : start + _PIECE]}
