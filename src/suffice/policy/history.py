"""What a conversation holds that another model may not take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

THINKING_BLOCKS = frozenset({"thinking", "redacted_thinking"})


class History(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is found in ``messages``, in one pass.

    Attributes:
        images: Image blocks, tool results included.
        prefill: The last message is the assistant's, to be continued by the model.
        system_messages: A ``system`` turn stands among the messages.
        thinking: An assistant turn carries thinking blocks.
        open_loop_thinking: A tool loop is open, and its turns carry thinking blocks.
        assistant_documents: A ``document`` block stands directly in an assistant turn.
        user_citations: A user's ``text`` block carries citations.
    """

    images: int = 0
    prefill: bool = False
    system_messages: bool = False
    thinking: bool = False
    open_loop_thinking: bool = False
    assistant_documents: bool = False
    user_citations: bool = False


def read_history(messages: Sequence[Mapping[str, Any]]) -> History:
    """
    What the messages hold; what is malformed is left to the provider to name.

    >>> read_history([{"role": "user", "content": "hi"}, {"role": "assistant", "content": "{"}])
    History(images=0, prefill=True, system_messages=False, thinking=False, ...)
    """
    images = 0
    found = dict.fromkeys(
        ("system_messages", "thinking", "assistant_documents", "user_citations"), False
    )
    for message in messages:
        role = message.get("role")
        found["system_messages"] |= role == "system"
        for block in blocks(message):
            kind = block.get("type")
            found["thinking"] |= kind in THINKING_BLOCKS
            found["assistant_documents"] |= role == "assistant" and kind == "document"
            found["user_citations"] |= role == "user" and _is_cited(block)
            images += _images(block)
    return History(
        images=images,
        prefill=_is_prefill(messages),
        open_loop_thinking=found["thinking"] and _open_loop_thinks(messages),
        **found,
    )


def without_thinking(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """
    The messages without thinking blocks; every other message and block is the same object.

    A turn that was nothing but thinking goes whole: the provider joins its neighbours.
    """
    kept = []
    for message in messages:
        rest = [block for block in blocks(message) if block.get("type") not in THINKING_BLOCKS]
        if len(rest) == len(list(blocks(message))):
            kept.append(message)
        elif rest:
            kept.append({**message, "content": rest})
    return kept


def blocks(message: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The content blocks of a message; none where its content is plain text."""
    content = message.get("content")
    if isinstance(content, list):
        yield from (block for block in content if isinstance(block, Mapping))


def _is_prefill(messages: Sequence[Mapping[str, Any]]) -> bool:
    if not messages or messages[-1].get("role") != "assistant":
        return False
    # A turn that ends in a server tool's block was paused by the provider and is resumed, not
    # put into the model's mouth.
    kind = next((str(block.get("type")) for block in reversed(list(blocks(messages[-1])))), "text")
    return not (kind == "server_tool_use" or kind.endswith("_tool_result"))


def _open_loop_thinks(messages: Sequence[Mapping[str, Any]]) -> bool:
    if not messages or not _has_tool_result(messages[-1]):
        return False
    for message in reversed(messages):
        if message.get("role") == "user" and not _has_tool_result(message):
            return False
        if any(block.get("type") in THINKING_BLOCKS for block in blocks(message)):
            return True
    return False


def _has_tool_result(message: Mapping[str, Any]) -> bool:
    return any(block.get("type") == "tool_result" for block in blocks(message))


def _is_cited(block: Mapping[str, Any]) -> bool:
    if block.get("type") == "search_result":
        return any(bool(inner.get("citations")) for inner in blocks(block))
    return block.get("type") == "text" and bool(block.get("citations"))


def _images(block: Mapping[str, Any]) -> int:
    if block.get("type") == "image":
        return 1
    return sum(inner.get("type") == "image" for inner in blocks(block))
