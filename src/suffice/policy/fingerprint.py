"""What a request's shape is called: the hash of its system prompt and its tools."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec

# A client's own note on who pays; it stands first in the system prompt and differs by call.
_CLIENTS_OWN_NOTE = "x-anthropic-billing-header:"
_NOT_PART_OF_IT = "cache_control"


def fingerprint(request: Mapping[str, Any]) -> str:
    """
    The SHA-256 of a request's system prompt and tool set, in hex.

    The same for a prompt given as text or as blocks, with or without cache markers, and for
    tools in any order of their keys: what a log or a client rewrites does not change it.

    >>> plain = {"system": "Sort the ticket.", "messages": []}
    >>> blocks = {"system": [{"type": "text", "text": "Sort the ticket."}], "tools": []}
    >>> fingerprint(plain) == fingerprint(blocks)
    True
    >>> fingerprint(plain) == fingerprint({"system": "Sort the tickets."})
    False
    """
    shape = [_system(request.get("system")), _tools(request.get("tools"))]
    return hashlib.sha256(msgspec.json.encode(shape, order="deterministic")).hexdigest()


def _system(system: Any) -> list[Any]:
    if not isinstance(system, list):
        return [] if system is None else [system]
    return [
        block["text"] if block.get("type") == "text" and "text" in block else _unmarked(block)
        for block in system
        if isinstance(block, Mapping) and not _is_note(block)
    ]


def _tools(tools: Any) -> list[Any]:
    return [_unmarked(tool) for tool in tools] if isinstance(tools, list) else []


def _is_note(block: Mapping[str, Any]) -> bool:
    text = block.get("text")
    return isinstance(text, str) and text.startswith(_CLIENTS_OWN_NOTE)


def _unmarked(part: Any) -> Any:
    if not isinstance(part, Mapping):
        return part
    return {key: value for key, value in part.items() if key != _NOT_PART_OF_IT}
