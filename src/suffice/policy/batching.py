"""Which requests may be asked in a batch, with another credential than their caller's."""

from __future__ import annotations

import msgspec
from msgspec import UNSET, Raw, UnsetType


class _Params(msgspec.Struct):
    """What decides it; everything else is passed over unread."""

    max_tokens: Raw | UnsetType = UNSET
    speed: Raw | UnsetType = UNSET
    fallbacks: Raw | UnsetType = UNSET
    thread: Raw | UnsetType = UNSET
    context_hint: Raw | UnsetType = UNSET
    container: Raw | UnsetType = UNSET
    mcp_servers: Raw | UnsetType = UNSET


_PARAMS = msgspec.json.Decoder(_Params)
_NOTHING = (b"null", b"[]", b"{}")
_WHY = {
    "speed": "fast mode is not offered in batches",
    "fallbacks": "fallbacks are not offered in batches",
    "thread": "threads are not offered in batches",
    "context_hint": "context_hint is not offered in batches",
    "container": "its container is the caller's",
    "mcp_servers": "its MCP servers are asked with the caller's credentials",
}


def why_not_batched(params: bytes) -> str:
    """
    Why a request cannot wait for a batch of our own; empty where it can.

    A batch refuses some fields, and another key sees neither the caller's files nor its
    containers; nor may a credential within the request be handed on for a day.

    Args:
        params: The request's body as it would be sent, without streaming.

    Source:
        Provider's documentation of Message Batches.

    >>> why_not_batched(b'{"max_tokens": 9, "messages": []}')
    ''
    >>> why_not_batched(b'{"max_tokens": 9, "speed": "fast"}')
    'fast mode is not offered in batches'
    """
    try:
        read = _PARAMS.decode(params)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return "it cannot be read"
    for field, why in _WHY.items():
        value = getattr(read, field)
        if value is not UNSET and bytes(value) not in _NOTHING:
            return why
    if read.max_tokens is not UNSET and bytes(read.max_tokens) == b"0":
        return "max_tokens: 0 is not offered in batches"
    if b'"file_id"' in params:
        return "its files are the caller's"
    return ""
